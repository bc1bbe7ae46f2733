//! What a service must tell: rows written in the transaction of the fact, and read by the relay.

use std::time::Duration;

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    event::{Event, Outgoing},
    sent::{self, Acked, Store},
};

/// Published rows are kept this long, and sent again if the broker loses its store meanwhile.
pub(crate) const RETENTION: Duration = Duration::from_hours(7 * 24);
/// A claimed row belongs to its relay this long by the clock of Postgres, which all relays share.
const CLAIM_SECONDS: i32 = 10;
/// Envelopes published by one claim. An envelope holds what one transaction tells, so this bounds what the relay has in
/// memory by a few of the largest transactions.
pub(crate) const BATCH: i64 = 16;
/// Envelopes deleted by one statement.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

/// Writes what `tx` must tell, with the trace of the current span. Call [`crate::Bus::ring`] after the commit.
///
/// # Errors
/// As any write of `tx`.
pub async fn push(tx: &mut Tx, events: &[Event], now: OffsetDateTime) -> Result<(), pg::Error> {
    let traceparent = boot::trace::traceparent();
    insert(tx, events, &vec![traceparent; events.len()], now).await
}

/// As [`push`], for a transaction that does the work of many calls: each event has the trace of its own call.
///
/// # Errors
/// As any write of `tx`.
pub async fn push_traced(
    tx: &mut Tx,
    events: Vec<(Event, Option<String>)>,
    now: OffsetDateTime,
) -> Result<(), pg::Error> {
    let (events, traceparents): (Vec<Event>, Vec<Option<String>>) = events.into_iter().unzip();
    insert(tx, &events, &traceparents, now).await
}

