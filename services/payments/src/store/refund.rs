//! Refunds. They are rare beside payments: a statement each.

use ids::{AgencyId, AttemptId, CreditId, InvoiceId, PaymentId, RefundId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{corrupt, share};
use crate::{
    Error,
    domain::refund::{Destination, Of, Refund, State},
};

struct Row {
    refund_id: Uuid,
    agency_id: String,
    bill_reference: String,
    payment_id: Option<Uuid>,
    invoice_id: Option<Uuid>,
    credit_id: Option<Uuid>,
    parts: String,
    amount_fils: i64,
    provider: Option<String>,
    attempt_id: Option<Uuid>,
    charge_reference: Option<String>,
    iban: Option<String>,
    reason: String,
    requested_by: String,
    decided_by: Option<String>,
    doubts: i32,
    contradicted: bool,
    state: String,
    since_at: Option<OffsetDateTime>,
    provider_reference: Option<String>,
    failure: Option<String>,
    created_at: OffsetDateTime,
    version: i64,
}

impl Row {
    fn state(&self) -> Option<State> {
        let by = || self.decided_by.clone();
        match self.state.as_str() {
            "requested" => Some(State::Requested),
            "approved" => Some(State::Approved { by: by()? }),
            "rejected" => Some(State::Rejected { by: by()? }),
            "submitted" => Some(State::Submitted { by: by()? }),
            "unknown" => Some(State::Unknown { by: by()?, since: self.since_at? }),
            "succeeded" => Some(State::Succeeded { by: by()?, reference: self.provider_reference.clone()? }),
            "failed" => Some(State::Failed { by: by()?, reason: self.failure.clone()? }),
            _ => None,
        }
    }

    fn of(&self) -> Option<Of> {
        match (self.payment_id, self.invoice_id, self.credit_id) {
            (Some(payment), Some(invoice), None) => Some(Of::Payment {
                payment_id: PaymentId(payment),
                invoice_id: InvoiceId(invoice),
                parts: share::parts_from_json(&self.parts)?,
            }),
            (None, None, Some(credit)) => Some(Of::Credit { credit_id: CreditId(credit) }),
            _ => None,
        }
    }

    fn to(&self) -> Option<Destination> {
        if let Some(iban) = self.iban.clone() {
            return Some(Destination::Iban { iban });
        }
        Some(Destination::Source {
            provider: self.provider.clone()?,
            attempt_id: AttemptId(self.attempt_id?),
            provider_reference: self.charge_reference.clone()?,
        })
    }
}

impl TryFrom<Row> for Refund {
    type Error = Error;

    fn try_from(row: Row) -> Result<Refund, Error> {
        let (Some(state), Some(of), Some(to)) = (row.state(), row.of(), row.to()) else {
            return Err(corrupt("refund", row.refund_id));
        };
        Ok(Refund {
            id: RefundId(row.refund_id),
            agency: AgencyId(row.agency_id),
            bill_reference: row.bill_reference,
            of,
            amount: Money::fils(row.amount_fils),
            to,
            reason: row.reason,
            requested_by: row.requested_by,
            doubts: row.doubts,
            contradicted: row.contradicted,
            state,
            created_at: row.created_at,
            version: row.version,
        })
    }
}

/// Locks those of `refunds` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn lock(tx: &mut Tx, refunds: &[Uuid]) -> Result<Vec<Refund>, Error> {
    if refunds.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT refund_id, agency_id, bill_reference, payment_id, invoice_id, credit_id, parts::text AS "parts!",
                  amount_fils, provider,
                  attempt_id, charge_reference, iban, reason, requested_by, decided_by, doubts, contradicted, state, since_at,
                  provider_reference, failure, created_at, version
             FROM refund
            WHERE refund_id = ANY($1)
            ORDER BY refund_id
              FOR UPDATE"#,
        refunds,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// Those of `refunds` that exist.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn read(tx: &mut Tx, refunds: &[Uuid]) -> Result<Vec<Refund>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT refund_id, agency_id, bill_reference, payment_id, invoice_id, credit_id, parts::text AS "parts!",
                  amount_fils, provider,
                  attempt_id, charge_reference, iban, reason, requested_by, decided_by, doubts, contradicted, state, since_at,
                  provider_reference, failure, created_at, version
             FROM refund
            WHERE refund_id = ANY($1)"#,
        refunds,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// One refund.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn by_id(tx: &mut Tx, id: RefundId) -> Result<Option<Refund>, Error> {
    Ok(read(tx, &[id.0]).await?.pop())
}

