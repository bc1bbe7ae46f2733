//! Evidence of what providers told us, and of what others tried to.

use ids::AttemptId;
use pg::Tx;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{Error, providers::Hint};

/// New bodies without a good signature that are kept in an hour; more only cost space.
const REFUSED_PER_HOUR: i64 = 1_000;

/// A callback whose signature is good.
#[derive(Clone, Debug)]
pub struct Verified<'a> {
    pub callback_id: Uuid,
    pub provider: &'static str,
    pub hint: &'a Hint,
    /// None: the reference is not one of ours.
    pub attempt: Option<AttemptId>,
    pub body: &'a [u8],
    pub signature: &'a str,
    pub received_at: OffsetDateTime,
}

/// Writes it down; false when the same was told before.
///
/// # Errors
/// Postgres.
pub async fn first_time(tx: &mut Tx, callback: &Verified<'_>) -> Result<bool, Error> {
    let hash = Sha256::digest(callback.body);
    let done = sqlx::query!(
        "INSERT INTO provider_callback (callback_id, provider, reference, reported_state, body_hash, body, signature,
                                        attempt_id, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT ON CONSTRAINT provider_callback_once DO NOTHING",
        callback.callback_id,
        callback.provider,
        callback.hint.reference,
        callback.hint.state,
        hash.as_slice(),
        callback.body,
        callback.signature,
        callback.attempt.map(|attempt| attempt.0),
        callback.received_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many callbacks this attempt has by now, this transaction's included. Others of the attempt wait until it ends, so that
/// no two are given one number.
///
/// # Errors
/// Postgres.
pub async fn number(tx: &mut Tx, attempt: AttemptId) -> Result<i64, Error> {
    sqlx::query_scalar!(
        r#"SELECT 1 AS "locked!" FROM pg_advisory_xact_lock(hashtextextended($1, 0))"#,
        attempt.to_string(),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "number!" FROM provider_callback WHERE attempt_id = $1"#,
        attempt.0,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Keeps what came without a good signature: each body once, and not without bound.
///
/// # Errors
/// Postgres.
pub async fn refuse(
    tx: &mut Tx,
    provider: &str,
    body: &[u8],
    signature: &str,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let hash = Sha256::digest(body);
    sqlx::query!(
        "INSERT INTO refused_callback AS kept (body_hash, provider, body, signature, times, first_at, last_at)
         SELECT $1, $2, $3, $4, 1, $5, $5
          WHERE (SELECT count(*) FROM refused_callback WHERE first_at > $6) < $7
             ON CONFLICT (provider, body_hash) DO UPDATE
            SET times = kept.times + 1, last_at = excluded.last_at",
        hash.as_slice(),
        provider,
        body,
        signature,
        now,
        now - Duration::hours(1),
        REFUSED_PER_HOUR,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
