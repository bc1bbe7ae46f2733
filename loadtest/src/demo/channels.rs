//! Money that other channels took, and what a payer is owed when it was too much.
use anyhow::Context as _;
use serde_json::json;

use super::acts::Taking;
use super::desk::{CLERK, Desk, IBAN, OFFICER, dinars, first_word};
use super::kiosks::paid;
use super::{Bill, Demo};
use crate::report::Report;

/// More than two bills ask for: the bank pays it out.
const LEFT_FILS: i64 = 1_500;

/// A sale at a terminal, a transfer and a card payment are told by hand; a payer pays far too much.
///
/// # Errors
/// The platform is out of reach.
pub async fn run(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Money that a terminal, a bank and a card took, told by a clerk");
    for (agency, channel, provider) in
        [("MUN", "transfer", "national-bank"), ("HLT", "card", "card-acquirer")]
    {
        let bill = demo.purse.take_one(agency)?;
        desk.mizan(&words(&bill, channel, provider, (&dinars(bill.total_fils), "1"), CLERK))?;
        taken(demo, &bill, channel, bill.total_fils);
        paid(demo, &bill).await?;
        let owes = desk.balance(&format!("provider_clearing:{provider}")).await?;
        report.equal(
            &format!("a bill of {agency} is paid by {channel}, and {provider} owes it"),
            &bill.total_fils,
            &owes,
        );
    }
    overpaid(demo, desk, report).await
}

/// What is typed about a movement of a provider: its amount and name.
fn words<'a>(
    bill: &'a Bill,
    channel: &'a str,
    provider: &'a str,
    (amount, name): (&'a str, &'a str),
    actor: &'a str,
) -> Vec<&'a str> {
    let how = ["payment", "record", "--channel", channel, "--provider", provider];
    let what = ["--provider-reference", name, "--bill", &bill.bill_reference, "--amount", amount];
    [&how[..], &what[..], &["--actor", actor]].concat()
}

/// The channel's own list.
fn taken(demo: &mut Demo, bill: &Bill, channel: &'static str, fils: i64) {
    demo.acts.takings.push(Taking { agency: bill.agency.clone(), channel, fils });
}

async fn overpaid(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let (bill, other) = (demo.purse.take_one("JUS")?, demo.purse.take_one("JUS")?);
    let credited = other.total_fils + LEFT_FILS;
    let fils = bill.total_fils + credited;
    let (of_payers, at_bank) = (desk.balance("payer_credit").await?, desk.balance("treasury_bank").await?);
    let amount = dinars(fils);
    let sale = |bill, actor| words(bill, "pos", "pos-acquirer", (&amount, "SALE-1"), actor);
    let said = desk.mizan(&sale(&bill, CLERK))?;
    taken(demo, &bill, "pos", fils);
    let again = desk.mizan(&sale(&bill, OFFICER))?;
    report.equal("a sale at a terminal that two persons tell is one payment", &said, &again);
    let elsewhere = sale(&other, CLERK);
    report.equal(
        "told for another bill it is refused",
        &"charge_already_recorded".to_owned(),
        &desk.refusal(&elsewhere),
    );
    let owes = desk.balance("provider_clearing:pos-acquirer").await?;
    report.equal("the acquirer owes what is on its list, once", &fils, &owes);
    let cases = desk.cases(&bill.bill_reference).await?;
    let cases: Vec<_> =
        cases.iter().map(|case| (case["kind"].clone(), case["amount_fils"].clone())).collect();
    report.equal("what was too much has a case", &vec![(json!("second_payment"), json!(credited))], &cases);

    let credit = desk.mizan(&["credit", "list", "--bill", &bill.bill_reference])?;
    let free = format!("open {0} free of {0} from", dinars(credited));
    report.equal("and is owed to the payer", &true, &credit.contains(&free));
    let credit = first_word(&credit);
    desk.mizan(&["credit", "apply", "--credit", &credit, "--bill", &other.bill_reference, "--actor", CLERK])?;
    report.equal("it pays the payer's other bill", &json!("paid"), &paid(demo, &other).await?["state"]);
    paid_out(desk, &credit).await.context("the rest of the credit")?;
    demo.acts.paid_out_fils += LEFT_FILS;
    let end = (desk.balance("payer_credit").await?, desk.balance("treasury_bank").await?);
    report.equal(
        "the bank pays out the rest; nothing is owed any more",
        &(of_payers, at_bank - LEFT_FILS),
        &end,
    );
    Ok(())
}

/// What is left of a credit goes to an IBAN, by two persons and the bank.
async fn paid_out(desk: &Desk, credit: &str) -> anyhow::Result<()> {
    let ask = ["refund", "request", "--credit", credit, "--iban", IBAN, "--reason", "overpaid"];
    let refund = desk.id(&[&ask[..], &["--actor", CLERK]].concat())?;
    desk.mizan(&["refund", "approve", "--refund", &refund, "--actor", OFFICER])?;
    let word = ["refund", "paid", "--refund", &refund, "--bank-reference", "FT-1", "--actor", OFFICER];
    desk.mizan(&word)?;
    desk.until(&["credit", "list"], &format!("{credit} used 0.000 free of")).await?;
    Ok(())
}
