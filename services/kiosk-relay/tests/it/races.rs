//! Two at once, forced: a gate holds the device's row until both wait for it.

use std::time::Duration;

use proto::kiosk::v1::DeviceState;
use testkit::wait_for;

use crate::{
    kiosk::Kiosk,
    stack::{REGISTRAR, Stack},
};

const PATIENCE: Duration = Duration::from_secs(20);

impl Stack {
    /// Holds what `lock` selects.
    async fn gate(&self, lock: &'static str) -> pg::Tx {
        let mut gate = self.env.pg.begin().await.unwrap();
        sqlx::raw_sql(lock).execute(gate.conn()).await.unwrap();
        gate
    }

    /// Lets go when two wait for it.
    async fn open_when_both_wait(&self, gate: pg::Tx) {
        let waiters = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for("both wait at the gate", PATIENCE, async || (self.count(waiters).await == 2).then_some(()))
            .await;
        gate.rollback().await.unwrap();
    }
}

const DEVICE: &str = "SELECT FROM device FOR UPDATE";

#[tokio::test]
async fn the_same_batch_twice_at_once_has_one_effect() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let records = kiosk.session("S-1", "TRF-1");
    let gate = t.gate(DEVICE).await;
    let (a, b, ()) = tokio::join!(kiosk.send(&records), kiosk.send(&records), t.open_when_both_wait(gate));
    assert_eq!((a.0, b.0), (200, 200), "{} {}", a.1, b.1);
    let mut said = [a.1["results"][0]["result"].to_string(), b.1["results"][0]["result"].to_string()];
    said.sort();
    assert_eq!(said, ["\"appended\"", "\"duplicate\""]);
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 3);
    assert_eq!(t.count("SELECT sum(stacked_fils)::bigint FROM device_session").await, 5_500);
}

#[tokio::test]
async fn of_two_devices_with_one_key_at_once_one_is_booked() {
    let t = Stack::start().await;
    let mut kiosk = t.kiosk("KSK-0001").await;
    let mut clone = kiosk.clone();
    let (ours, theirs) = (kiosk.session("S-1", "TRF-1"), clone.session("S-2", "TRF-2"));
    let gate = t.gate(DEVICE).await;
    let (a, b, ()) = tokio::join!(kiosk.send(&ours), clone.send(&theirs), t.open_when_both_wait(gate));
    let mut said = [a.1["results"][0]["result"].to_string(), b.1["results"][0]["result"].to_string()];
    said.sort();
    assert_eq!(said, ["\"appended\"", "\"quarantined\""]);
    assert_eq!(t.count("SELECT count(*) FROM outbox").await, 4, "the session, and the quarantine");
    assert_eq!(t.device("KSK-0001").await.state(), DeviceState::Quarantined);
}

#[tokio::test]
async fn of_two_keys_with_one_code_at_once_one_is_enrolled() {
    let t = Stack::start().await;
    let code = t.register("KSK-0001", REGISTRAR).await.unwrap();
    let kiosk = |serial| Kiosk::new(serial, &t.relay_url(), &t.ca_pem());
    let (mut one, mut two) = (kiosk("KSK-0001"), kiosk("KSK-0002"));
    two.device_id = "KSK-0001".into(); // another key, the same claim
    let gate = t.gate("SELECT FROM enrolment_code FOR UPDATE").await;
    let (a, b, ()) = tokio::join!(one.enrol(&code), two.enrol(&code), t.open_when_both_wait(gate));
    let mut said = [a.0, b.0];
    said.sort_unstable();
    assert_eq!(said, [200, 403]);
}
