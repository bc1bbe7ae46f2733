//! What is measured says which devices are silent, and whose cash waits.

use std::time::Duration;

use serde_json::json;
use testkit::wait_for;

use crate::stack::Stack;

const SOON: Duration = Duration::from_secs(30);

async fn until(t: &Stack, name: &str, fits: impl Fn(i64) -> bool) {
    wait_for(name, SOON, async || {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &t.env.ctx.registry.lock().unwrap()).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.filter(|value| fits(*value)).map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_device_that_was_not_heard_is_silent_and_its_cash_grows_old_until_it_is_taken_out() {
    let t = Stack::start().await;
    t.enrolled("KSK-0002").await; // not active: nobody waits for it
    let mut kiosk = t.kiosk("KSK-0001").await;
    let records = kiosk.session("S-1", "TRF-1");
    kiosk.sends(&records, &["appended"; 4]).await;
    until(&t, r#"mizan_kiosk_devices{state="active"}"#, |devices| devices == 1).await;
    until(&t, "mizan_kiosk_devices_silent", |devices| devices == 0).await;

    t.env.clock.advance(Duration::from_mins(20));
    until(&t, "mizan_kiosk_devices_silent", |devices| devices == 1).await;
    until(&t, "mizan_kiosk_silent_longest_seconds", |age| age >= 1_200).await;
    until(&t, "mizan_kiosk_cash_oldest_seconds", |age| age >= 1_200).await;

    let removed = kiosk.write("unit.removed", &json!({ "unit_id": "CB-1", "unit_generation": 4 }));
    kiosk.sends(&[removed], &["appended"]).await;
    until(&t, "mizan_kiosk_cash_oldest_seconds", |age| age == 0).await;
    until(&t, "mizan_kiosk_devices_silent", |devices| devices == 0).await;
}