async fn insert(
    tx: &mut Tx,
    events: &[Event],
    traceparents: &[Option<String>],
    now: OffsetDateTime,
) -> Result<(), pg::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = events.iter().map(|e| e.event_id).collect();
    let subjects: Vec<String> = events.iter().map(|e| e.subject.clone()).collect();
    let aggregates: Vec<String> = events.iter().map(|e| e.aggregate.clone()).collect();
    let versions: Vec<i64> = events.iter().map(|e| e.version).collect();
    let bodies: Vec<Vec<u8>> = events.iter().map(|e| e.body.clone()).collect();
    let traceparents: Vec<String> =
        traceparents.iter().map(|trace| trace.clone().unwrap_or_default()).collect();
    sqlx::query!(
        "INSERT INTO outbox_envelope
             (event_ids, subjects, aggregates, versions, bodies, traceparents, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &ids,
        &subjects,
        &aggregates,
        &versions,
        &bodies,
        &traceparents,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes up to [`BATCH`] unpublished envelopes for [`CLAIM_SECONDS`], and what is in them. By state and not by "newer than
/// the last one": a slow transaction may commit an older row late.
pub(crate) async fn claim(tx: &mut Tx) -> Result<Vec<Outgoing>, pg::Error> {
    let rows = sqlx::query!(
        "UPDATE outbox_envelope
            SET claimed_until = clock_timestamp() + $2::int * interval '1 second'
          WHERE envelope_id IN (
                SELECT envelope_id
                  FROM outbox_envelope
                 WHERE published_at IS NULL
                   AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
                 ORDER BY created_at
                 LIMIT $1
                   FOR UPDATE SKIP LOCKED)
         RETURNING envelope_id, event_ids, subjects, aggregates, versions, bodies, traceparents, created_at",
        BATCH,
        CLAIM_SECONDS,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut outgoing = Vec::with_capacity(rows.iter().map(|row| row.event_ids.len()).sum());
    for row in rows {
        let names = row.event_ids.into_iter().zip(row.subjects).zip(row.aggregates);
        let rest = row.versions.into_iter().zip(row.bodies).zip(row.traceparents);
        outgoing.extend(names.zip(rest).map(
            |(((event_id, subject), aggregate), ((version, body), traceparent))| Outgoing {
                envelope_id: row.envelope_id,
                event: Event { event_id, subject, aggregate, version, body },
                traceparent: Some(traceparent).filter(|trace| !trace.is_empty()),
                created_at: row.created_at,
            },
        ));
    }
    // RETURNING promises no order; consumers are happiest with the one of the facts.
    outgoing.sort_by(|a, b| {
        (a.created_at, &a.event.aggregate, a.event.version).cmp(&(
            b.created_at,
            &b.event.aggregate,
            b.event.version,
        ))
    });
    Ok(outgoing)
}

/// Marks envelopes as published, and `highest` as the highest place that `store` acknowledged them at. False, and nothing
/// marked, if that life of the store is over by now: then they stay unpublished and go out again.
pub(crate) async fn mark(
    tx: &mut Tx,
    published: &[i64],
    highest: Option<Acked>,
    store: Store,
    now: OffsetDateTime,
) -> Result<bool, pg::Error> {
    if !sent::note(tx, store, highest).await? {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE outbox_envelope
            SET published_at = $2, claimed_until = NULL
          WHERE envelope_id = ANY($1)
            AND published_at IS NULL",
        published,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(true)
}

/// Gives back envelopes that could not be published whole.
pub(crate) async fn release(tx: &mut Tx, unpublished: &[i64]) -> Result<(), pg::Error> {
    if unpublished.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE outbox_envelope SET claimed_until = NULL WHERE envelope_id = ANY($1) AND published_at IS NULL",
        unpublished,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// When the oldest envelope that still waits was written.
pub(crate) async fn oldest_unpublished(tx: &mut Tx) -> Result<Option<OffsetDateTime>, pg::Error> {
    let oldest =
        sqlx::query_scalar!("SELECT min(created_at) FROM outbox_envelope WHERE published_at IS NULL")
            .fetch_one(tx.conn())
            .await?;
    Ok(oldest)
}

/// Deletes some envelopes that are older than the retention. True when there may be more.
pub(crate) async fn forget(tx: &mut Tx, now: OffsetDateTime) -> Result<bool, pg::Error> {
    let gone = sqlx::query!(
        "DELETE FROM outbox_envelope
          WHERE envelope_id IN (
                SELECT envelope_id FROM outbox_envelope WHERE published_at < $1 ORDER BY published_at LIMIT $2)",
        now - RETENTION,
        FORGOTTEN_AT_ONCE,
    )
    .execute(tx.conn())
    .await?;
    Ok(i64::try_from(gone.rows_affected()).is_ok_and(|gone| gone == FORGOTTEN_AT_ONCE))
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, sync::LazyLock};

    use sqlx::migrate::{Migration, MigrationType, Migrator};
    use testkit::Env;
    use time::macros::datetime;

    use super::*;

    static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
        let one = |version: i64, sql: &'static str| {
            let sql = sqlx::SqlSafeStr::into_sql_str(sql);
            Migration::new(version, Cow::Borrowed("bus"), MigrationType::Simple, sql, false)
        };
        Migrator::with_migrations(vec![
            one(1, include_str!("../migrations/0001_bus.sql")),
            one(2, include_str!("../migrations/0002_bus_acked.sql")),
            one(3, include_str!("../migrations/0003_bus_envelopes.sql")),
        ])
    });

    const OLD: Store = Store { made_at: datetime!(2026-01-01 00:00:00 UTC), losses: 0 };
    const NEW: Store = Store { made_at: datetime!(2026-01-15 06:00:01 UTC), losses: 0 };

    /// An envelope with one event: its id, and the event's.
    type Row = (i64, Uuid);

    async fn one_row(env: &Env) -> Row {
        let event_id = env.ids.uuid(env.clock.now());
        let event = Event {
            event_id,
            subject: "mizan.payments.payment.captured".to_owned(),
            aggregate: "p-1".to_owned(),
            version: 1,
            body: Vec::new(),
        };
        let mut tx = env.pg.begin().await.unwrap();
        sent::resend_if_new(&mut tx, OLD.made_at, env.clock.now()).await.unwrap();
        push(&mut tx, &[event], env.clock.now()).await.unwrap();
        let envelope =
            sqlx::query_scalar("SELECT envelope_id FROM outbox WHERE event_id = $1").bind(event_id);
        let envelope_id = envelope.fetch_one(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        (envelope_id, event_id)
    }

    /// Marks one row as acknowledged at `seq`.
    async fn marked(env: &Env, (envelope_id, event): Row, seq: i64, store: Store) -> bool {
        let mut tx = env.pg.begin().await.unwrap();
        let highest = Some(Acked { seq, event });
        let marked = mark(&mut tx, &[envelope_id], highest, store, env.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        marked
    }

    async fn known(env: &Env) -> sent::Sent {
        let mut tx = env.pg.read().await.unwrap();
        sent::known(&mut tx).await.unwrap().unwrap()
    }

    /// A store of [`OLD`] that ends at `seq` now, its last message just written.
    async fn lost(env: &Env, losses: i64, seq: i64, last_at: OffsetDateTime) -> u64 {
        let mut tx = env.pg.begin().await.unwrap();
        let store = Store { losses, ..OLD };
        let again = sent::resend_lost(&mut tx, store, seq, last_at, env.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        again
    }

    async fn waiting(env: &Env) -> usize {
        let mut tx = env.pg.begin().await.unwrap();
        let claimed = claim(&mut tx).await.unwrap();
        tx.rollback().await.unwrap();
        claimed.len()
    }

    #[tokio::test]
    async fn a_row_that_went_to_a_lost_store_is_not_marked_and_goes_out_again() {
        let env = Env::start("payments", &MIGRATOR).await;
        let row = one_row(&env).await;
        let now = env.clock.now();

        // One relay has published to the old store and is slow to mark; another finds the new store meanwhile.
        let mut other = env.pg.begin().await.unwrap();
        sent::resend_if_new(&mut other, NEW.made_at, now).await.unwrap();
        let marks = marked(&env, row, 1, OLD);
        let commits = async {
            testkit::wait_for("the mark waits for the other", Duration::from_secs(10), async || {
                let mut tx = env.pg.read().await.unwrap();
                sqlx::query_scalar::<_, i64>(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()",
                )
                .fetch_one(tx.conn())
                .await
                .is_ok_and(|waiters| waiters > 0)
                .then_some(())
            })
            .await;
            other.commit().await.unwrap();
        };
        let (marked, ()) = tokio::join!(marks, commits);

        assert!(!marked);
        assert_eq!(waiting(&env).await, 1);
    }

    #[tokio::test]
    async fn a_row_marked_in_the_known_store_waits_no_more_until_that_store_is_lost() {
        let env = Env::start("payments", &MIGRATOR).await;
        let row = one_row(&env).await;
        assert!(marked(&env, row, 1, OLD).await);
        assert_eq!(waiting(&env).await, 0);

        let mut tx = env.pg.begin().await.unwrap();
        assert_eq!(sent::resend_if_new(&mut tx, OLD.made_at, env.clock.now()).await.unwrap(), 0);
        assert_eq!(sent::resend_if_new(&mut tx, NEW.made_at, env.clock.now()).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(waiting(&env).await, 1);
        assert_eq!(known(&env).await, sent::Sent { store: NEW, acked_seq: 0, acked_event: None });
    }

    #[tokio::test]
    async fn what_is_known_as_acknowledged_only_grows() {
        let env = Env::start("payments", &MIGRATOR).await;
        let (first, second) = (one_row(&env).await, one_row(&env).await);
        assert!(marked(&env, second, 8, OLD).await);
        assert!(marked(&env, first, 7, OLD).await, "a replica that was slower");
        assert_eq!(known(&env).await, sent::Sent { store: OLD, acked_seq: 8, acked_event: Some(second.1) });
        assert_eq!(waiting(&env).await, 0);
    }

    #[tokio::test]
    async fn the_lost_end_of_a_store_is_sent_again_once_and_what_is_older_is_not() {
        let env = Env::start("payments", &MIGRATOR).await;
        let safe = one_row(&env).await;
        assert!(marked(&env, safe, 1, OLD).await);
        env.clock.advance(Duration::from_mins(16));
        let (last, late) = (one_row(&env).await, one_row(&env).await);
        assert!(marked(&env, last, 2, OLD).await);
        let died_at = env.clock.now();
        env.clock.advance(Duration::from_hours(5)); // the broker is away: its last minutes are long ago

        assert_eq!(lost(&env, 0, 1, died_at).await, 1);
        assert_eq!(lost(&env, 0, 1, died_at).await, 0, "a replica has seen it too");
        let after = Store { losses: 1, ..OLD };
        assert_eq!(known(&env).await, sent::Sent { store: after, acked_seq: 1, acked_event: None });
        assert!(!marked(&env, late, 3, OLD).await, "acknowledged before the loss was seen: perhaps lost");
        assert_eq!(waiting(&env).await, 2);

        assert!(marked(&env, last, 2, after).await);
        assert!(marked(&env, late, 3, after).await);
        assert_eq!(waiting(&env).await, 0);
        assert_eq!(known(&env).await, sent::Sent { store: after, acked_seq: 3, acked_event: Some(late.1) });
    }

    #[tokio::test]
    async fn an_old_copy_of_a_store_is_filled_from_its_end_on() {
        let env = Env::start("payments", &MIGRATOR).await;
        let safe = one_row(&env).await;
        assert!(marked(&env, safe, 1, OLD).await);
        env.clock.advance(Duration::from_hours(1));
        let copied_at = env.clock.now();
        for seq in 2..=4 {
            env.clock.advance(Duration::from_hours(1));
            let row = one_row(&env).await;
            assert!(marked(&env, row, seq, OLD).await);
        }
        assert_eq!(lost(&env, 0, 1, copied_at).await, 3);
    }

    #[tokio::test]
    async fn a_claimed_row_is_in_one_hand_and_a_released_one_in_none() {
        let env = Env::start("payments", &MIGRATOR).await;
        let row = one_row(&env).await;
        let mut tx = env.pg.begin().await.unwrap();
        assert_eq!(claim(&mut tx).await.unwrap().len(), 1);
        assert_eq!(waiting(&env).await, 0, "locked by an open claim");
        tx.commit().await.unwrap();
        assert_eq!(waiting(&env).await, 0, "claimed");

        let mut tx = env.pg.begin().await.unwrap();
        release(&mut tx, &[row.0]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(waiting(&env).await, 1);
    }
}
