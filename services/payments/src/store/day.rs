//! Business days that are closed: which batches were a day's own, and what every account stood at when it ended.

use pg::Tx;
use time::{Date, OffsetDateTime};

use super::ledger::Balance;
use crate::Error;

/// A closed day.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    pub business_date: Date,
    pub closed_at: OffsetDateTime,
    pub batches: i64,
    pub journals: i64,
    pub debit_fils: i64,
}

/// The last day that is closed.
///
/// # Errors
/// As any read of `tx`.
pub async fn last(tx: &mut Tx) -> Result<Option<Date>, Error> {
    let last = sqlx::query_scalar!("SELECT max(business_date) FROM day_close");
    Ok(last.fetch_one(tx.conn()).await?)
}

/// When the books begin.
///
/// # Errors
/// As any read of `tx`.
pub async fn first_sealed_at(tx: &mut Tx) -> Result<Option<OffsetDateTime>, Error> {
    let first = sqlx::query_scalar!(
        "SELECT min(sealed_at) FROM lane JOIN posting_batch ON posting_batch.lane = lane.lane AND seq = 1"
    );
    Ok(first.fetch_one(tx.conn()).await?)
}

/// A lane's part of a day: batches from `first_seq` to `last_seq`; none when that is the number before.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub lane: i32,
    pub first_seq: i64,
    pub last_seq: i64,
}

/// The parts of the day that ends at `ends_at` and follows the last closed one: each lane goes on from there up to its first
/// batch of a later day. What is committed after this with an earlier time, by a replica whose clock is behind, is the
/// next day's.
///
/// # Errors
/// As any read of `tx`.
pub async fn parts(tx: &mut Tx, ends_at: OffsetDateTime) -> Result<Vec<Part>, Error> {
    let parts = sqlx::query_as!(
        Part,
        r#"WITH closed AS (SELECT lane, max(last_seq) AS last_seq FROM day_close_lane GROUP BY lane),
                begun AS (SELECT lane.lane, lane.last_seq, coalesce(closed.last_seq, 0) AS after_seq
                            FROM lane LEFT JOIN closed USING (lane))
           SELECT lane, after_seq + 1 AS "first_seq!",
                  coalesce((SELECT seq - 1 FROM posting_batch
                             WHERE posting_batch.lane = begun.lane AND seq > after_seq AND sealed_at >= $1
                             ORDER BY seq LIMIT 1),
                           last_seq) AS "last_seq!"
             FROM begun
            ORDER BY lane"#,
        ends_at,
    );
    Ok(parts.fetch_all(tx.conn()).await?)
}

/// Closes `date`: `parts` are its batches, which nobody changes any more. Every account stands where it stood the day
/// before, and what was posted and pending since.
///
/// # Errors
/// `day_close_pkey`: somebody else has closed it meanwhile; as any write of `tx`.
pub async fn close(tx: &mut Tx, date: Date, parts: &[Part], now: OffsetDateTime) -> Result<Closed, Error> {
    // A nation's day may take longer to add up than a statement of a caller may; nobody waits for it.
    sqlx::query_scalar!("SELECT set_config('statement_timeout', '10min', true)").fetch_one(tx.conn()).await?;
    let lanes: Vec<i32> = parts.iter().map(|part| part.lane).collect();
    let firsts: Vec<i64> = parts.iter().map(|part| part.first_seq).collect();
    let lasts: Vec<i64> = parts.iter().map(|part| part.last_seq).collect();
    let closed = sqlx::query_as!(
        Closed,
        r#"INSERT INTO day_close (business_date, closed_at, batches, journals, debit_fils)
           SELECT $1, $2, count(DISTINCT batch_id), count(journal_id),
                  coalesce(sum((SELECT sum(greatest(fils, 0)) FROM UNNEST(amounts_fils) AS line (fils))
                               ) FILTER (WHERE NOT pending), 0)::bigint
             FROM UNNEST($3::int[], $4::bigint[], $5::bigint[]) AS part (lane, first_seq, last_seq)
             JOIN posting_batch ON posting_batch.lane = part.lane AND seq BETWEEN first_seq AND last_seq
             LEFT JOIN journal USING (batch_id)
        RETURNING business_date, closed_at, batches, journals, debit_fils"#,
        date,
        now,
        &lanes,
        &firsts,
        &lasts,
    )
    .fetch_one(tx.conn())
    .await?;
    sqlx::query!(
        "INSERT INTO day_close_lane (business_date, lane, first_seq, last_seq)
         SELECT $1, lane, first_seq, last_seq
           FROM UNNEST($2::int[], $3::bigint[], $4::bigint[]) AS part (lane, first_seq, last_seq)",
        date,
        &lanes,
        &firsts,
        &lasts,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "WITH added AS (
             SELECT account, debit_fils, credit_fils, pending_debit_fils, pending_credit_fils
               FROM day_close_balance
              WHERE business_date = (SELECT max(business_date) FROM day_close WHERE business_date < $1)
              UNION ALL
             SELECT account,
                    CASE WHEN any_entry.pending THEN 0 ELSE greatest(amount_fils, 0) END,
                    CASE WHEN any_entry.pending THEN 0 ELSE greatest(-amount_fils, 0) END,
                    CASE WHEN any_entry.pending THEN greatest(amount_fils, 0) ELSE 0 END,
                    CASE WHEN any_entry.pending THEN greatest(-amount_fils, 0) ELSE 0 END
               FROM day_close_lane AS part
               JOIN posting_batch ON posting_batch.lane = part.lane AND seq BETWEEN first_seq AND last_seq
               JOIN journal USING (batch_id)
               JOIN any_entry USING (journal_id)
              WHERE business_date = $1)
         INSERT INTO day_close_balance
                (business_date, account, debit_fils, credit_fils, pending_debit_fils, pending_credit_fils)
         SELECT $1, account, sum(debit_fils), sum(credit_fils), sum(pending_debit_fils), sum(pending_credit_fils)
           FROM added
          GROUP BY account",
        date,
    )
    .execute(tx.conn())
    .await?;
    Ok(closed)
}

/// A closed day; none when it is not closed.
///
/// # Errors
/// As any read of `tx`.
pub async fn get(tx: &mut Tx, date: Date) -> Result<Option<Closed>, Error> {
    let closed = sqlx::query_as!(
        Closed,
        "SELECT business_date, closed_at, batches, journals, debit_fils FROM day_close WHERE business_date = $1",
        date,
    );
    Ok(closed.fetch_optional(tx.conn()).await?)
}

/// What every account stood at when a closed day ended.
///
/// # Errors
/// As any read of `tx`.
pub async fn balances(tx: &mut Tx, date: Date) -> Result<Vec<Balance>, Error> {
    let balances = sqlx::query_as!(
        Balance,
        "SELECT account, debit_fils, credit_fils, pending_debit_fils, pending_credit_fils
           FROM day_close_balance
          WHERE business_date = $1
          ORDER BY account",
        date,
    );
    Ok(balances.fetch_all(tx.conn()).await?)
}
