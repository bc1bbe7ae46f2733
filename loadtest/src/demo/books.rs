//! The books against the world's own books.
use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::Demo;
use super::kiosks::KIOSKS;
use crate::report::{Report, say};
use crate::stack::{Layout, mizan};

/// Fils by agency and channel.
type Sums = BTreeMap<(String, String), i64>;

/// Verifies the ledger and compares it with what the provider and the kiosks counted.
///
/// # Errors
/// A book cannot be read.
pub async fn run(demo: &Demo, layout: &Layout, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Books");
    let verified = mizan(layout, &["ledger", "verify"]);
    if let Some(text) = report.done("`mizan ledger verify` holds", verified) {
        for line in text.lines() {
            say(format!("         {line}"));
        }
    }
    let collections: Value = serde_json::from_str(&mizan(layout, &["ledger", "collections", "--json"])?)?;
    let rows = collections.as_array().context("collections")?;
    let mut ours = Sums::new();
    for row in rows {
        let key = (word(row, "agency_id")?, word(row, "channel")?);
        let sum = ["collected_fils", "credited_fils", "suspense_fils"]
            .iter()
            .filter_map(|part| row[*part].as_i64())
            .sum::<i64>();
        *ours.entry(key).or_default() += sum;
    }
    let mut theirs = wallet_book(demo).await?;
    let (cash, counted) = kiosk_books(demo).await?;
    theirs.extend(cash);
    report.equal("ledger = the provider's book + the kiosks' notes, per channel and agency", &theirs, &ours);
    let in_ledger: i64 =
        ours.iter().filter(|((_, channel), _)| channel == "kiosk_cash").map(|(_, fils)| fils).sum();
    report.equal("every note that the acceptors counted is in the ledger", &counted, &in_ledger);
    let charges = demo.world.charges().await?;
    let given: i64 = charges.iter().filter_map(|charge| charge["refunded_fils"].as_i64()).sum();
    let refunded: i64 = rows.iter().filter_map(|row| row["refunded_fils"].as_i64()).sum();
    report.equal("what the provider gave back is what the ledger says was refunded", &given, &refunded);

    say(
        "\n  Collected            channel       payments       collected        credited        suspense        refunded",
    );
    for row in rows {
        say(format!(
            "  {:<20} {:<12} {:>9} {:>15} {:>15} {:>15} {:>15}",
            word(row, "agency_id")?,
            word(row, "channel")?,
            row["payments"],
            dinars(row, "collected_fils"),
            dinars(row, "credited_fils"),
            dinars(row, "suspense_fils"),
            dinars(row, "refunded_fils"),
        ));
    }
    Ok(())
}

fn word(row: &Value, name: &str) -> anyhow::Result<String> {
    Ok(row[name].as_str().with_context(|| format!("{name} in {row}"))?.to_owned())
}

fn dinars(row: &Value, name: &str) -> String {
    money::Money::fils(row[name].as_i64().unwrap_or_default()).to_json_amount()
}

/// A bill reference begins with its agency.
fn agency_of(bill_reference: &str) -> String {
    bill_reference.split('-').next().unwrap_or("").to_owned()
}

async fn wallet_book(demo: &Demo) -> anyhow::Result<Sums> {
    let mut sums = Sums::new();
    for charge in demo.world.charges().await? {
        if charge["state"] == "paid" {
            let agency = agency_of(&word(&charge, "bill_reference")?);
            let fils = charge["amount_fils"].as_i64().context("amount_fils")?;
            *sums.entry((agency, "wallet".to_owned())).or_default() += fils;
        }
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
