//! Disputes. They are rare: a statement each.

use ids::{AgencyId, DisputeId, InvoiceId, PaymentId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{corrupt, share};
use crate::{
    Error,
    domain::dispute::{Dispute, State},
};

struct Row {
    dispute_id: Uuid,
    agency_id: String,
    payment_id: Uuid,
    invoice_id: Uuid,
    bill_reference: String,
    provider: String,
    provider_reference: String,
    amount_fils: i64,
    parts: String,
    reason: String,
    opened_by: String,
    decided_by: Option<String>,
    state: String,
    created_at: OffsetDateTime,
    version: i64,
}

impl TryFrom<Row> for Dispute {
    type Error = Error;

    fn try_from(row: Row) -> Result<Dispute, Error> {
        let bad = || corrupt("dispute", row.dispute_id);
        let state = match (row.state.as_str(), row.decided_by) {
            ("opened", None) => State::Opened,
            ("won", Some(by)) => State::Won { by },
            ("lost", Some(by)) => State::Lost { by },
            _ => return Err(bad()),
        };
        Ok(Dispute {
            parts: share::parts_from_json(&row.parts).ok_or_else(bad)?,
            id: DisputeId(row.dispute_id),
            agency: AgencyId(row.agency_id),
            payment_id: PaymentId(row.payment_id),
            invoice_id: InvoiceId(row.invoice_id),
            bill_reference: row.bill_reference,
            provider: row.provider,
            provider_reference: row.provider_reference,
            amount: Money::fils(row.amount_fils),
            reason: row.reason,
            opened_by: row.opened_by,
            state,
            created_at: row.created_at,
            version: row.version,
        })
    }
}

fn decided_by(state: &State) -> Option<&str> {
    match state {
        State::Opened => None,
        State::Won { by } | State::Lost { by } => Some(by),
    }
}

/// Locks those of `disputes` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn lock(tx: &mut Tx, disputes: &[Uuid]) -> Result<Vec<Dispute>, Error> {
    if disputes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT dispute_id, agency_id, payment_id, invoice_id, bill_reference, provider, provider_reference,
                  amount_fils, parts::text AS "parts!", reason, opened_by, decided_by, state, created_at, version
             FROM dispute
            WHERE dispute_id = ANY($1)
            ORDER BY dispute_id
              FOR UPDATE"#,
        disputes,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Dispute::try_from).collect()
}

/// One dispute.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn by_id(tx: &mut Tx, id: DisputeId) -> Result<Option<Dispute>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT dispute_id, agency_id, payment_id, invoice_id, bill_reference, provider, provider_reference,
                  amount_fils, parts::text AS "parts!", reason, opened_by, decided_by, state, created_at, version
             FROM dispute
            WHERE dispute_id = $1"#,
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Dispute::try_from).transpose()
}

/// Writes new disputes.
///
/// # Errors
/// As any write of `tx`; the constraint `dispute_once`.
pub async fn insert(tx: &mut Tx, new: &[&Dispute]) -> Result<(), pg::Error> {
    for dispute in new {
        sqlx::query!(
            "INSERT INTO dispute
                 (dispute_id, agency_id, payment_id, invoice_id, bill_reference, provider, provider_reference,
                  amount_fils, parts, reason, opened_by, decided_by, state, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11, $12, $13, $14, $15)",
            dispute.id.0,
            dispute.agency.0,
            dispute.payment_id.0,
            dispute.invoice_id.0,
            dispute.bill_reference,
            dispute.provider,
            dispute.provider_reference,
            dispute.amount.minor_units(),
            share::parts_to_json(&dispute.parts),
            dispute.reason,
            dispute.opened_by,
            decided_by(&dispute.state),
            dispute.state.name(),
            dispute.created_at,
            dispute.version,
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Writes changed disputes over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; as any write of `tx`.
pub async fn update(tx: &mut Tx, changed: &[(i64, &Dispute)]) -> Result<(), pg::Error> {
    for (before, dispute) in changed {
        let done = sqlx::query!(
            "UPDATE dispute SET state = $3, decided_by = $4, version = $5 WHERE dispute_id = $1 AND version = $2",
            dispute.id.0,
            before,
            dispute.state.name(),
            decided_by(&dispute.state),
            dispute.version,
        )
        .execute(tx.conn())
        .await?;
        pg::exactly_one(done, "dispute")?;
    }
    Ok(())
}
