//! Two journals of one device.

use boot::wire::time_to_wire;
use proto::kiosk::v1::{CashStacked, DeviceQuarantined, DeviceState};
use serde_json::json;
use standards::device_journal::genesis;

use crate::stack::Stack;

#[tokio::test]
async fn a_cloned_device_is_quarantined_and_its_records_are_kept_apart() {
    let t = Stack::start().await;
    t.payments.bill("TRF-9", 5_000, 0, proto::payments::v1::ReceivableState::Open);
    let mut kiosk = t.kiosk("KSK-0001").await;
    let before = kiosk.session("S-1", "TRF-1");
    kiosk.sends(&before, &["appended"; 4]).await;

    let mut clone = kiosk.clone(); // the same key and certificate, the same past
    let ours = kiosk.session("S-2", "TRF-2");
    let theirs = clone.session("S-3", "TRF-3");
    kiosk.sends(&ours, &["appended"; 4]).await;
    let answer = clone.sends(&theirs, &["quarantined"; 4]).await;
    assert_eq!(
        (answer["ack_seq"].as_i64(), answer["ack_hash"].as_str()),
        (Some(8), Some(&*kiosk.last.to_string()))
    );

    let device = t.device("KSK-0001").await;
    assert_eq!((device.state(), device.quarantined_records), (DeviceState::Quarantined, 4));
    assert_eq!(t.evidence().await.len(), 4, "each of the clone's records contradicts one of ours");
    assert!(t.evidence().await.iter().all(|kind| kind == "fork"));

    // From here on nobody knows who is who: records of both are kept, none is posted.
    let posted = t.count("SELECT count(*) FROM outbox").await;
    let more = kiosk.session("S-4", "TRF-4");
    kiosk.sends(&more, &["quarantined"; 4]).await;
    kiosk.sends(&more, &["quarantined"; 4]).await;
    kiosk.sends(&ours, &["duplicate"; 4]).await;
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, posted);
    assert_eq!(t.device("KSK-0001").await.quarantined_records, 8);
    assert_eq!(t.device("KSK-0001").await.last_seq, 8);

    let session = json!({ "bill_reference": "TRF-9", "session_id": "S-5" });
    let (status, answer) = kiosk.post("sessions", &session).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("device_quarantined")));
}

#[tokio::test]
async fn a_record_that_does_not_follow_is_a_fork_within_one_message() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let mut records = vec![kiosk.open("S-1", "TRF-1"), kiosk.stack("S-1", 500)];
    let past = genesis("KSK-0001", 1);
    let body = json!({ "session_id": "S-1", "denom_fils": 500 });
    records.push(kiosk.record(3, past, "cash.stacked", &body));
    records.push(kiosk.stack("S-1", 1_000)); // the right third record comes too late
    kiosk.sends(&records, &["appended", "appended", "quarantined", "quarantined"]).await;
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Quarantined);
    assert_eq!(t.told::<CashStacked>("cash.stacked").await.len(), 1);
    assert_eq!(t.evidence().await, ["fork"]);
}

#[tokio::test]
async fn a_quarantine_tells_once_what_lies_in_the_sessions_it_leaves_open() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let done = kiosk.session("S-1", "TRF-1");
    kiosk.sends(&done, &["appended"; 4]).await;
    let mut other = t.kiosk("KSK-0002").await;
    let elsewhere = [other.open("S-1", "TRF-1"), other.stack("S-1", 20_000)];
    other.sends(&elsewhere, &["appended"; 2]).await;
    let mut clone = kiosk.clone();
    let empty = clone.open("S-9", "TRF-9");
    let open = [kiosk.open("S-2", "TRF-2"), kiosk.stack("S-2", 5_000), kiosk.open("S-3", "TRF-3")];
    kiosk.sends(&open, &["appended"; 3]).await;
    assert!(t.told::<DeviceQuarantined>("device.quarantined").await.is_empty());

    // One message: a note of the journal we know, then a record of the other one, then a note nobody can place.
    let batch = [kiosk.stack("S-2", 500), empty, kiosk.stack("S-3", 1_000)];
    kiosk.sends(&batch, &["appended", "quarantined", "quarantined"]).await;

    let told: Vec<DeviceQuarantined> = t.told("device.quarantined").await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].device_id.as_str(), told[0].epoch), ("KSK-0001", 1));
    assert_eq!(told[0].at, Some(time_to_wire(t.env.clock.now())));
    assert_eq!(told[0].reason, "another record with this number is stored");
    let sessions: Vec<_> = told[0]
        .sessions
        .iter()
        .map(|s| (s.session_id.as_str(), s.bill_reference.as_str(), s.stacked.as_ref().unwrap().minor_units))
        .collect();
    assert_eq!(sessions, [("S-2", "TRF-2", 5_500), ("S-3", "TRF-3", 0)]);
    let version = "SELECT version FROM outbox WHERE aggregate = 'KSK-0001'";
    assert_eq!(
        t.count(version).await,
        t.count("SELECT version FROM device WHERE device_id = 'KSK-0001'").await
    );

    let again = clone.session("S-10", "TRF-10");
    clone.sends(&again, &["quarantined"; 4]).await;
    assert_eq!(t.told::<DeviceQuarantined>("device.quarantined").await.len(), 1, "told at the first fork");
}

#[tokio::test]
async fn an_epoch_is_closed_by_a_signed_record_and_stays_closed() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let old = kiosk.session("S-1", "TRF-1");
    kiosk.sends(&old, &["appended"; 4]).await;
    let mut old_disk = kiosk.clone();

    let closing = json!({ "closed_epoch": 1, "last_seq": 4, "last_hash": kiosk.last });
    (kiosk.epoch, kiosk.seq, kiosk.last) = (2, 0, genesis("KSK-0001", 2));
    let first = kiosk.write("journal.epoch", &closing);
    let answer = kiosk.sends(&[first], &["appended"]).await;
    assert_eq!((answer["epoch"].as_i64(), answer["ack_seq"].as_i64()), (Some(2), Some(1)));
    let next = kiosk.session("S-2", "TRF-2");
    kiosk.sends(&next, &["appended"; 4]).await;
    old_disk.sends(&old, &["duplicate"; 4]).await;
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Active);

    let late = old_disk.stack("S-1", 20_000);
    old_disk.sends(&[late], &["quarantined"]).await;
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Quarantined);
}

#[tokio::test]
async fn an_epoch_that_forgets_records_of_the_one_before_is_a_fork() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let old = kiosk.session("S-1", "TRF-1");
    kiosk.sends(&old, &["appended"; 4]).await;
    let closing = json!({ "closed_epoch": 1, "last_seq": 2, "last_hash": old[1].hash });
    (kiosk.epoch, kiosk.seq, kiosk.last) = (2, 0, genesis("KSK-0001", 2));
    let first = kiosk.write("journal.epoch", &closing);
    kiosk.sends(&[first], &["quarantined"]).await;
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Quarantined);
}
