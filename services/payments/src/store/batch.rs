//! Sealed batches with their journals, for who follows the books.

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;

/// A sealed batch.
#[derive(Clone, Debug)]
pub struct Batch {
    pub batch_id: Uuid,
    pub lane: i32,
    pub seq: i64,
    pub hash: Vec<u8>,
    pub sealed_at: OffsetDateTime,
}

/// A journal, with its lines as two lists of the same length.
#[derive(Clone, Debug)]
pub struct Journal {
    pub batch_id: Uuid,
    pub journal_id: Uuid,
    pub kind: String,
    pub source: String,
    pub agency_id: String,
    pub channel: String,
    pub payment_id: Option<Uuid>,
    pub invoice_id: Option<Uuid>,
    pub posted_at: OffsetDateTime,
    pub pending: bool,
    pub accounts: Vec<String>,
    pub amounts_fils: Vec<i64>,
}

/// The next batches of each lane, at most `at_most` of one, in their order: those after `after` (lane, number), and of
/// lanes that it does not name from their beginning. A lane commits in the order of its numbers, so none is passed over.
///
/// # Errors
/// As any read of `tx`.
pub async fn next(tx: &mut Tx, after: &[(i32, i64)], at_most: i64) -> Result<Vec<Batch>, Error> {
    let (lanes, seqs): (Vec<i32>, Vec<i64>) = after.iter().copied().unzip();
    let rows = sqlx::query_as!(
        Batch,
        r#"SELECT batch_id AS "batch_id!", lane.lane, seq AS "seq!", hash AS "hash!", sealed_at AS "sealed_at!"
             FROM lane
             LEFT JOIN UNNEST($1::int[], $2::bigint[]) AS mark (lane, after_seq) ON mark.lane = lane.lane
             JOIN LATERAL (SELECT batch_id, seq, hash, sealed_at
                             FROM posting_batch
                            WHERE posting_batch.lane = lane.lane
                              AND seq > coalesce(after_seq, 0)
                            ORDER BY seq
                            LIMIT $3) AS batch ON true
            ORDER BY lane.lane, seq"#,
        &lanes,
        &seqs,
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// The journals of `batches`, of one agency or of all, in their order.
///
/// # Errors
/// As any read of `tx`.
pub async fn journals(tx: &mut Tx, batches: &[Uuid], agency: Option<&str>) -> Result<Vec<Journal>, Error> {
    let rows = sqlx::query_as!(
        Journal,
        r#"SELECT batch_id, journal_id, kind, source, agency_id, channel, payment_id, invoice_id, posted_at,
                  pending AS "pending!", accounts, amounts_fils
             FROM journal
            WHERE batch_id = ANY($1)
              AND ($2::text IS NULL OR agency_id = $2)
            ORDER BY batch_id, position"#,
        batches,
        agency,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}
