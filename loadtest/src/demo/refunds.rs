//! Money back to payers: parts and wholes, by two persons, through a provider that loses its answer.
use anyhow::{Context as _, ensure};

use super::Demo;
use super::desk::{CLERK, Desk, OFFICER, dinars};
use super::wallets::Paid;
use crate::report::Report;

/// How many payments are refunded, one of them while the provider drops its answer.
const REFUNDS: usize = 5;

/// Refunds the half of some payments, and of one the rest.
///
/// # Errors
/// The platform or the provider is out of reach.
pub async fn run(demo: &Demo, paid: &[Paid], desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Money back, by two persons");
    let mut wrong = Vec::new();
    let captured = paid.iter().filter(|one| one.captured() && one.fault.is_none()).take(REFUNDS);
    for (number, one) in captured.enumerate() {
        if number == 0 {
            demo.world.arm_refund(&one.bill.bill_reference, "silent_after_applying").await?;
        }
        let result = async {
            let half = one.bill.total_fils / 2;
            refund(demo, desk, one, half).await?;
            if number == 1 {
                refund(demo, desk, one, one.bill.total_fils - half).await?;
            }
            anyhow::Ok(())
        };
        if let Err(error) = result.await {
            wrong.push(format!("{}: {error:#}", one.bill.bill_reference));
        }
    }
    report.nothing_wrong(
        "half of five payments goes back, of one the whole, one answer of the provider is lost",
        &wrong,
    );
    Ok(())
}

/// Asks, fails to approve alone, approves by another person, and waits until the provider's own book has it.
async fn refund(demo: &Demo, desk: &Desk, one: &Paid, fils: i64) -> anyhow::Result<()> {
    let payment = one.end["payment_id"].as_str().context("a payment_id")?;
    let before = refunded_at_provider(demo, one).await?;
    let amount = dinars(fils);
    let ask = ["refund", "request", "--payment", payment, "--amount", &amount, "--reason", "wrong tariff"];
    let key = format!("after-{before}");
    let id = desk.id(&[&ask[..], &["--actor", CLERK, "--key", &key]].concat())?;
    let alone = desk.refusal(&["refund", "approve", "--refund", &id, "--actor", CLERK]);
    ensure!(alone == "needs_second_person", "one person approved alone: {alone}");
    ensure!(refunded_at_provider(demo, one).await? == before, "money moved before the second person");
    desk.mizan(&["refund", "approve", "--refund", &id, "--actor", OFFICER])?;
    desk.until(&["refund", "show", "--refund", &id], " succeeded ").await?;
    let back = refunded_at_provider(demo, one).await? - before;
    ensure!(back == fils, "the provider gave {back} fils back, not {fils}");
    Ok(())
}

/// What went back, in the provider's own book.
async fn refunded_at_provider(demo: &Demo, one: &Paid) -> anyhow::Result<i64> {
    let charges = demo.world.charges_of(&[&one.bill.bill_reference]).await?;
    Ok(charges.iter().filter_map(|charge| charge["refunded_fils"].as_i64()).sum())
}
