//! Refunds in the provider's book: SQL only.

use pg::Tx;
use time::OffsetDateTime;

use super::{Decline, Refund, State};
use crate::{Error, wallet::fault::Fault};

/// A row of `wallet_refund`.
struct Row {
    reference: String,
    refund_id: String,
    original_reference: String,
    asked_fils: i64,
    given_fils: i64,
    state: String,
    reason: Option<String>,
    fault: Option<String>,
    delay_ms: i64,
    created_at: OffsetDateTime,
    applied_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Refund {
    type Error = Error;

    fn try_from(row: Row) -> Result<Refund, Error> {
        let corrupt = || Error::Conflict(format!("the refund {} is corrupt", row.reference));
        let state = match (row.state.as_str(), row.applied_at, row.reason.as_deref()) {
            ("refunded", Some(applied_at), None) => {
                State::Refunded { given_fils: row.given_fils, applied_at }
            }
            ("declined", None, Some(reason)) => {
                let known = Decline::ALL.into_iter().find(|decline| decline.code() == reason);
                State::Declined(known.ok_or_else(corrupt)?)
            }
            _ => return Err(corrupt()),
        };
        Ok(Refund {
            reference: row.reference,
            refund_id: row.refund_id,
            original_reference: row.original_reference,
            asked_fils: row.asked_fils,
            state,
            fault: row.fault.map(|fault| fault.parse()).transpose()?,
            delay_ms: row.delay_ms,
            created_at: row.created_at,
        })
    }
}

/// Writes a new refund; false when its reference is known already.
///
/// # Errors
/// Postgres.
pub async fn insert(tx: &mut Tx, refund: &Refund) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO wallet_refund (reference, refund_id, original_reference, asked_fils, given_fils, state,
                                    reason, fault, delay_ms, created_at, applied_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (reference) DO NOTHING",
        refund.reference,
        refund.refund_id,
        refund.original_reference,
        refund.asked_fils,
        refund.state.given_fils(),
        refund.state.name(),
        refund.state.reason(),
        refund.fault.map(Fault::name),
        refund.delay_ms,
        refund.created_at,
        refund.state.applied_at(),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The refund of `reference`.
///
/// # Errors
/// Postgres.
pub async fn find(tx: &mut Tx, reference: &str) -> Result<Option<Refund>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT reference, refund_id, original_reference, asked_fils, given_fils, state, reason, fault, delay_ms,
                created_at, applied_at
           FROM wallet_refund
          WHERE reference = $1",
        reference,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Refund::try_from).transpose()
}

/// Every refund, oldest first.
///
/// # Errors
/// Postgres.
pub async fn refunds(tx: &mut Tx) -> Result<Vec<Refund>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT reference, refund_id, original_reference, asked_fils, given_fils, state, reason, fault, delay_ms,
                created_at, applied_at
           FROM wallet_refund
          ORDER BY created_at, reference",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}