/// At most so many are listed.
const LISTED: i64 = 1_000;

/// Refunds of a payment or (none) of all, in a state or (empty) in any, newest first.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn list(
    tx: &mut Tx,
    payment: Option<PaymentId>,
    state: &str,
    agency: Option<&str>,
) -> Result<Vec<Refund>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT refund_id, agency_id, bill_reference, payment_id, invoice_id, credit_id, parts::text AS "parts!",
                  amount_fils, provider,
                  attempt_id, charge_reference, iban, reason, requested_by, decided_by, doubts, contradicted, state, since_at,
                  provider_reference, failure, created_at, version
             FROM refund
            WHERE ($1::uuid IS NULL OR payment_id = $1)
              AND ($2 = '' OR state = $2)
              AND ($3::text IS NULL OR agency_id = $3)
            ORDER BY created_at DESC, refund_id DESC
            LIMIT $4"#,
        payment.map(|id| id.0),
        state,
        agency,
        LISTED,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Refund::try_from).collect()
}

/// The columns of the state.
#[derive(Default)]
struct Columns<'a> {
    decided_by: Option<&'a str>,
    since_at: Option<OffsetDateTime>,
    provider_reference: Option<&'a str>,
    failure: Option<&'a str>,
}

fn columns(state: &State) -> Columns<'_> {
    match state {
        State::Requested => Columns::default(),
        State::Approved { by } | State::Rejected { by } | State::Submitted { by } => {
            Columns { decided_by: Some(by), ..Columns::default() }
        }
        State::Unknown { by, since } => {
            Columns { decided_by: Some(by), since_at: Some(*since), ..Columns::default() }
        }
        State::Succeeded { by, reference } => {
            Columns { decided_by: Some(by), provider_reference: Some(reference), ..Columns::default() }
        }
        State::Failed { by, reason } => {
            Columns { decided_by: Some(by), failure: Some(reason), ..Columns::default() }
        }
    }
}

/// Writes new refunds: they are all requested.
///
/// # Errors
/// As any write of `tx`.
pub async fn insert(tx: &mut Tx, new: &[&Refund]) -> Result<(), pg::Error> {
    for refund in new {
        let (payment, invoice, credit, parts) = match &refund.of {
            Of::Payment { payment_id, invoice_id, parts } => {
                (Some(payment_id.0), Some(invoice_id.0), None, parts.as_slice())
            }
            Of::Credit { credit_id } => (None, None, Some(credit_id.0), &[][..]),
        };
        let (provider, attempt, charge, iban) = match &refund.to {
            Destination::Source { provider, attempt_id, provider_reference } => {
                (Some(provider.as_str()), Some(attempt_id.0), Some(provider_reference.as_str()), None)
            }
            Destination::Iban { iban } => (None, None, None, Some(iban.as_str())),
        };
        sqlx::query!(
            "INSERT INTO refund
                 (refund_id, agency_id, bill_reference, payment_id, invoice_id, credit_id, parts, amount_fils, provider,
                  attempt_id, charge_reference, iban, reason, requested_by, doubts, state, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, $11, $12, $13, $14, $15, 'requested', $16, 1)",
            refund.id.0,
            refund.agency.0,
            refund.bill_reference,
            payment,
            invoice,
            credit,
            share::parts_to_json(parts),
            refund.amount.minor_units(),
            provider,
            attempt,
            charge,
            iban,
            refund.reason,
            refund.requested_by,
            refund.doubts,
            refund.created_at,
        )
        .execute(tx.conn())
        .await?;
        if refund.version > 1 {
            update(tx, &[(1, refund)]).await?;
        }
    }
    Ok(())
}

/// Writes changed refunds over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; as any write of `tx`.
pub async fn update(tx: &mut Tx, changed: &[(i64, &Refund)]) -> Result<(), pg::Error> {
    for (before, refund) in changed {
        let of = columns(&refund.state);
        let done = sqlx::query!(
            "UPDATE refund
                SET state = $3, decided_by = $4, since_at = $5, provider_reference = $6, failure = $7, doubts = $8,
                    version = $9, contradicted = $10
              WHERE refund_id = $1
                AND version = $2",
            refund.id.0,
            before,
            refund.state.name(),
            of.decided_by,
            of.since_at,
            of.provider_reference,
            of.failure,
            refund.doubts,
            refund.version,
            refund.contradicted,
        )
        .execute(tx.conn())
        .await?;
        pg::exactly_one(done, "refund")?;
    }
    Ok(())
}
