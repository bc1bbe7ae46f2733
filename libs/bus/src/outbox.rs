//! What a service must tell: rows written in the transaction of the fact, and read by the relay.

use std::time::Duration;

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::event::{Event, Outgoing};

/// Published rows are kept this long, and sent again if the broker loses its store meanwhile.
pub(crate) const RETENTION: Duration = Duration::from_hours(7 * 24);
/// A claimed row belongs to its relay this long by the clock of Postgres, which all relays share.
const CLAIM_SECONDS: i32 = 10;
/// Rows published by one claim.
pub(crate) const BATCH: i64 = 500;

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
    let traceparents: Vec<String> =
        traceparents.iter().map(|trace| trace.clone().unwrap_or_default()).collect();
    let bodies: Vec<Vec<u8>> = events.iter().map(|e| e.body.clone()).collect();
    sqlx::query!(
        "INSERT INTO outbox (event_id, subject, aggregate, version, body, traceparent, created_at)
         SELECT event_id, subject, aggregate, version, body, NULLIF(traceparent, ''), $7
           FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::text[])
             AS told (event_id, subject, aggregate, version, body, traceparent)",
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

/// Takes up to [`BATCH`] unpublished rows for [`CLAIM_SECONDS`]. By state and not by "newer than the last one": a slow
/// transaction may commit an older row late.
pub(crate) async fn claim(tx: &mut Tx) -> Result<Vec<Outgoing>, pg::Error> {
    let mut rows = sqlx::query!(
        "UPDATE outbox
            SET claimed_until = clock_timestamp() + make_interval(secs => $2)
          WHERE event_id IN (
                SELECT event_id
                  FROM outbox
                 WHERE published_at IS NULL
                   AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
                 ORDER BY created_at
                 LIMIT $1
                   FOR UPDATE SKIP LOCKED)
         RETURNING event_id, subject, aggregate, version, body, traceparent, created_at",
        BATCH,
        f64::from(CLAIM_SECONDS),
    )
    .fetch_all(tx.conn())
    .await?;
    // RETURNING promises no order; consumers are happiest with the one of the facts.
    rows.sort_by(|a, b| {
        (a.created_at, &a.aggregate, a.version).cmp(&(b.created_at, &b.aggregate, b.version))
    });
    let outgoing = rows.into_iter().map(|row| Outgoing {
        event: Event {
            event_id: row.event_id,
            subject: row.subject,
            aggregate: row.aggregate,
            version: row.version,
            body: row.body,
        },
        traceparent: row.traceparent,
        created_at: row.created_at,
    });
    Ok(outgoing.collect())
}

/// Marks rows as published to the store made at `stream`, unless another store is known by now: then they stay unpublished
/// and go to that one. The lock on `outbox_stream` makes [`resend_if_new`] wait for us, or us see its outcome.
pub(crate) async fn mark(
    tx: &mut Tx,
    published: &[Uuid],
    stream: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), pg::Error> {
    let same_store = sqlx::query_scalar!(
        "SELECT stream_created_at FROM outbox_stream WHERE stream_created_at = $1 FOR SHARE",
        stream,
    )
    .fetch_optional(tx.conn())
    .await?;
    if same_store.is_none() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE outbox
            SET published_at = $2, claimed_until = NULL
          WHERE event_id = ANY($1)
            AND published_at IS NULL",
        published,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives back rows that could not be published.
pub(crate) async fn release(tx: &mut Tx, unpublished: &[Uuid]) -> Result<(), pg::Error> {
    sqlx::query!(
        "UPDATE outbox SET claimed_until = NULL WHERE event_id = ANY($1) AND published_at IS NULL",
        unpublished,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Unmarks every row of the retention if the broker's store, made at `stream`, is not the one we sent them to. How many.
pub(crate) async fn resend_if_new(
    tx: &mut Tx,
    stream: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<u64, pg::Error> {
    let new = sqlx::query!(
        "INSERT INTO outbox_stream AS known (stream_created_at)
         VALUES ($1)
             ON CONFLICT (one_row) DO UPDATE
            SET stream_created_at = excluded.stream_created_at
          WHERE known.stream_created_at <> excluded.stream_created_at",
        stream,
    )
    .execute(tx.conn())
    .await?;
    if new.rows_affected() == 0 {
        return Ok(0);
    }
    let unmarked = sqlx::query!(
        "UPDATE outbox
            SET published_at = NULL, claimed_until = NULL
          WHERE published_at IS NOT NULL
            AND created_at >= $1",
        now - RETENTION,
    )
    .execute(tx.conn())
    .await?;
    Ok(unmarked.rows_affected())
}

/// When the oldest row that still waits was written.
pub(crate) async fn oldest_unpublished(tx: &mut Tx) -> Result<Option<OffsetDateTime>, pg::Error> {
    let oldest = sqlx::query_scalar!("SELECT min(created_at) FROM outbox WHERE published_at IS NULL")
        .fetch_one(tx.conn())
        .await?;
    Ok(oldest)
}

/// Deletes some rows that are older than the retention. How many.
pub(crate) async fn forget(tx: &mut Tx, now: OffsetDateTime) -> Result<u64, pg::Error> {
    let gone = sqlx::query!(
        "DELETE FROM outbox
          WHERE event_id IN (SELECT event_id FROM outbox WHERE published_at < $1 ORDER BY published_at LIMIT 1000)",
        now - RETENTION,
    )
    .execute(tx.conn())
    .await?;
    Ok(gone.rows_affected())
}
