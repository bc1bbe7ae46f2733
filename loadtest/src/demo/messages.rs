//! Receipts, webhooks and pages: what people and agencies were told.
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use super::wallets::Paid;
use super::{Bill, Demo};
use crate::report::Report;

const TOLD_WITHIN: Duration = Duration::from_secs(45);

/// Checks that everybody was told, once, and the truth.
///
/// # Errors
/// The sandbox is out of reach.
pub async fn run(demo: &Demo, paid: &[Paid], cash: &[Bill], report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Receipts, webhooks, pages");
    receipts(demo, paid, report).await?;
    webhooks(demo, paid, cash, report).await?;
    pages(demo, paid, cash, report).await
}

async fn receipts(demo: &Demo, paid: &[Paid], report: &mut Report) -> anyhow::Result<()> {
    let captured: Vec<_> = paid.iter().filter(|one| one.captured()).collect();
    let mails = eventually(async || {
        let box_ = demo.world.get("/control/mailbox").await?;
        let mails = box_["messages"].as_array().cloned().context("messages")?;
        anyhow::ensure!(mails.len() >= captured.len(), "{} of {} receipts", mails.len(), captured.len());
        Ok(mails)
    })
    .await;
    let Some(mails) = report.done("a receipt by e-mail arrived for each captured payment", mails) else {
        return Ok(());
    };
    let mut by_address: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for mail in &mails {
        by_address.entry(mail["to"].as_str().unwrap_or("").to_owned()).or_default().push(mail);
    }
    let mut wrong = Vec::new();
    for one in paid {
        let got = by_address.get(one.email()).map_or(&[][..], Vec::as_slice);
        let number = one.end["receipt_number"].as_str().unwrap_or("none");
        let says_so = |mail: &&Value| mail["text"].as_str().is_some_and(|text| text.contains(number));
        let right = if one.captured() { got.len() == 1 && got.iter().all(says_so) } else { got.is_empty() };
        if !right {
            wrong.push(format!("{}: {} mails, receipt {number}", one.email(), got.len()));
        }
    }
    report.nothing_wrong("one receipt each, with its number, and none for a refused payment", &wrong);
    Ok(())
}

async fn webhooks(demo: &Demo, paid: &[Paid], cash: &[Bill], report: &mut Report) -> anyhow::Result<()> {
    for (agency, secret) in &demo.webhook_secrets {
        let by_wallet = paid.iter().filter(|one| &one.bill.agency == agency && one.captured()).count();
        let by_cash = cash.iter().filter(|bill| &bill.agency == agency).count();
        let expected = by_wallet + by_cash;
        let calls = eventually(async || {
            let calls = calls_to(demo, agency).await?;
            let told = captured_bills(&calls)?;
            anyhow::ensure!(told.len() >= expected, "{} of {expected} captured bills told", told.len());
            Ok(calls)
        })
        .await;
        let title = format!("{agency} was told of each of its {expected} captured payments");
        let Some(calls) = report.done(&title, calls) else { continue };
        let forged: Vec<_> =
            calls.iter().filter_map(|call| verify(call, secret).err()).map(|e| e.to_string()).collect();
        report.nothing_wrong(
            &format!("{agency}: the signature of each of {} calls verifies", calls.len()),
            &forged,
        );
    }
    Ok(())
}

/// Every call that an agency's endpoint took, from the first one.
async fn calls_to(demo: &Demo, agency: &str) -> anyhow::Result<Vec<Value>> {
    let hooks = demo.world.get(&format!("/control/agency-hooks/{agency}")).await?;
    hooks["calls"].as_array().cloned().context("calls")
}

/// The bills that an agency was told are paid.
///
/// # Errors
/// Its book cannot be read.
pub async fn bills_told_to(demo: &Demo, agency: &str) -> anyhow::Result<BTreeSet<String>> {
    captured_bills(&calls_to(demo, agency).await?)
}

fn captured_bills(calls: &[Value]) -> anyhow::Result<BTreeSet<String>> {
    let mut bills = BTreeSet::new();
    for call in calls {
        let body: Value = serde_json::from_str(call["body"].as_str().context("a body")?)?;
        if body["type"] == "payment.captured" {
            bills.insert(body["data"]["bill_reference"].as_str().context("a bill_reference")?.to_owned());
        }
    }
    Ok(bills)
}

fn verify(call: &Value, secret: &str) -> anyhow::Result<()> {
    let header = |name: &str| call["headers"][name].as_str().with_context(|| format!("header {name}"));
    let received: i64 = header("webhook-timestamp")?.parse()?;
    let secret = standards::webhook::Secret::from_text(secret)?;
    let headers = standards::webhook::Headers {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?,
        signature: header("webhook-signature")?,
    };
    let body = call["body"].as_str().context("a body")?;
    Ok(standards::webhook::verify(&[secret], headers, body.as_bytes(), received)?)
}

async fn pages(demo: &Demo, paid: &[Paid], cash: &[Bill], report: &mut Report) -> anyhow::Result<()> {
    let by_wallet = paid.iter().filter(|one| one.captured()).map(|one| &one.bill);
    let mut wrong = Vec::new();
    let mut looked = 0_usize;
    // Every tenth bill is looked at: the pages are limited per reader, as they should be.
    for bill in by_wallet.step_by(10).chain(cash.iter().step_by(10)) {
        for (language, word) in [("en", "PAID"), ("ar", "مدفوعة")] {
            let page = demo.page(language, &bill.bill_reference).await?;
            looked += 1;
            if !page.contains(word) {
                wrong.push(format!("{} does not say {word} in {language}", bill.bill_reference));
            }
        }
    }
    report.nothing_wrong(&format!("{looked} bill pages say PAID and مدفوعة"), &wrong);
    Ok(())
}

/// A fact, once it is one.
///
/// # Errors
/// What was still wrong when patience ended.
pub async fn eventually<T>(mut fact: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        match fact().await {
            Err(_) if begun.elapsed() < TOLD_WITHIN => tokio::time::sleep(Duration::from_millis(200)).await,
            known => return known,
        }
    }
}
