//! Money that is only held at first: taken, taken in part, let go.
use anyhow::Context as _;
use proto::payments::v1::ReceivableState;
use serde_json::json;

use super::acts::Taking;
use super::desk::{CLERK, Desk, dinars};
use super::{Bill, Demo};
use crate::report::Report;

/// Three bills are held: one is captured, of one others pay a part meanwhile, one is let go.
///
/// # Errors
/// The platform or the provider is out of reach.
pub async fn run(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Money that is held first, and taken or let go later");
    let bills = [demo.purse.take_one("TRF")?, demo.purse.take_one("TRF")?, demo.purse.take_one("TRF")?];
    let [whole, partly, let_go] = &bills;
    let [owed] = desk.owed(["TRF"]).await?;
    let mut payments = Vec::new();
    for bill in &bills {
        payments.push(held(demo, desk, bill).await?);
    }
    let holds: Vec<_> = bills.iter().map(|bill| json!([bill.total_fils, 0])).collect();
    report.equal(
        "the provider's book holds each amount, and took nothing",
        &holds,
        &book(demo, &bills).await?,
    );
    report.equal("nothing is posted for the agency", &[owed], &desk.owed(["TRF"]).await?);
    let page = demo.payment_page("en", payments.first().context("a payment")?).await?;
    report.equal(
        "the payer's page says that the amount is held",
        &true,
        &page.contains("The amount is held"),
    );

    let half = partly.total_fils / 2;
    desk.mizan(&[
        "payment",
        "record",
        "--bill",
        &partly.bill_reference,
        "--channel",
        "pos",
        "--provider",
        "pos-acquirer",
        "--provider-reference",
        &format!("hold-{}", partly.bill_reference),
        "--amount",
        &dinars(half),
        "--actor",
        CLERK,
    ])?;
    demo.acts.takings.push(Taking { agency: "TRF".to_owned(), channel: "pos", fils: half });
    for (payment, verb, end) in payments
        .iter()
        .zip(["capture", "capture", "cancel"])
        .zip([" captured ", " captured ", " cancelled "])
        .map(|((payment, verb), end)| (payment, verb, end))
    {
        desk.mizan(&["payment", verb, "--payment", payment, "--actor", CLERK])?;
        desk.until(&["payment", "show", "--payment", payment], end).await?;
    }
    let rest = partly.total_fils - half;
    report.equal(
        "it took the whole of one, of one what was still due, of one nothing, and holds nothing any more",
        &vec![json!([0, whole.total_fils]), json!([0, rest]), json!([0, 0])],
        &book(demo, &bills).await?,
    );
    let states =
        [desk.receivable(&partly.bill_reference).await?, desk.receivable(&let_go.bill_reference).await?]
            .map(|bill| bill.state());
    report.equal(
        "who paid a part elsewhere has paid, and who was let go owes as before",
        &[ReceivableState::Paid, ReceivableState::Open],
        &states,
    );
    let posted = owed + whole.total_fils + partly.total_fils;
    report.equal("the agency is owed what came", &[posted], &desk.owed(["TRF"]).await?);
    Ok(())
}

/// A payment that the payer has approved, and whose money the provider holds.
async fn held(demo: &Demo, desk: &Desk, bill: &Bill) -> anyhow::Result<String> {
    let payment = desk.hold(&bill.bill_reference).await?;
    let show = ["payment", "show", "--payment", &payment];
    let said = desk.until(&show, " approve at ").await?;
    demo.world.approve(said.rsplit(' ').next().context("where to approve")?).await?;
    desk.until(&show, " authorised ").await?;
    Ok(payment)
}

/// What the provider holds and took for each bill.
async fn book(demo: &Demo, bills: &[Bill]) -> anyhow::Result<Vec<serde_json::Value>> {
    let mut rows = Vec::new();
    for bill in bills {
        let charges = demo.world.charges_of(&[&bill.bill_reference]).await?;
        rows.extend(charges.iter().map(|charge| json!([charge["held_fils"], charge["taken_fils"]])));
    }
    Ok(rows)
}
