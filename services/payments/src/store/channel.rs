//! What channels may take money, as the catalogue last told, and the payments that only an exception allowed.

use ids::ChannelExceptionId;
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Error, domain::world::ExceptionUse};

/// The rules as they were told; none before the first time.
///
/// # Errors
/// As any read of `tx`.
pub async fn rules(tx: &mut Tx) -> Result<Option<Vec<u8>>, Error> {
    Ok(sqlx::query_scalar!("SELECT rules FROM channel_rules").fetch_optional(tx.conn()).await?)
}

/// Keeps the rules of a revision.
///
/// # Errors
/// As any write of `tx`.
pub async fn keep_rules(
    tx: &mut Tx,
    revision: i64,
    rules: &[u8],
    now: OffsetDateTime,
) -> Result<(), pg::Error> {
    sqlx::query!(
        "INSERT INTO channel_rules (revision, rules, changed_at) VALUES ($1, $2, $3)
             ON CONFLICT (only_row) DO UPDATE
            SET revision = excluded.revision, rules = excluded.rules, changed_at = excluded.changed_at",
        revision,
        rules,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes uses of exceptions; a payment that is tried again under one is still one use.
///
/// # Errors
/// As any write of `tx`.
pub async fn insert_uses(tx: &mut Tx, uses: &[ExceptionUse]) -> Result<(), pg::Error> {
    if uses.is_empty() {
        return Ok(());
    }
    let payments: Vec<Uuid> = uses.iter().map(|used| used.payment_id.0).collect();
    let exceptions: Vec<Uuid> = uses.iter().map(|used| used.exception.0).collect();
    let amounts: Vec<i64> = uses.iter().map(|used| used.amount.minor_units()).collect();
    let used_at: Vec<OffsetDateTime> = uses.iter().map(|used| used.at).collect();
    sqlx::query!(
        "INSERT INTO channel_exception_use (payment_id, channel_exception_id, amount_fils, used_at)
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[])
             ON CONFLICT (payment_id) DO NOTHING",
        &payments,
        &exceptions,
        &amounts,
        &used_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How often an exception was used, and for how much.
#[derive(Clone, Copy, Debug)]
pub struct Uses {
    pub exception: ChannelExceptionId,
    pub payments: i64,
    pub amount: Money,
}

/// Of every exception that was used. A payment that brought no money does not count.
///
/// # Errors
/// As any read of `tx`.
pub async fn uses(tx: &mut Tx) -> Result<Vec<Uses>, Error> {
    let rows = sqlx::query!(
        r#"SELECT u.channel_exception_id, count(*) AS "payments!", sum(u.amount_fils)::bigint AS "amount_fils!"
             FROM channel_exception_use u
             JOIN payment p ON p.payment_id = u.payment_id
            WHERE p.captured_at IS NOT NULL
            GROUP BY u.channel_exception_id
            ORDER BY u.channel_exception_id"#,
    )
    .fetch_all(tx.conn())
    .await?;
    let uses = rows.into_iter().map(|row| Uses {
        exception: ChannelExceptionId(row.channel_exception_id),
        payments: row.payments,
        amount: Money::fils(row.amount_fils),
    });
    Ok(uses.collect())
}
