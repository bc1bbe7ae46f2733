//! A payer gives up, and comes back.
use anyhow::Context as _;
use proto::payments::v1::ReceivableState;
use serde_json::{Value, json};

use super::desk::{CLERK, Desk};
use super::{Demo, follow};
use crate::report::Report;

/// A payment is given up before its approval and tried again.
///
/// # Errors
/// The platform or the provider is out of reach.
pub async fn run(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("A payer gives up, and pays after all");
    let bill = demo.purse.take_one("MUN")?;
    let reference = [bill.bill_reference.as_str()];
    let payment = desk.start(&reference, None).await?.into_iter().next().context("a payment")?;
    let show = ["payment", "show", "--payment", &payment];
    let said = desk.until(&show, " approve at ").await?;
    let approve_at = said.rsplit(' ').next().context("where to approve")?;

    desk.mizan(&["payment", "cancel", "--payment", &payment, "--actor", CLERK])?;
    desk.until(&show, " cancelled ").await?;
    report.equal(
        "the provider's book says reversed",
        &vec![json!("reversed")],
        &states(demo, &reference).await?,
    );
    let approved = demo.world.approve(approve_at).await;
    report.equal("the page that was left open takes no money any more", &true, &approved.is_err());
    let state = desk.receivable(&bill.bill_reference).await?.state();
    let page = demo.page("en", &bill.bill_reference).await?;
    let asks = (state, page.contains("<form"));
    report.equal("the bill is free, and its page asks for the money", &(ReceivableState::Open, true), &asks);

    desk.mizan(&["payment", "retry", "--payment", &payment, "--actor", CLERK])?;
    let api = demo.apis.get(&bill.agency).context("a key of the agency")?;
    let (end, _) = follow(api, &demo.world, &payment).await?;
    report.equal("the same payment, tried again, is captured", &json!("captured"), &end["state"]);
    let mut states = states(demo, &reference).await?;
    states.sort_by_key(ToString::to_string);
    report.equal("the provider took the money once", &vec![json!("paid"), json!("reversed")], &states);
    Ok(())
}

async fn states(demo: &Demo, bills: &[&str]) -> anyhow::Result<Vec<Value>> {
    let charges = demo.world.charges_of(bills).await?;
    Ok(charges.iter().map(|charge| charge["state"].clone()).collect())
}
