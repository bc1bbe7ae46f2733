//! `mizan doctor`: what is wrong with an installation, what that means, and what helps. It reads the settings that services read, looks,
//! and changes nothing.
mod books;
mod database;
mod files;
mod report;
mod servers;
mod service;
mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use boot::{Clock, StartError};
use clap::Args;
use futures::future::{BoxFuture, join_all};

use super::officer::pair;
use super::{end_with, say};
use report::{Finding, Report};
use settings::Settings;

/// What has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Says what is wrong with an installation and what helps. It reads the settings of services from the environment and changes nothing.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where a service answers for its health, when that is not the health address of its settings: payments=http://10.0.0.7:7303.
    #[arg(long = "health", value_parser = pair)]
    healths: Vec<(String, String)>,
    /// Where `payments` answers: open cases are asked for there.
    #[arg(long, env = "MIZAN_PAYMENTS_URL", default_value = "http://127.0.0.1:7103")]
    payments_url: String,
    /// One JSON document on standard output.
    #[arg(long)]
    json: bool,
}

/// A look at one thing.
struct Check {
    /// The service or server.
    of: String,
    /// What is looked at.
    what: &'static str,
    look: BoxFuture<'static, Vec<Finding>>,
}

impl Check {
    fn new(
        of: impl Into<String>,
        what: &'static str,
        look: impl Future<Output = Vec<Finding>> + Send + 'static,
    ) -> Check {
        Check { of: of.into(), what, look: Box::pin(look) }
    }

    async fn run(self) -> Vec<(String, &'static str, Finding)> {
        let Check { of, what, look } = self;
        let slow = || {
            let said = format!("no answer in {} s", PATIENCE.as_secs());
            vec![Finding::wrong(said, "look whether it runs, and whether this machine reaches it")]
        };
        let clock = Clock::system();
        let found = tokio::select! {
            found = look => found,
            () = clock.sleep(PATIENCE) => slow(),
        };
        found.into_iter().map(|finding| (of.clone(), what, finding)).collect()
    }
}

/// Looks at everything at once, and says what it saw. `tls_dir` holds the certificates between services, if there are any.
pub async fn run(doctor: Doctor, tls_dir: Option<PathBuf>) -> ExitCode {
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(error) => {
            let what = error.to_string();
            return end_with(&StartError::setting("the environment", what, "correct that setting"));
        }
    };
    let certificates = tls_dir.map(files::certificates);
    let all = certificates.into_iter().chain(checks(&doctor, &settings));
    let found = join_all(all.map(Check::run)).await;
    let report = Report::of(found.into_iter().flatten().collect());
    say(if doctor.json { report.json() } else { report.to_string() });
    if report.fails() { ExitCode::from(NEEDED) } else { ExitCode::SUCCESS }
}

/// Something needed does not answer or is not as it must be.
const NEEDED: u8 = 69;

/// Every check, in the order of the report.
fn checks(doctor: &Doctor, settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    for service in settings.services() {
        let told = doctor.healths.iter().find(|(name, _)| name == service).map(|(_, url)| url.clone());
        if let Some(url) = told.or_else(|| settings.health_url(service)) {
            checks.push(service::health(service, url));
        }
        if let Some((setting, url)) = settings.get(service, "DATABASE_URL") {
            checks.extend(database::checks(service, setting, url));
        }
        if let Some((setting, path)) = settings.get(service, "MASTER_KEY_FILE") {
            checks.push(files::master_key(service, setting, path.into()));
        }
    }
    // The same server is asked once, whoever names it.
    for ((kind, url), named_by) in named(settings) {
        checks.push(match kind {
            Kind::Nats => servers::nats(url, named_by),
            Kind::Redis => servers::redis(url, named_by),
            Kind::Grpc => service::grpc(url, named_by),
        });
    }
    if settings.services().any(|service| service == "payments") {
        checks.push(books::cases(doctor.payments_url.clone()));
    }
    checks
}

/// What a setting points at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Nats,
    Redis,
    Grpc,
}

/// Servers and services that settings point at, with the settings that name them.
fn named(settings: &Settings) -> BTreeMap<(Kind, String), String> {
    let mut named: BTreeMap<(Kind, String), Vec<String>> = BTreeMap::new();
    for service in settings.services() {
        for (setting, url) in settings.of(service) {
            let kind = match setting.rsplit_once(&format!("{}_", settings::prefix(service))) {
                Some((_, "NATS_URL")) => Kind::Nats,
                Some((_, "REDIS_URL")) => Kind::Redis,
                Some((_, name)) if settings::is_grpc(name) => Kind::Grpc,
                Some(_) | None => continue,
            };
            named.entry((kind, url)).or_default().push(setting);
        }
    }
    named.into_iter().map(|(at, settings)| (at, settings.join(", "))).collect()
}
