//! Which channels services take: decided by two persons, enforced where money would be taken.
use std::time::{Duration, Instant};

use anyhow::Context as _;
use boot::Clock;
use serde_json::json;

use super::acts::Taking;
use super::desk::{CLERK, Desk, OFFICER, dinars, first_word};
use super::kiosks::paid;
use super::{Bill, Demo};
use crate::api::{Body, fils};
use crate::report::Report;
use crate::stack::{Layout, mizan};

/// What the sample files bill: by the sample data no cash is taken for any of it.
const AT_KIOSKS: [(&str, &str); 4] =
    [("TRF", "FINE"), ("JUS", "COPY"), ("MUN", "RENT-FEE"), ("HLT", "LIC-DOC")];
const WITH_KIOSKS: &str = "portal,wallet,card,transfer,pos,kiosk_cash";
/// No cash at all, since before this demo.
const CLOSED: (&str, &str) = ("TRF", "VEH-REN");
const KIOSK: &str = "KSK-0001";
/// Payments asks the catalogue every two seconds.
const KNOWN_WITHIN: Duration = Duration::from_secs(15);

fn today() -> String {
    boot::bahrain_date(Clock::system().now()).to_string()
}

/// The programme office lets kiosks go on taking cash for some services: one person proposes, another announces.
///
/// # Errors
/// A command fails.
pub fn open_kiosks(layout: &Layout, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Which channels services take");
    let standing = mizan(layout, &["policy", "report"])?;
    // `mizan selftest` may have been here.
    let services = standing.lines().filter(|line| !line.contains("SELFTST"));
    report.equal("the report has all 34 services", &34, &services.count());
    let mut alone = Vec::new();
    for (agency, service) in AT_KIOSKS {
        let what = ["policy", "propose", "--agency", agency, "--service", service, "--channels", WITH_KIOSKS];
        let why = ["--reason", "the cabinet keeps kiosks open for it", "--actor", CLERK];
        let proposed = mizan(layout, &[&what[..], &["--from", &today()], &why[..]].concat())?;
        let policy = first_word(&proposed);
        let announce = |who| mizan(layout, &["policy", "announce", "--policy", &policy, "--actor", who]);
        if announce(CLERK).is_ok() {
            alone.push(service.to_owned());
        }
        announce(OFFICER)?;
    }
    report.nothing_wrong("nobody announces his own policy", &alone);
    let standing = mizan(layout, &["policy", "report"])?;
    let at_kiosks = |(agency, service): &(&str, &str)| {
        let wanted = format!("{agency} {service} in_force, cash kiosk_only");
        standing.lines().any(|line| line.starts_with(&wanted))
    };
    let open = AT_KIOSKS.iter().filter(|of| at_kiosks(of)).count();
    report.equal("kiosks take cash for four services, announced by two persons", &AT_KIOSKS.len(), &open);
    Ok(())
}

/// Cash for a service that takes none: refused at the counter and at a kiosk, until an exception allows it.
///
/// # Errors
/// The platform is out of reach.
pub async fn closed(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Cash where policy has ended it");
    let bill = issue(demo).await?;
    let amount = dinars(bill.total_fils);
    let how = ["payment", "record", "--channel", "counter_cash", "--provider", "counter-trf-1"];
    let what = ["--provider-reference", "TILL-1", "--bill", &bill.bill_reference, "--amount", &amount];
    let cash = [&how[..], &what[..], &["--actor", CLERK]].concat();
    report.equal("a counter is refused", &"channel_closed".to_owned(), &desk.refusal(&cash));
    let refused = demo.kiosk_refuses(&bill).await;
    report.equal("a kiosk is refused, and told what is open", &true, &refused.contains("\\\"wallet\\\""));
    for (language, words) in
        [("en", "Cash at a kiosk: not taken since"), ("ar", "نقدًا في جهاز الخدمة الذاتية: غير مقبول منذ")]
    {
        let page = demo.page(language, &bill.bill_reference).await?;
        report.equal(&format!("the bill's page says so ({language})"), &true, &page.contains(words));
    }
    let (agency, service) = CLOSED;
    let ask = ["channel-exception", "request", "--agency", agency, "--service", service];
    let when = today();
    let until = ["--channel", "counter_cash", "--from", &when, "--until", &when, "--most", &amount];
    let why = ["--reason", "the wallets are being moved", "--actor", CLERK];
    let exception = desk.id(&[&ask[..], &until[..], &why[..]].concat())?;
    let approve = |who| ["channel-exception", "approve", "--exception", &exception, "--actor", who];
    let alone = desk.refusal(&approve(CLERK));
    report.equal(
        "an exception needs a second person",
        &"channel_exception_needs_second_person".to_owned(),
        &alone,
    );
    desk.mizan(&approve(OFFICER))?;
    taken_when_known(desk, &cash).await?;
    demo.acts.takings.push(Taking {
        agency: bill.agency.clone(),
        channel: "counter_cash",
        fils: bill.total_fils,
    });
    paid(demo, &bill).await?;
    let standing = desk.mizan(&["policy", "report"])?;
    let used = standing.lines().find(|line| line.starts_with(&format!("{agency} {service} ")));
    let wanted = format!("exception for counter_cash until {when}: 1 payments, {amount}");
    report.equal("and the report counts its use", &true, &used.unwrap_or_default().ends_with(&wanted));
    Ok(())
}

/// A bill of the service, by the agency's key.
async fn issue(demo: &Demo) -> anyhow::Result<Bill> {
    let (agency, service) = CLOSED;
    let api = demo.apis.get(agency).context("a key of the agency")?;
    let due = boot::bahrain_date(Clock::system().now() + Duration::from_hours(240)).to_string();
    let body = json!({
        "service": service,
        "reference": "VR-1",
        "payer": { "name": "Sara Ali", "cpr": "880101234" },
        "inputs": { "category": "private" },
        "due_date": due,
    });
    let issued = api.post("/v1/invoices", "vehicle", &Body::Json(body)).await?.success()?;
    let bill_reference = issued["bill_reference"].as_str().context("a bill reference")?.to_owned();
    Ok(Bill { agency: agency.to_owned(), bill_reference, total_fils: fils(&issued["total"])? })
}

/// The clerk tries again until payments has heard of the exception.
async fn taken_when_known(desk: &Desk, cash: &[&str]) -> anyhow::Result<()> {
    let begun = Instant::now();
    while desk.refusal(cash) == "channel_closed" {
        anyhow::ensure!(begun.elapsed() < KNOWN_WITHIN, "payments does not hear of the exception");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    desk.mizan(cash).map(drop)
}

impl Demo {
    /// What a kiosk is told of a bill that it may not take cash for.
    async fn kiosk_refuses(&self, bill: &Bill) -> String {
        let body =
            json!({ "bill_reference": bill.bill_reference, "notes_fils": [20_000], "power_cut": null });
        match self.world.post(&format!("/control/kiosks/{KIOSK}/pay"), &body).await {
            Ok(done) => format!("done: {done}"),
            Err(error) => format!("{error:#}"),
        }
    }
}
