//! What a kiosk may ask a payer for.

use boot::wire::time_to_wire;
use ed25519_dalek::{Signature, VerifyingKey};
use proto::common::v1::Channel;
use proto::payments::v1::{ChannelTerms, ReceivableState};
use serde_json::{Value, json};
use standards::device_journal::canonical;
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::stack::{REGISTRAR, Stack};

fn session(bill: &str) -> Value {
    json!({ "bill_reference": bill, "session_id": "S-1" })
}

#[tokio::test]
async fn a_bill_for_offline_times_is_signed_and_says_what_is_still_due() {
    let t = Stack::start().await;
    t.payments.bill("TRF-1", 12_500, 2_500, ReceivableState::PartiallyPaid);
    let code = t.register("KSK-0001", REGISTRAR).await.unwrap();
    let mut kiosk = crate::kiosk::Kiosk::new("KSK-0001", &t.relay_url(), &t.ca_pem());
    let (_, enrolled) = kiosk.enrol(&code).await;
    t.activate("KSK-0001", crate::stack::SECOND).await.unwrap();

    let (status, answer) = kiosk.get("bills?ref=TRF-1").await;
    assert_eq!(status, 200, "{answer}");
    let snapshot = &answer["snapshot"];
    assert_eq!((snapshot["due_fils"].as_i64(), snapshot["version"].as_i64()), (Some(10_000), Some(3)));
    let key: [u8; 32] = hex::decode(enrolled["bill_key"].as_str().unwrap()).unwrap().try_into().unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let signature: standards::device_journal::Signature =
        answer["signature"].as_str().unwrap().parse().unwrap();
    let signature = Signature::from_bytes(&signature.0);
    key.verify_strict(canonical(snapshot).unwrap().as_bytes(), &signature).unwrap();

    let mut cheaper = snapshot.clone();
    cheaper["due_fils"] = json!(1);
    assert!(key.verify_strict(canonical(&cheaper).unwrap().as_bytes(), &signature).is_err());
}

#[tokio::test]
async fn sessions_begin_only_for_bills_that_can_be_paid_now() {
    let t = Stack::start().await;
    let kiosk = t.enrolled("KSK-0001").await;
    t.payments.bill("TRF-1", 5_000, 0, ReceivableState::Open);
    let (status, answer) = kiosk.post("sessions", &session("TRF-1")).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("device_not_active")));

    t.activate("KSK-0001", crate::stack::SECOND).await.unwrap();
    let (status, answer) = kiosk.post("sessions", &session("TRF-1")).await;
    assert_eq!((status, answer["due_fils"].as_i64()), (200, Some(5_000)));

    t.payments.bill("TRF-2", 5_000, 0, ReceivableState::Held);
    t.payments.bill("TRF-3", 5_000, 5_000, ReceivableState::Paid);
    t.payments.bill("TRF-5", 5_000, 0, ReceivableState::Cancelled);
    t.payments.bill("TRF-6", 5_000, 2_000, ReceivableState::WrittenOff);
    for (bill, status, code) in [
        ("TRF-2", 409, "payment_in_progress"),
        ("TRF-3", 409, "bill_already_paid"),
        ("TRF-4", 404, "bill_unknown"),
        ("TRF-5", 409, "bill_cancelled"),
        ("TRF-6", 409, "bill_written_off"),
    ] {
        let (said, answer) = kiosk.post("sessions", &session(bill)).await;
        assert_eq!((said, answer["code"].as_str()), (status, Some(code)));
    }
    assert_eq!(kiosk.get("bills?ref=TRF-2").await.0, 200, "a held bill may be kept for offline times");
    assert_eq!(kiosk.get("bills?ref=TRF-3").await.1["code"], "bill_already_paid");
    assert_eq!(kiosk.get("bills?ref=TRF-4").await.1["code"], "bill_unknown");
}

#[tokio::test]
async fn where_policy_has_ended_cash_a_kiosk_is_told_what_is_open_and_until_then_when_to_stop() {
    let t = Stack::start().await;
    let kiosk = t.enrolled("KSK-0001").await;
    t.activate("KSK-0001", crate::stack::SECOND).await.unwrap();
    t.payments.bill("TRF-1", 5_000, 0, ReceivableState::Open);
    let terms = |channel: Channel, open| ChannelTerms { channel: channel.into(), open, ..Default::default() };
    let until = t.env.clock.now() + Duration::from_hours(2);
    let cash = ChannelTerms { open_until: Some(time_to_wire(until)), ..terms(Channel::KioskCash, true) };
    t.payments.channels("TRF-1", vec![terms(Channel::Wallet, true), cash]);
    let (status, answer) = kiosk.get("bills?ref=TRF-1").await;
    assert_eq!(status, 200, "{answer}");
    let stops = answer["snapshot"]["payable_until"].as_str().unwrap();
    assert_eq!(OffsetDateTime::parse(stops, &Rfc3339).unwrap(), until, "not a day later");

    let open = [Channel::Wallet, Channel::Card].map(|channel| terms(channel, true));
    t.payments.channels("TRF-1", [&open[..], &[terms(Channel::KioskCash, false)]].concat());
    for (said, answer) in
        [kiosk.get("bills?ref=TRF-1").await, kiosk.post("sessions", &session("TRF-1")).await]
    {
        assert_eq!((said, answer["code"].as_str()), (409, Some("channel_closed")));
        assert_eq!(answer["instead"], json!(["wallet", "card"]));
    }
}
