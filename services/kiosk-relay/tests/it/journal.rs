//! Each row of the table of what a journal's record can be, but forks.

use proto::kiosk::v1::{CashStacked, SessionClosed, SessionEnd};
use serde_json::json;
use standards::device_journal::Signature;

use crate::stack::Stack;

#[tokio::test]
async fn a_session_is_posted_note_by_note_and_closed_with_the_sum_we_counted() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let records = kiosk.session("S-1", "TRF-1");
    let answer = kiosk.sends(&records, &["appended"; 4]).await;
    assert_eq!(
        (answer["ack_seq"].as_i64(), answer["ack_hash"].as_str()),
        (Some(4), Some(&*kiosk.last.to_string()))
    );

    let notes: Vec<CashStacked> = t.told("cash.stacked").await;
    let note = &notes[0];
    assert_eq!((note.device_id.as_str(), note.epoch, note.seq), ("KSK-0001", 1, 2));
    assert_eq!((note.session_id.as_str(), note.bill_reference.as_str()), ("S-1", "TRF-1"));
    assert_eq!((note.unit_id.as_str(), note.unit_generation, note.session_known), ("CB-1", 4, true));
    let fils: Vec<_> = notes.iter().map(|note| note.denomination.as_ref().unwrap().minor_units).collect();
    assert_eq!(fils, [5_000, 500]);

    let closed: Vec<SessionClosed> = t.told("session.closed").await;
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].end(), closed[0].seq), (SessionEnd::Committed, 4));
    assert_eq!(
        closed[0].stacked.as_ref().unwrap().minor_units,
        5_500,
        "not what the device says, what it stacked"
    );
    assert_eq!(closed[0].receipt_number, "R-1");

    let (status, hello) = kiosk
        .post("hello", &json!({ "epoch": 1, "last_seq": 4, "last_hash": kiosk.last, "boot_id": "b", "fw": "1", "device_time": "" }))
        .await;
    assert_eq!((status, hello["ack_seq"].as_i64(), hello["state"].as_str()), (200, Some(4), Some("active")));
    assert!(t.device("KSK-0001").await.last_seen_at.is_some());
}

#[tokio::test]
async fn the_whole_journal_again_changes_nothing() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    kiosk.session("S-1", "TRF-1");
    kiosk.session("S-2", "TRF-2");
    kiosk.sends(&kiosk.journal, &["appended"; 8]).await;
    kiosk.sends(&kiosk.journal, &["duplicate"; 8]).await;
    let twice: Vec<_> = kiosk.journal.iter().chain(&kiosk.journal).cloned().collect();
    let answer = kiosk.sends(&twice, &["duplicate"; 16]).await;
    assert_eq!(answer["ack_seq"], 8);
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 6);
    assert_eq!(t.count("SELECT count(*) FROM journal_record").await, 8);
    assert_eq!(t.count("SELECT sum(stacked_fils)::bigint FROM device_session").await, 11_000);
}

#[tokio::test]
async fn nothing_after_a_gap_is_posted() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let records = kiosk.session("S-1", "TRF-1");
    let holed = [records[0].clone(), records[2].clone(), records[3].clone()];
    let (status, answer) = kiosk.send(&holed).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("journal_gap")));
    assert_eq!((answer["need_epoch"].as_i64(), answer["need_from"].as_i64()), (Some(1), Some(2)));
    assert_eq!(answer["ack_seq"], 1);
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 0);

    kiosk.sends(&records, &["duplicate", "appended", "appended", "appended"]).await;
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 3);
}

#[tokio::test]
async fn a_bad_signature_posts_nothing_of_its_batch_and_leaves_evidence() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let mut records = kiosk.session("S-1", "TRF-1");
    records[3].sig = Signature([9; 64]);
    let (status, answer) = kiosk.send(&records).await;
    assert_eq!((status, answer["code"].as_str()), (401, Some("signature_invalid")));
    let mut dearer = kiosk.journal.clone();
    dearer[1].record.body.insert("denom_fils".into(), json!(20_000));
    assert_eq!(kiosk.send(&dearer).await.0, 401);
    assert_eq!(t.evidence().await, ["bad_signature", "bad_signature"]);
    assert_eq!(t.count("SELECT count(*) FROM journal_record").await, 0);

    kiosk.sends(&kiosk.journal, &["appended"; 4]).await;
}

