//! The broker's store as the outbox knows it: which one it is, and how far it acknowledged. The table `outbox_stream`.

use std::time::Duration;

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::outbox::RETENTION;

/// How far before its end a store may have lost events. NATS writes through to the disk every two minutes by default;
/// the rest is for operators who made that longer, and for clocks that differ.
const MARGIN: Duration = Duration::from_mins(15);

/// One life of a broker's store. It ends when the store is lost, whole or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) made_at: OffsetDateTime,
    pub(crate) losses: i64,
}

/// An event, and its place in the store, by which these sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Acked {
    pub(crate) seq: i64,
    pub(crate) event: Uuid,
}

/// What was sent where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) store: Store,
    pub(crate) acked_seq: i64,
    /// None right after a loss: then only the place is known.
    pub(crate) acked_event: Option<Uuid>,
}

/// What is known; nothing before the first look at a broker.
pub(crate) async fn known(tx: &mut Tx) -> Result<Option<Sent>, pg::Error> {
    let row = sqlx::query!("SELECT stream_created_at, losses, acked_seq, acked_event FROM outbox_stream")
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.map(|row| Sent {
        store: Store { made_at: row.stream_created_at, losses: row.losses },
        acked_seq: row.acked_seq,
        acked_event: row.acked_event,
    }))
}

/// Notes how far `store` acknowledged; never less than before. False, and nothing noted, if that life of it is over. Its
/// lock makes a replica that finds a loss wait for what `tx` marks, or makes `tx` see what the replica found.
pub(crate) async fn note(tx: &mut Tx, store: Store, acked: Option<Acked>) -> Result<bool, pg::Error> {
    let done = sqlx::query!(
        "UPDATE outbox_stream
            SET acked_event = CASE WHEN $3 > acked_seq THEN $4 ELSE acked_event END,
                acked_seq = greatest(acked_seq, $3)
          WHERE stream_created_at = $1
            AND losses = $2",
        store.made_at,
        store.losses,
        acked.map_or(0, |acked| acked.seq),
        acked.map(|acked| acked.event),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Unmarks every envelope of the retention if the broker's store, made at `made_at`, is not the one we sent them to. How many.
pub(crate) async fn resend_if_new(
    tx: &mut Tx,
    made_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<u64, pg::Error> {
    let new = sqlx::query!(
        "INSERT INTO outbox_stream AS known (stream_created_at)
         VALUES ($1)
             ON CONFLICT (one_row) DO UPDATE
            SET stream_created_at = excluded.stream_created_at,
                acked_seq = 0, acked_event = NULL, losses = 0
          WHERE known.stream_created_at <> excluded.stream_created_at",
        made_at,
    )
    .execute(tx.conn())
    .await?;
    if new.rows_affected() == 0 {
        return Ok(0);
    }
    let unmarked = sqlx::query!(
        "UPDATE outbox_envelope
            SET published_at = NULL, claimed_until = NULL
          WHERE published_at IS NOT NULL
            AND created_at >= $1",
        now - RETENTION,
    )
    .execute(tx.conn())
    .await?;
    Ok(unmarked.rows_affected())
}

/// Unmarks the envelopes that `store` may have lost with its end, which is now at `last_seq` and was written at `last_at`.
/// How many; none if a replica did it before.
///
/// Not the whole retention: days of events again would keep every consumer busy for the sake of some minutes. Counted
/// back from the last one that was published, not from now: the broker may have been away for hours since. And back from
/// the end of the store, which is far earlier if an old copy of it was restored.
pub(crate) async fn resend_lost(
    tx: &mut Tx,
    store: Store,
    last_seq: i64,
    last_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<u64, pg::Error> {
    let lost = sqlx::query!(
        "UPDATE outbox_stream
            SET acked_seq = $3, acked_event = NULL, losses = losses + 1
          WHERE stream_created_at = $1
            AND losses = $2",
        store.made_at,
        store.losses,
        last_seq,
    )
    .execute(tx.conn())
    .await?;
    if lost.rows_affected() == 0 {
        return Ok(0);
    }
    let unmarked = sqlx::query!(
        "UPDATE outbox_envelope
            SET published_at = NULL, claimed_until = NULL
          WHERE published_at >= least($1, (SELECT max(published_at) FROM outbox_envelope) - make_interval(secs => $2))
            AND created_at >= $3",
        last_at - MARGIN,
        MARGIN.as_secs_f64(),
        now - RETENTION,
    )
    .execute(tx.conn())
    .await?;
    Ok(unmarked.rows_affected())
}
