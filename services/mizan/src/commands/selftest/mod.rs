//! `mizan selftest`: one bill of an agency that is none, paid from end to end with the simulated wallet. For the first look after an
//! install, and for `helm test`.
mod agency;
mod bill;
mod books;
mod ways;

use std::process::ExitCode;
use std::time::Duration;

use boot::{Clock, Ids, StartError};
use clap::Args;

use super::{end_with, say};
use ways::{Place, Ways};

/// The agency that is none: its bills are paid by the simulated wallet, and no money moves. A reference of its bills just fits the
/// wallet's QR code.
const AGENCY: &str = "SELFTST";
const SERVICE: &str = "SELF-TEST";
/// What its one service costs.
const FEE_FILS: i64 = 1_000;
/// A payer who approves at once has paid well within this.
const PAID_WITHIN: Duration = Duration::from_mins(1);

/// Pays a bill of a self-test agency with the simulated wallet and checks its receipt and its postings.
#[derive(Debug, Args)]
pub struct Selftest {
    /// Where `catalogue` answers.
    #[arg(long, env = "MIZAN_CATALOGUE_URL", default_value = "http://127.0.0.1:7101")]
    catalogue_url: String,
    /// Where `identity` answers.
    #[arg(long, env = "MIZAN_IDENTITY_URL", default_value = "http://127.0.0.1:7107")]
    identity_url: String,
    /// Where `payments` answers.
    #[arg(long, env = "MIZAN_PAYMENTS_URL", default_value = "http://127.0.0.1:7103")]
    payments_url: String,
    /// Where the public API answers.
    #[arg(long, env = "MIZAN_GATEWAY_URL", default_value = "http://127.0.0.1:8080")]
    gateway_url: String,
    /// Where the simulated wallet answers. Unset, nothing is tried: a real wallet's payer cannot be simulated.
    #[arg(long, env = "MIZAN_SANDBOX_URL")]
    sandbox_url: Option<String>,
    /// A service that does not answer yet is asked again for so many seconds: after an install, some still start.
    #[arg(long, default_value_t = 60)]
    wait_s: u64,
}

/// Runs the test; each step is one line.
pub async fn run(selftest: Selftest) -> ExitCode {
    match paid(selftest).await {
        Ok(line) => {
            say(line);
            ExitCode::SUCCESS
        }
        Err(error) => end_with(&error),
    }
}

async fn paid(selftest: Selftest) -> Result<String, StartError> {
    let clock = Clock::system();
    let sandbox = selftest.sandbox_url.ok_or_else(|| {
        StartError::setting(
            "MIZAN_SANDBOX_URL",
            "is unset, and only the simulated wallet's payer can be simulated",
            "set it to http://host:port of `mizan sandbox`; where the wallet is real there is no self-test",
        )
    })?;
    let ways = Ways::new(
        clock.clone(),
        Duration::from_secs(selftest.wait_s),
        [
            Place::new("catalogue", "MIZAN_CATALOGUE_URL", &selftest.catalogue_url),
            Place::new("identity", "MIZAN_IDENTITY_URL", &selftest.identity_url),
            Place::new("payments", "MIZAN_PAYMENTS_URL", &selftest.payments_url),
            Place::new("gateway", "MIZAN_GATEWAY_URL", &selftest.gateway_url),
            Place::new("sandbox", "MIZAN_SANDBOX_URL", &sandbox),
        ],
    )?;
    let mut steps = Steps { last: clock.monotonic(), clock };
    agency::exists(&ways).await?;
    steps.done(format_args!("the agency {AGENCY} charges for {SERVICE}"));
    agency::takes_wallets(&ways).await?;
    steps.done("two persons opened it for wallets");
    let key = agency::key(&ways).await?;
    steps.done("an API client has a key of one day");

    let result = pay(&ways, &key.text, &mut steps).await;
    // Also after a failure; a key that stays ends within a day.
    let revoked = agency::revoke(&ways, &key).await;
    let receipt = result?;
    revoked?;
    steps.done("its key is revoked");
    let took = steps.clock.monotonic().as_secs_f64();
    Ok(format!("selftest: paid 1.000 BHD in {took:.1} s, receipt {receipt}"))
}

/// From the bill to its postings; gives the receipt's number.
async fn pay(ways: &Ways, key: &str, steps: &mut Steps) -> Result<String, StartError> {
    // Its own in every run: two at once do not meet.
    let reference = format!("ST-{}", Ids::random().uuid(ways.clock.now()).simple());
    let bill = bill::issue(ways, key, &reference).await?;
    steps.done(format_args!("bill {bill} is issued"));
    let (payment, page) = bill::start(ways, key, &bill).await?;
    steps.done(format_args!("payment {payment} waits for its payer"));
    bill::approve(ways, &page).await?;
    steps.done("the payer approved it in the wallet");
    let receipt = bill::receipt(ways, key, &payment).await?;
    steps.done(format_args!("it is captured, receipt {receipt}"));
    let moved = books::posted(ways, &payment, &receipt).await?;
    steps.done(format_args!("the books have it: {moved}"));
    Ok(receipt)
}

/// One line a step, with the time it took.
struct Steps {
    clock: Clock,
    last: Duration,
}

impl Steps {
    fn done(&mut self, what: impl std::fmt::Display) {
        let now = self.clock.monotonic();
        let took = now.saturating_sub(self.last).as_secs_f64();
        self.last = now;
        say(format_args!("  ok {took:>6.2} s  {what}"));
    }
}

/// The platform does not do what it should: not a setting, and nothing that is away.
fn broken(what: impl std::fmt::Display) -> StartError {
    StartError::bug(what.to_string())
}
