//! What is planned for later, and what two nights make of it: days close, files and drafts are issued, a bill ends.
use std::time::Duration;

use anyhow::Context as _;
use boot::{Clock, bahrain_date, bahrain_midnight};
use proto::payments::v1::ReceivableState;
use serde_json::{Value, json};

use super::Demo;
use super::desk::{Desk, OFFICER, day};
use super::messages::eventually;
use super::uploads::send;
use crate::api::{Api, Body};
use crate::report::Report;
use crate::stack::Stack;

const LATER: &str = "reference,service,name,cpr,phone,email,language,units,due_date,note\n\
    L-1,GUIDE,Sara Ali,880101234,,,,5,DUE,\n\
    L-2,GUIDE,راشد حسن,900202345,,,,20,DUE,\n";
/// After the second midnight: the day is closed ten seconds after its end.
const AFTER_MIDNIGHT: Duration = Duration::from_mins(1);

/// What an agency has planned.
#[derive(Debug)]
pub struct Plans {
    agency: &'static str,
    api: Api,
    /// A confirmed file that waits for tomorrow.
    upload_id: String,
    /// An approved draft that waits for tomorrow.
    draft_id: String,
    /// A bill that nobody pays; it ends tomorrow at midnight.
    bill: String,
}

/// A file for tomorrow, a draft for tomorrow, a bill with a last day, and a bill that is taken back with its file.
///
/// # Errors
/// The platform is out of reach.
pub async fn plan(
    (agency, service): (&'static str, &str),
    api: &Api,
    desk: &Desk,
    report: &mut Report,
) -> anyhow::Result<Plans> {
    let later = send(api, "later.csv", LATER.replace("DUE", &day(10)).into_bytes(), "later").await?;
    let upload_id = later["upload_id"].as_str().context("an upload_id")?.to_owned();
    let confirm =
        json!({ "confirmed_count": 2, "confirmed_total": later["valid_total"], "issue_on": day(1) });
    let path = format!("/v1/uploads/{upload_id}/issue");
    let confirmed = api.post(&path, "later-issue", &Body::Json(confirm)).await?.success()?;
    report.equal("a confirmed file waits for its day", &json!("scheduled"), &confirmed["state"]);

    let invoice = |reference: &str, due: &str| {
        json!({
            "service": service,
            "reference": reference,
            "payer": { "name": "Sara Ali", "cpr": "880101234" },
            "inputs": { "units": "4" },
            "due_date": due,
        })
    };
    let draft = json!({ "invoice": invoice("D-1", "30 days"), "issue_on": day(1) });
    let drafted = api.post("/v1/invoice-drafts", "draft", &Body::Json(draft)).await?.success()?;
    let draft_id = drafted["draft_id"].as_str().context("a draft_id")?.to_owned();
    let approve = ["invoice-draft", "approve", "--agency", agency, "--draft", &draft_id, "--actor", OFFICER];
    let approved = desk.mizan(&approve)?;
    report.equal("a draft waits for its day, approved", &true, &approved.contains(" approved "));

    let ending = api.post("/v1/invoices", "ending", &Body::Json(invoice("E-1", &day(0)))).await?.success()?;
    report.equal("a bill says until when it can be paid", &json!(day(1)), &ending["payable_until"]);
    let bill = ending["bill_reference"].as_str().context("a bill reference")?.to_owned();
    Ok(Plans { agency, api: api.clone(), upload_id, draft_id, bill })
}

/// The platform starts again with its clock after the second midnight from now.
///
/// # Errors
/// It does not start, or is out of reach.
pub async fn pass(demo: &Demo, mut stack: Stack, desk: &Desk, report: &mut Report) -> anyhow::Result<Stack> {
    report.chapter("Two nights later: the platform with its clock ahead");
    let now = Clock::system().now();
    let (today, then) = (bahrain_date(now), bahrain_date(now + Duration::from_hours(48)));
    let ahead = bahrain_midnight(then) - now + AFTER_MIDNIGHT;
    stack.layout.set("MIZAN_CLOCK_AHEAD_S", ahead.whole_seconds().to_string());
    report.done("every service starts again", stack.restart().await);
    closed(desk, &today.to_string(), report).await?;
    let plans = demo.plans.as_ref().context("plans")?;
    let issued = eventually(async || {
        let upload = plans.api.get(&format!("/v1/uploads/{}", plans.upload_id)).await?.success()?;
        anyhow::ensure!(upload["state"] == "issued", "{upload}");
        Ok(upload["issued"].clone())
    });
    report.equal("the file is issued on its day", &json!(2), &issued.await?);
    let list = ["invoice-draft", "list", "--agency", plans.agency, "--actor", OFFICER];
    let drafts = desk.until(&list, ", 1 issued").await?;
    report.equal("so is the draft", &true, &drafts.contains(&format!("{} issued", plans.draft_id)));
    ended(demo, desk, plans, report).await?;
    report.done("the books hold", desk.mizan(&["ledger", "verify"]));
    Ok(stack)
}

/// The day says what every account stood at when it ended: what the ledger says of that moment.
async fn closed(desk: &Desk, today: &str, report: &mut Report) -> anyhow::Result<()> {
    let day: Value = eventually(async || {
        Ok(serde_json::from_str(&desk.mizan(&["ledger", "day", "--date", today, "--json"])?)?)
    })
    .await?;
    let stood = |account: &str| {
        let balances = day["balances"].as_array()?;
        balances.iter().find(|balance| balance["account"] == account)?["balance_fils"].as_i64()
    };
    let accounts = ["agency_payable:TRF", "agency_payable:TOU", "provider_clearing:benefit-pay"];
    let mut now = Vec::new();
    for account in accounts {
        now.push(Some(desk.balance(account).await?));
    }
    report.equal("the day is closed with what every account stood at", &now, &accounts.map(stood).to_vec());
    Ok(())
}

/// Nobody paid it by its last day.
async fn ended(demo: &Demo, desk: &Desk, plans: &Plans, report: &mut Report) -> anyhow::Result<()> {
    let state = eventually(async || {
        let state = desk.receivable(&plans.bill).await?.state();
        anyhow::ensure!(state == ReceivableState::Cancelled, "{state:?}");
        Ok(state)
    });
    report.equal("a bill has ended with its last day", &ReceivableState::Cancelled, &state.await?);
    for (language, words) in
        [("en", "This bill was not paid by its last day"), ("ar", "لم تُدفع هذه الفاتورة حتى آخر يوم لها")]
    {
        let page = eventually(async || {
            let page = demo.page(language, &plans.bill).await?;
            anyhow::ensure!(page.contains(words), "{page}");
            Ok(page)
        });
        let asks = page.await?.contains("method=\"post\"");
        report.equal(&format!("its page says so and asks nobody to pay ({language})"), &false, &asks);
    }
    Ok(())
}
