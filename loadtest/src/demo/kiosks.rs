//! A hundred bills paid by notes at three simulated kiosks that have a bad day.
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Bill, Demo};
use crate::report::Report;
use crate::stack::{Layout, mizan};

const BILLS: usize = 100;
/// Loses power twice.
const POWER: &str = "KSK-0001";
/// Goes offline and catches up.
const OFFLINE: &str = "KSK-0002";
/// Sends its whole journal a second time.
const REPLAY: &str = "KSK-0003";
/// All kiosks of the demo.
pub const KIOSKS: [&str; 3] = [POWER, OFFLINE, REPLAY];

const NOTES_FILS: [i64; 5] = [20_000, 10_000, 5_000, 1_000, 500];
const IN_THE_BOOKS_WITHIN: Duration = Duration::from_secs(30);

/// Pays, and checks that every note is where it belongs. Gives the bills.
///
/// # Errors
/// A kiosk cannot be set up.
pub async fn run(demo: &mut Demo, layout: &Layout, report: &mut Report) -> anyhow::Result<Vec<Bill>> {
    report.chapter("100 bills by notes at three kiosks");
    for kiosk in KIOSKS {
        let result = install(demo, layout, kiosk).await;
        report.done(&format!("{kiosk} enrols with its one-time code, a second person activates it"), result);
    }
    let bills = demo.purse.take(BILLS)?;
    let mut at_kiosks: [Vec<Bill>; 3] = Default::default();
    for (number, bill) in bills.iter().enumerate() {
        if let Some(list) = at_kiosks.get_mut(number % KIOSKS.len()) {
            list.push(bill.clone());
        }
    }
    let [power, offline, replay] = &at_kiosks;
    let (first, second, third) =
        tokio::join!(lose_power(demo, power), go_offline(demo, offline), replay_journal(demo, replay));
    report.done(
        &format!("{POWER}: power lost with a note in escrow and with a note stacked, then recovered"),
        first,
    );
    report.done(&format!("{OFFLINE}: paid while offline, then caught up"), second);
    report.done(&format!("{REPLAY}: the whole journal sent again changes nothing"), third);

    let mut unpaid = Vec::new();
    for bill in &bills {
        if let Err(error) = paid(demo, bill).await {
            unpaid.push(format!("{error:#}"));
        }
    }
    report.nothing_wrong("all 100 bills are paid in the books", &unpaid);
    Ok(bills)
}

/// Registers, enrols and activates a kiosk.
///
/// # Errors
/// Any of these is refused.
pub async fn install(demo: &Demo, layout: &Layout, kiosk: &str) -> anyhow::Result<()> {
    let said = retry(async || {
        mizan(layout, &["kiosk", "register", "--device", kiosk, "--place", "Manama", "--actor", "operator-a"])
    })
    .await?;
    let code = said.split_whitespace().last().context("an enrolment code")?;
    let ca = std::fs::read_to_string(layout.device_ca().join("ca.pem"))?;
    let relay_url = layout.inside_url("kiosk-relay", "device").replace("http://", "https://");
    let body =
        json!({ "device_id": kiosk, "enrolment_code": code, "relay_url": relay_url, "relay_ca_pem": ca });
    retry(async || demo.world.post("/control/kiosks", &body).await).await?;
    retry(async || mizan(layout, &["kiosk", "activate", "--device", kiosk, "--actor", "operator-b"])).await?;
    Ok(())
}

async fn retry<T>(mut work: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        match work().await {
            Err(_) if begun.elapsed() < Duration::from_secs(15) => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            done => return done,
        }
    }
}

/// The fewest notes that reach the amount.
fn notes_for(due_fils: i64) -> Vec<i64> {
    let mut notes = Vec::new();
    let mut rest = due_fils;
    for note in NOTES_FILS {
        while rest >= note {
            notes.push(note);
            rest -= note;
        }
    }
    if rest > 0 {
        notes.push(500);
    }
    notes
}

/// Puts notes for a bill into a kiosk.
///
/// # Errors
/// The kiosk refuses.
pub async fn insert(demo: &Demo, kiosk: &str, bill: &Bill, power_cut: Option<&str>) -> anyhow::Result<Value> {
    let body = json!({
        "bill_reference": bill.bill_reference,
        "notes_fils": notes_for(bill.total_fils),
        "power_cut": power_cut,
    });
    retry(async || demo.world.post(&format!("/control/kiosks/{kiosk}/pay"), &body).await)
        .await
        .with_context(|| format!("{kiosk} {}", bill.bill_reference))
}

/// Presses one of a kiosk's switches.
///
/// # Errors
/// The kiosk refuses.
pub async fn switch(demo: &Demo, kiosk: &str, what: &str, body: Value) -> anyhow::Result<Value> {
    retry(async || demo.world.post(&format!("/control/kiosks/{kiosk}/{what}"), &body).await).await
}

async fn lose_power(demo: &Demo, bills: &[Bill]) -> anyhow::Result<()> {
    for (number, bill) in bills.iter().enumerate() {
        let cut = match number {
            5 => Some("escrowed"),
            10 => Some("stacked"),
            _ => None,
        };
        insert(demo, POWER, bill, cut).await?;
        if cut.is_some() {
            switch(demo, POWER, "power-on", json!({})).await?;
        }
    }
    switch(demo, POWER, "sync", json!({})).await.map(drop)
}

async fn go_offline(demo: &Demo, bills: &[Bill]) -> anyhow::Result<()> {
    for bill in bills {
        switch(demo, OFFLINE, "snapshot", json!({ "bill_reference": bill.bill_reference })).await?;
    }
    switch(demo, OFFLINE, "network", json!({ "online": false })).await?;
    for bill in bills {
        insert(demo, OFFLINE, bill, None).await?;
    }
    switch(demo, OFFLINE, "network", json!({ "online": true })).await?;
    switch(demo, OFFLINE, "sync", json!({})).await.map(drop)
}

async fn replay_journal(demo: &Demo, bills: &[Bill]) -> anyhow::Result<()> {
    for bill in bills {
        insert(demo, REPLAY, bill, None).await?;
    }
    switch(demo, REPLAY, "sync", json!({})).await?;
    switch(demo, REPLAY, "replay", json!({})).await.map(drop)
}

/// Waits until a bill is paid in public sight.
///
/// # Errors
/// It stays unpaid.
pub async fn paid(demo: &Demo, bill: &Bill) -> anyhow::Result<Value> {
    let api = demo.apis.get(&bill.agency).context("a key of the agency")?;
    let begun = Instant::now();
    loop {
        let seen = api.get(&format!("/v1/bills/{}", bill.bill_reference)).await?.success()?;
        if seen["state"] == "paid" {
            return Ok(seen);
        }
        anyhow::ensure!(
            begun.elapsed() < IN_THE_BOOKS_WITHIN,
            "{} stays {}",
            bill.bill_reference,
            seen["state"]
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::notes_for;

    #[test]
    fn notes_reach_the_amount_and_not_much_more() {
        assert_eq!(notes_for(33_333), [20_000, 10_000, 1_000, 1_000, 1_000, 500]);
        assert_eq!(notes_for(500), [500]);
        assert_eq!(notes_for(1), [500]);
    }
}
