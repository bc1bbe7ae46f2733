//! The books against the world's own books.
use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::Demo;
use super::desk::{Desk, dinars};
use super::kiosks::KIOSKS;
use crate::report::{Report, say};

/// Fils by agency and channel.
type Sums = BTreeMap<(String, String), i64>;

/// Verifies the ledger and compares it with what the provider and the kiosks counted.
///
/// # Errors
/// A book cannot be read.
pub async fn run(demo: &Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Books");
    let verified = desk.mizan(&["ledger", "verify"]);
    if let Some(text) = report.done("`mizan ledger verify` holds", verified) {
        for line in text.lines() {
            say(format!("         {line}"));
        }
    }
    let collections: Value = serde_json::from_str(&desk.mizan(&["ledger", "collections", "--json"])?)?;
    let rows = collections.as_array().context("collections")?;
    let ours = collected(rows)?;
    let mut theirs = wallet_book(demo).await?;
    let (cash, counted) = kiosk_books(demo).await?;
    theirs.extend(cash);
    for taking in &demo.acts.takings {
        *theirs.entry((taking.agency.clone(), taking.channel.to_owned())).or_default() += taking.fils;
    }
    report.equal(
        "ledger = the provider's book + the kiosks' notes + the other channels' lists, per channel and agency",
        &theirs,
        &ours,
    );
    let in_ledger: i64 =
        ours.iter().filter(|((_, channel), _)| channel == "kiosk_cash").map(|(_, fils)| fils).sum();
    report.equal("every note that the acceptors counted is in the ledger", &counted, &in_ledger);
    money_back(demo, desk, rows, report).await?;
    table(rows)
}

/// What came in.
fn collected(rows: &[Value]) -> anyhow::Result<Sums> {
    let mut sums = Sums::new();
    for row in rows {
        let parts = ["collected_fils", "credited_fils", "suspense_fils"];
        let fils = parts.iter().filter_map(|part| row[*part].as_i64()).sum::<i64>();
        if fils != 0 {
            *sums.entry((word(row, "agency_id")?, word(row, "channel")?)).or_default() += fils;
        }
    }
    Ok(sums)
}

/// What went back, and what the provider owes after it.
async fn money_back(demo: &Demo, desk: &Desk, rows: &[Value], report: &mut Report) -> anyhow::Result<()> {
    let charges = demo.world.charges().await?;
    let given: i64 = charges.iter().filter_map(|charge| charge["refunded_fils"].as_i64()).sum();
    let (by_wallet, by_bank): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row["channel"] == "wallet");
    let refunded = |rows: &[&Value]| rows.iter().filter_map(|row| row["refunded_fils"].as_i64()).sum::<i64>();
    report.equal(
        "what the provider and the bank gave back is what the ledger says was refunded",
        &(given, demo.acts.paid_out_fils),
        &(refunded(&by_wallet), refunded(&by_bank)),
    );
    let paid = charges.iter().filter(|charge| charge["state"] == "paid");
    let taken: i64 = paid.filter_map(|charge| charge["amount_fils"].as_i64()).sum();
    report.equal(
        "the provider owes what it took, less what it gave back and what disputes took back",
        &(taken - given - demo.acts.charged_back_fils),
        &desk.balance("provider_clearing:benefit-pay").await?,
    );
    Ok(())
}

fn table(rows: &[Value]) -> anyhow::Result<()> {
    say(
        "\n  Collected            channel       payments       collected        credited        suspense        refunded",
    );
    for row in rows {
        let shown = |name: &str| dinars(row[name].as_i64().unwrap_or_default());
        say(format!(
            "  {:<20} {:<12} {:>9} {:>15} {:>15} {:>15} {:>15}",
            word(row, "agency_id")?,
            word(row, "channel")?,
            row["payments"],
            shown("collected_fils"),
            shown("credited_fils"),
            shown("suspense_fils"),
            shown("refunded_fils"),
        ));
    }
    Ok(())
}

fn word(row: &Value, name: &str) -> anyhow::Result<String> {
    Ok(row[name].as_str().with_context(|| format!("{name} in {row}"))?.to_owned())
}

/// A bill reference begins with its agency.
fn agency_of(bill_reference: &str) -> String {
    bill_reference.split('-').next().unwrap_or("").to_owned()
}

/// What the provider took, by agency. A charge of a cart names one bill and is for all of them.
async fn wallet_book(demo: &Demo) -> anyhow::Result<Sums> {
    let mut sums = Sums::new();
    let mut add = |agency: String, fils| *sums.entry((agency, "wallet".to_owned())).or_default() += fils;
    for charge in demo.world.charges().await? {
        if charge["state"] != "paid" {
            continue;
        }
        let mut rest = charge["amount_fils"].as_i64().context("amount_fils")?;
        let first = word(&charge, "bill_reference")?;
        let cart = demo.acts.carts.iter().find(|cart| cart.iter().any(|bill| bill.bill_reference == first));
        for other in cart.into_iter().flatten().filter(|bill| bill.bill_reference != first) {
            add(other.agency.clone(), other.total_fils);
            rest -= other.total_fils;
        }
        add(agency_of(&first), rest);
    }
    Ok(sums)
}

/// What each session stacked, by agency; and what the acceptors counted, note by note.
async fn kiosk_books(demo: &Demo) -> anyhow::Result<(Sums, i64)> {
    let (mut sums, mut counted) = (Sums::new(), 0);
    for kiosk in KIOSKS {
        let book = demo.world.get(&format!("/control/kiosks/{kiosk}/book")).await?;
        counted += book["total_fils"].as_i64().context("total_fils")?;
        for session in book["sessions"].as_array().context("sessions")? {
            let agency = agency_of(&word(session, "bill_reference")?);
            let fils = session["stacked_fils"].as_i64().context("stacked_fils")?;
            *sums.entry((agency, "kiosk_cash".to_owned())).or_default() += fils;
        }
    }
    Ok((sums, counted))
}
