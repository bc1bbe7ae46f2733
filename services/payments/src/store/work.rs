//! What the worker must ask providers.

use std::time::Duration;

use ids::AttemptId;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::corrupt;
use crate::{
    Error,
    domain::world::{Ask, Question, Work},
};

/// An item that this process has in hand.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The attempt's or the refund's.
    pub id: Uuid,
    pub provider: String,
    pub question: Question,
    pub fence: i64,
    /// The trace of the payment.
    pub traceparent: Option<String>,
}

/// The columns of a work item's question.
fn asked(ask: Ask) -> Option<(&'static str, OffsetDateTime)> {
    match ask {
        Ask::For(question, due_at) => Some((question.name(), due_at)),
        Ask::Nothing => None,
    }
}

/// Locks the items of attempts and refunds that exist, and returns their fences.
///
/// # Errors
/// As any read of `tx`.
pub async fn lock(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "SELECT work_id, fence FROM work WHERE work_id = ANY($1) ORDER BY work_id FOR UPDATE",
        ids,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.work_id, row.fence)).collect())
}

/// Writes what is to be asked next and gives the items back. A hint that came while the provider was being asked makes
/// the item due at once.
///
/// # Errors
/// As any write of `tx`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn save(
    tx: &mut Tx,
    work: &[(Work, Option<String>)],
    now: OffsetDateTime,
) -> Result<(), pg::Error> {
    let settled: Vec<Uuid> = work.iter().filter(|(w, _)| w.ask == Ask::Nothing).map(|(w, _)| w.id).collect();
    settle(tx, &settled, now).await?;
    let open: Vec<_> =
        work.iter().filter_map(|(w, trace)| asked(w.ask).map(|asked| (w, trace, asked))).collect();
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = open.iter().map(|(w, ..)| w.id).collect();
    let providers: Vec<String> = open.iter().map(|(w, ..)| w.provider.clone()).collect();
    let kinds: Vec<String> = open.iter().map(|(.., (kind, _))| (*kind).to_owned()).collect();
    let due: Vec<OffsetDateTime> = open.iter().map(|(.., (_, due_at))| *due_at).collect();
    let traces: Vec<Option<String>> = open.iter().map(|(_, trace, _)| (*trace).clone()).collect();
    sqlx::query!(
        "INSERT INTO work AS known (work_id, provider, kind, due_at, traceparent, fence, hints, hints_seen)
         SELECT *, 0, 0, 0
           FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
             ON CONFLICT ON CONSTRAINT work_pkey DO UPDATE
            SET kind = excluded.kind,
                due_at = CASE WHEN known.hints > known.hints_seen THEN $6 ELSE excluded.due_at END,
                claimed_until = NULL",
        &ids,
        &providers,
        &kinds,
        &due,
        &traces as &[Option<String>],
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Nothing is to be asked any more, unless a hint came meanwhile.
async fn settle(tx: &mut Tx, ids: &[Uuid], now: OffsetDateTime) -> Result<(), pg::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!("DELETE FROM work WHERE work_id = ANY($1) AND hints <= hints_seen", ids)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "UPDATE work
            SET kind = CASE WHEN kind IN ('refund', 'inquire_refund') THEN 'inquire_refund' ELSE 'inquire' END,
                due_at = $2, claimed_until = NULL
          WHERE work_id = ANY($1)",
        ids,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes an inquiry due at once, also of an attempt that has ended: its money may come late. False if there is no such
/// attempt.
///
/// # Errors
/// As any write of `tx`.
pub async fn hint(
    tx: &mut Tx,
    attempt: AttemptId,
    traceparent: Option<String>,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO work AS known (work_id, provider, kind, due_at, traceparent, fence, hints, hints_seen)
         SELECT attempt_id, provider, 'inquire', $2, $3, 0, 1, 0 FROM attempt WHERE attempt_id = $1
             ON CONFLICT ON CONSTRAINT work_pkey DO UPDATE
            SET due_at = LEAST(known.due_at, excluded.due_at), hints = known.hints + 1",
        attempt.0,
        now,
        traceparent,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a claim takes.
#[derive(Clone, Copy, Debug)]
pub struct Take<'a> {
    pub at_most: i64,
    pub now: OffsetDateTime,
    /// An item that is not given back by then is taken up by somebody else.
    pub lease: Duration,
    /// Providers that are not asked at the moment.
    pub resting: &'a [String],
}

/// Claims items that are due, each with a fence of its own. An item whose claim ran out may have reached the provider:
/// it becomes an inquiry. A reversal may be repeated as it is.
///
/// # Errors
/// As any write of `tx`; a corrupt row.
pub async fn claim(tx: &mut Tx, take: Take<'_>) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query!(
        "WITH due AS MATERIALIZED (
             SELECT work_id FROM work
              WHERE due_at <= $1
                AND (claimed_until IS NULL OR claimed_until <= $1)
                AND provider <> ALL($4)
              ORDER BY due_at
              LIMIT $3
                FOR UPDATE SKIP LOCKED)
         UPDATE work
            SET claimed_until = $2, fence = nextval('work_fence'), hints_seen = hints,
                kind = CASE WHEN claimed_until IS NULL THEN kind
                            WHEN kind = 'initiate' THEN 'inquire'
                            WHEN kind = 'refund' THEN 'inquire_refund'
                            ELSE kind END
          WHERE work_id IN (SELECT work_id FROM due)
      RETURNING work_id, provider, kind, fence, traceparent",
        take.now,
        take.now + take.lease,
        take.at_most,
        take.resting,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let question = Question::ALL.into_iter().find(|question| question.name() == row.kind);
        claimed.push(Claimed {
            id: row.work_id,
            provider: row.provider,
            question: question.ok_or_else(|| corrupt("work", row.work_id))?,
            fence: row.fence,
            traceparent: row.traceparent,
        });
    }
    Ok(claimed)
}

/// Items of one provider that are due, in hand or not.
#[derive(Clone, Debug)]
pub struct Due {
    pub provider: String,
    pub items: i64,
    pub oldest_at: OffsetDateTime,
}

/// What is due, of each provider that has any.
///
/// # Errors
/// As any read of `tx`.
pub async fn due(tx: &mut Tx, now: OffsetDateTime) -> Result<Vec<Due>, Error> {
    let due = sqlx::query_as!(
        Due,
        r#"SELECT provider, count(*) AS "items!", min(due_at) AS "oldest_at!"
             FROM work WHERE due_at <= $1 GROUP BY provider"#,
        now,
    );
    Ok(due.fetch_all(tx.conn()).await?)
}

/// Since when money may have moved that is not in the books: a hint that nobody followed yet, one whose outcome is unknown, or
/// a capture without an answer.
///
/// # Errors
/// As any read of `tx`.
pub async fn oldest_unposted(tx: &mut Tx, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, Error> {
    let oldest = sqlx::query_scalar!(
        "SELECT least((SELECT min(due_at) FROM work WHERE hints > hints_seen AND due_at <= $1),
                      (SELECT min(since_at) FROM attempt JOIN work ON work_id = attempt_id
                        WHERE state = 'unknown' AND hints > 0),
                      (SELECT min(since_at) FROM attempt WHERE state = 'capturing'))",
        now,
    );
    Ok(oldest.fetch_one(tx.conn()).await?)
}