#[tokio::test]
async fn a_device_speaks_only_for_itself() {
    let t = Stack::start().await;
    let mut one = t.kiosk("KSK-0001").await;
    let other = t.kiosk("KSK-0002").await;
    let records = one.session("S-1", "TRF-1");
    let (status, answer) = other.send(&records).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("record_of_other_device")));
    assert_eq!(t.evidence().await, ["foreign_record"]);
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 0);
}

#[tokio::test]
async fn odd_meaning_is_accepted_and_told_as_such() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let mut records = vec![kiosk.stack("never-opened", 1_000), kiosk.commit("never-opened")];
    records.extend(kiosk.session("S-1", "TRF-1"));
    records.push(kiosk.stack("S-1", 20_000)); // after its end
    records.push(kiosk.write("cash.stacked", &json!({ "session_id": "S-1", "unit_id": "\u{0}" }))); // no amount
    records.push(kiosk.write("coffee.served", &json!({ "session_id": "x".repeat(9_000) }))); // newer firmware
    let cancelled = [kiosk.open("S-2", "TRF-2"), kiosk.stack("S-2", 500)];
    records.extend(cancelled);
    records.push(kiosk.write("session.cancelled", &json!({ "session_id": "S-2", "tendered_fils": 500 })));
    kiosk.sends(&records, &vec!["appended"; records.len()]).await;

    let notes: Vec<CashStacked> = t.told("cash.stacked").await;
    let known: Vec<_> = notes
        .iter()
        .map(|note| (note.session_known, note.denomination.as_ref().unwrap().minor_units))
        .collect();
    assert_eq!(known, [(false, 1_000), (true, 5_000), (true, 500), (false, 20_000), (true, 500)]);
    assert_eq!(notes[0].bill_reference, "");
    let closed: Vec<SessionClosed> = t.told("session.closed").await;
    let ends: Vec<_> =
        closed.iter().map(|end| (end.end(), end.stacked.as_ref().unwrap().minor_units)).collect();
    assert_eq!(ends, [(SessionEnd::Committed, 5_500), (SessionEnd::Cancelled, 500)]);
    assert_eq!(t.evidence().await, ["odd_session", "unreadable_cash"]);
}

#[tokio::test]
async fn records_and_their_events_are_one_transaction() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let records = kiosk.session("S-1", "TRF-1");
    t.sql("ALTER TABLE outbox_envelope RENAME TO outbox_away").await;
    assert_eq!(kiosk.send(&records).await.0, 500);
    assert_eq!(t.count("SELECT count(*) FROM journal_record").await, 0);
    assert_eq!(t.device("KSK-0001").await.last_seq, 0);

    t.sql("ALTER TABLE outbox_away RENAME TO outbox_envelope").await;
    kiosk.sends(&records, &["appended"; 4]).await;
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 3);
}

#[tokio::test]
async fn the_stored_journal_cannot_be_changed() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let records = kiosk.session("S-1", "TRF-1");
    kiosk.sends(&records, &["appended"; 4]).await;
    for sql in
        ["UPDATE journal_record SET kind = 'x'", "DELETE FROM journal_record", "TRUNCATE journal_record"]
    {
        let mut tx = t.env.pg.begin().await.unwrap();
        assert!(sqlx::raw_sql(sql).execute(tx.conn()).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn batches_have_a_form() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    for _ in 0..201 {
        kiosk.write("door.opened", &json!({}));
    }
    let (status, answer) = kiosk.send(&kiosk.journal).await;
    assert_eq!((status, answer["field"].as_str()), (422, Some("records")));
    let (status, answer) = kiosk.post("journal", &json!({ "epoch": 2, "records": [kiosk.journal[0]] })).await;
    assert_eq!((status, answer["field"].as_str()), (422, Some("records")));
    let (status, answer) = kiosk.post("journal", &json!({ "epoch": 1 })).await;
    assert_eq!((status, answer["field"].as_str()), (422, Some("body")));
    kiosk.sends(&kiosk.journal[..200], &["appended"; 200]).await;
    kiosk.sends(&[], &[]).await;
}
