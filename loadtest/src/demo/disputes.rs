//! Payers object, and the provider decides.
use anyhow::Context as _;
use serde_json::json;

use super::Demo;
use super::desk::{CLERK, Desk, OFFICER, dinars};
use super::wallets::Paid;
use crate::report::Report;

const CLEARING: &str = "provider_clearing:benefit-pay";

/// One dispute is won, another is lost.
///
/// # Errors
/// The platform is out of reach.
pub async fn run(demo: &mut Demo, paid: &[Paid], desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Disputes: one won, one lost");
    // From the end: those at the beginning were refunded.
    let mut captured = paid.iter().rev().filter(|one| one.captured() && one.fault.is_none());
    let (won, lost) = (captured.next().context("a payment")?, captured.next().context("two payments")?);

    let fils = won.bill.total_fils;
    let owed = desk.owed([&won.bill.agency]).await?;
    let dispute = open(desk, won, "DISPUTE-1")?;
    let aside = (desk.owed([&won.bill.agency]).await?, -desk.balance("disputed").await?);
    report.equal("the disputed money stands aside", &(owed.map(|owed| owed - fils), fils), &aside);
    let refund = ["refund", "request", "--payment", id(won)?, "--reason", "asked at the counter"];
    let code = desk.refusal(&[&refund[..], &["--actor", CLERK]].concat());
    report.equal("it cannot be refunded meanwhile", &"payment_disputed".to_owned(), &code);
    desk.mizan(&["dispute", "win", "--dispute", &dispute, "--actor", OFFICER])?;
    let back = (desk.owed([&won.bill.agency]).await?, desk.balance("disputed").await?);
    report.equal("won: the agency has it again", &(owed, 0), &back);

    let fils = lost.bill.total_fils;
    let clearing = desk.balance(CLEARING).await?;
    let dispute = open(desk, lost, "DISPUTE-2")?;
    desk.mizan(&["dispute", "lose", "--dispute", &dispute, "--actor", OFFICER])?;
    demo.acts.charged_back_fils += fils;
    let now = (desk.balance(CLEARING).await?, desk.balance("disputed").await?);
    report.equal("lost: the provider owes that much less", &(clearing - fils, 0), &now);
    let cases = desk.cases(&lost.bill.bill_reference).await?;
    let cases: Vec<_> =
        cases.iter().map(|case| (case["kind"].clone(), case["amount_fils"].clone())).collect();
    report.equal("and a case asks what follows", &vec![(json!("chargeback"), json!(fils))], &cases);
    Ok(())
}

fn id(one: &Paid) -> anyhow::Result<&str> {
    one.end["payment_id"].as_str().context("a payment_id")
}

/// The provider writes that the payer objects to all of it; the dispute's id.
fn open(desk: &Desk, one: &Paid, name: &str) -> anyhow::Result<String> {
    let amount = dinars(one.bill.total_fils);
    let what = ["dispute", "open", "--payment", id(one)?, "--amount", &amount];
    let why = ["--provider-reference", name, "--reason", "not the payer's", "--actor", CLERK];
    desk.id(&[&what[..], &why[..]].concat())
}
