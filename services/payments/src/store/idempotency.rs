//! First answers, by who asked and with which key.

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;

/// A first answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub scope: String,
    pub key: String,
    /// SHA-256 of the request.
    pub body_hash: Vec<u8>,
    /// The encoded response: a replay returns these bytes.
    pub response: Vec<u8>,
}

/// The first answers to those of `keys` (scope, key) that have one.
///
/// # Errors
/// As any read of `tx`.
pub async fn find(tx: &mut Tx, keys: &[(String, String)]) -> Result<Vec<Answer>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (scopes, keys): (Vec<String>, Vec<String>) = keys.iter().cloned().unzip();
    let rows = sqlx::query_as!(
        Answer,
        "SELECT scope, key, body_hash, response
           FROM idempotency
           JOIN UNNEST($1::text[], $2::text[]) AS asked (scope, key)
          USING (scope, key)",
        &scopes,
        &keys,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Keeps first answers. They must be sorted, so that two lanes never wait for each other.
///
/// # Errors
/// As any write of `tx`; the constraint `idempotency_pkey` when another lane was faster.
pub async fn keep(
    tx: &mut Tx,
    answers: &[Answer],
    batch: Uuid,
    now: OffsetDateTime,
) -> Result<(), pg::Error> {
    if answers.is_empty() {
        return Ok(());
    }
    let scopes: Vec<String> = answers.iter().map(|answer| answer.scope.clone()).collect();
    let keys: Vec<String> = answers.iter().map(|answer| answer.key.clone()).collect();
    let hashes: Vec<Vec<u8>> = answers.iter().map(|answer| answer.body_hash.clone()).collect();
    let responses: Vec<Vec<u8>> = answers.iter().map(|answer| answer.response.clone()).collect();
    sqlx::query!(
        "INSERT INTO idempotency (scope, key, body_hash, response, batch_id, created_at)
         SELECT scope, key, body_hash, response, $5, $6
           FROM UNNEST($1::text[], $2::text[], $3::bytea[], $4::bytea[]) AS new (scope, key, body_hash, response)",
        &scopes,
        &keys,
        &hashes,
        &responses,
        batch,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keys deleted by one statement, at most.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

/// Forgets some answers that are older than `before`. True when there may be more.
///
/// # Errors
/// As any write of `tx`.
pub async fn forget(tx: &mut Tx, before: OffsetDateTime) -> Result<bool, Error> {
    let gone = sqlx::query!(
        "DELETE FROM idempotency
          WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency WHERE created_at < $1 LIMIT $2))",
        before,
        FORGOTTEN_AT_ONCE,
    )
    .execute(tx.conn())
    .await?;
    Ok(i64::try_from(gone.rows_affected()).is_ok_and(|gone| gone == FORGOTTEN_AT_ONCE))
}
