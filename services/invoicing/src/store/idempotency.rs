use pg::Tx;
use time::OffsetDateTime;

use crate::Error;

/// One call, as its twins are recognised.
#[derive(Clone, Debug)]
pub struct Claim {
    pub caller: String,
    pub operation: &'static str,
    pub key: String,
    /// A keyed hash of the canonical request.
    pub body_hash: [u8; 32],
}

/// Takes the key for this transaction, or gives the first answer. A twin at the same time waits here for the first to end.
///
/// # Errors
/// `KeyReused` when the key came with another request.
pub async fn claim(tx: &mut Tx, claim: &Claim, now: OffsetDateTime) -> Result<Option<Vec<u8>>, Error> {
    let inserted = sqlx::query!(
        "INSERT INTO idempotency (caller, operation, key, body_hash, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        claim.caller,
        claim.operation,
        claim.key,
        claim.body_hash.as_slice(),
        now,
    )
    .execute(tx.conn())
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(None);
    }
    let first = sqlx::query!(
        "SELECT body_hash, response FROM idempotency WHERE caller = $1 AND operation = $2 AND key = $3",
        claim.caller,
        claim.operation,
        claim.key,
    )
    .fetch_one(tx.conn())
    .await?;
    if first.body_hash != claim.body_hash {
        return Err(Error::KeyReused);
    }
    first.response.map(Some).ok_or(Error::Corrupt { table: "idempotency" })
}

/// Keeps the answer with the effect.
///
/// # Errors
/// As any write.
pub async fn keep(tx: &mut Tx, claim: &Claim, response: &[u8]) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE idempotency SET response = $4
          WHERE caller = $1 AND operation = $2 AND key = $3 AND response IS NULL",
        claim.caller,
        claim.operation,
        claim.key,
        response,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "idempotency")?)
}

/// Forgets some keys first used before `before`. How many.
///
/// # Errors
/// As any write.
pub async fn forget(tx: &mut Tx, before: OffsetDateTime, at_most: i64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "DELETE FROM idempotency WHERE (caller, operation, key) IN
             (SELECT caller, operation, key FROM idempotency WHERE created_at < $1
               ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before,
        at_most,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Gives the key back: the call was refused, and the same call may be right later.
///
/// # Errors
/// As any write.
pub async fn release(tx: &mut Tx, claim: &Claim) -> Result<(), Error> {
    let done = sqlx::query!(
        "DELETE FROM idempotency WHERE caller = $1 AND operation = $2 AND key = $3 AND response IS NULL",
        claim.caller,
        claim.operation,
        claim.key,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "idempotency")?)
}
