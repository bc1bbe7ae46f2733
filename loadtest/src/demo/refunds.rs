//! Money back to payers: parts and wholes, by two persons, through a provider that loses its answer.
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Demo;
use super::wallets::Paid;
use crate::report::Report;
use crate::stack::{Layout, mizan};

const CLERK: &str = "staff:clerk";
const OFFICER: &str = "staff:officer";
/// How many payments are refunded, one of them while the provider drops its answer.
const REFUNDS: usize = 5;

/// Refunds the half of some payments, and of one the rest.
///
/// # Errors
/// The platform or the provider is out of reach.
pub async fn run(demo: &Demo, paid: &[Paid], layout: &Layout, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Money back, by two persons");
    let mut wrong = Vec::new();
    let captured = paid.iter().filter(|one| one.captured() && one.fault.is_none()).take(REFUNDS);
    for (number, one) in captured.enumerate() {
        if number == 0 {
            demo.world.arm_refund(&one.bill.bill_reference, "silent_after_applying").await?;
        }
        let result = async {
            let half = one.bill.total_fils / 2;
            refund(demo, layout, one, half).await?;
            if number == 1 {
                refund(demo, layout, one, one.bill.total_fils - half).await?;
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

fn dinars(fils: i64) -> String {
    money::Money::fils(fils).to_json_amount()
}

/// Asks, fails to approve alone, approves by another person, and waits until the provider's own book has it.
async fn refund(demo: &Demo, layout: &Layout, one: &Paid, fils: i64) -> anyhow::Result<()> {
    let payment = one.end["payment_id"].as_str().context("a payment_id")?;
    let before = refunded_at_provider(demo, one).await?;
    let amount = dinars(fils);
    let ask = ["refund", "request", "--payment", payment, "--amount", &amount, "--reason", "wrong tariff"];
    let key = format!("after-{before}");
    let said = mizan(layout, &[&ask[..], &["--actor", CLERK, "--key", &key]].concat())?;
    let id = said.split_whitespace().next().context("a refund's id")?.to_owned();
    let alone = mizan(layout, &["refund", "approve", "--refund", &id, "--actor", CLERK]);
    ensure!(
        alone.is_err_and(|error| error.to_string().contains("needs_second_person")),
        "one person approved alone"
    );
    ensure!(refunded_at_provider(demo, one).await? == before, "money moved before the second person");
    mizan(layout, &["refund", "approve", "--refund", &id, "--actor", OFFICER])?;
    for _ in 0..300 {
        let now = mizan(layout, &["refund", "show", "--refund", &id])?;
        if now.contains(" succeeded ") {
            let back = refunded_at_provider(demo, one).await? - before;
            ensure!(back == fils, "the provider gave {back} fils back, not {fils}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("refund {id} does not end")
}

/// What went back, in the provider's own book.
async fn refunded_at_provider(demo: &Demo, one: &Paid) -> anyhow::Result<i64> {
    let charges = demo.world.charges().await?;
    let ours = charges.iter().filter(|charge| charge["bill_reference"] == one.bill.bill_reference.as_str());
    Ok(ours.filter_map(|charge| charge["refunded_fils"].as_i64()).sum())
}
