//! Corrections by two persons. They are rare: a statement each.

use ids::{AdjustmentId, CaseId, InvoiceId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::corrupt;
use crate::{
    Error,
    domain::adjustment::{Adjustment, State, What},
};

struct Row {
    adjustment_id: Uuid,
    agency_id: String,
    kind: String,
    debit_account: Option<String>,
    credit_account: Option<String>,
    amount_fils: Option<i64>,
    invoice_id: Option<Uuid>,
    bill_reference: String,
    reason: String,
    case_id: Option<Uuid>,
    requested_by: String,
    decided_by: Option<String>,
    state: String,
    created_at: OffsetDateTime,
    version: i64,
}

impl Row {
    fn what(&self) -> Option<What> {
        let bill_reference = self.bill_reference.clone();
        match self.kind.as_str() {
            "move" => Some(What::Move {
                debit: self.debit_account.as_deref()?.parse().ok()?,
                credit: self.credit_account.as_deref()?.parse().ok()?,
                amount: Money::fils(self.amount_fils?),
                bill_reference,
            }),
            "write_off" => Some(What::WriteOff { invoice_id: InvoiceId(self.invoice_id?), bill_reference }),
            _ => None,
        }
    }
}

impl TryFrom<Row> for Adjustment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Adjustment, Error> {
        let bad = || corrupt("adjustment", row.adjustment_id);
        let what = row.what().ok_or_else(bad)?;
        let agency = Some(row.agency_id.as_str()).filter(|agency| !agency.is_empty());
        let agency = agency.map(str::parse).transpose().map_err(|_invalid| bad())?;
        let state = match (row.state.as_str(), row.decided_by) {
            ("requested", None) => State::Requested,
            ("done", Some(by)) => State::Done { by },
            ("rejected", Some(by)) => State::Rejected { by },
            _ => return Err(bad()),
        };
        Ok(Adjustment {
            id: AdjustmentId(row.adjustment_id),
            agency,
            what,
            reason: row.reason,
            case_id: row.case_id.map(CaseId),
            requested_by: row.requested_by,
            state,
            created_at: row.created_at,
            version: row.version,
        })
    }
}

/// The columns of what is to be done.
#[derive(Default)]
struct Columns {
    debit: Option<String>,
    credit: Option<String>,
    amount_fils: Option<i64>,
    invoice_id: Option<Uuid>,
    bill_reference: String,
}

fn columns(what: &What) -> Columns {
    match what {
        What::Move { debit, credit, amount, bill_reference } => Columns {
            debit: Some(debit.to_string()),
            credit: Some(credit.to_string()),
            amount_fils: Some(amount.minor_units()),
            invoice_id: None,
            bill_reference: bill_reference.clone(),
        },
        What::WriteOff { invoice_id, bill_reference } => Columns {
            invoice_id: Some(invoice_id.0),
            bill_reference: bill_reference.clone(),
            ..Columns::default()
        },
    }
}

fn decided_by(state: &State) -> Option<&str> {
    match state {
        State::Requested => None,
        State::Done { by } | State::Rejected { by } => Some(by),
    }
}

/// Locks those of `adjustments` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn lock(tx: &mut Tx, adjustments: &[Uuid]) -> Result<Vec<Adjustment>, Error> {
    if adjustments.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT adjustment_id, agency_id, kind, debit_account, credit_account, amount_fils, invoice_id, bill_reference,
                reason, case_id, requested_by, decided_by, state, created_at, version
           FROM adjustment
          WHERE adjustment_id = ANY($1)
          ORDER BY adjustment_id
            FOR UPDATE",
        adjustments,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Adjustment::try_from).collect()
}

/// One adjustment.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn by_id(tx: &mut Tx, id: AdjustmentId) -> Result<Option<Adjustment>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT adjustment_id, agency_id, kind, debit_account, credit_account, amount_fils, invoice_id, bill_reference,
                reason, case_id, requested_by, decided_by, state, created_at, version
           FROM adjustment
          WHERE adjustment_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Adjustment::try_from).transpose()
}

/// Writes new adjustments.
///
/// # Errors
/// As any write of `tx`.
pub async fn insert(tx: &mut Tx, new: &[&Adjustment]) -> Result<(), pg::Error> {
    for adjustment in new {
        let what = columns(&adjustment.what);
        sqlx::query!(
            "INSERT INTO adjustment
                 (adjustment_id, agency_id, kind, debit_account, credit_account, amount_fils, invoice_id, bill_reference,
                  reason, case_id, requested_by, decided_by, state, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            adjustment.id.0,
            adjustment.agency.as_ref().map_or("", ids::AgencyId::as_str),
            adjustment.what.name(),
            what.debit,
            what.credit,
            what.amount_fils,
            what.invoice_id,
            what.bill_reference,
            adjustment.reason,
            adjustment.case_id.map(|id| id.0),
            adjustment.requested_by,
            decided_by(&adjustment.state),
            adjustment.state.name(),
            adjustment.created_at,
            adjustment.version,
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Writes changed adjustments over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; `adjustment_by_two_persons`; as any write of `tx`.
pub async fn update(tx: &mut Tx, changed: &[(i64, &Adjustment)]) -> Result<(), pg::Error> {
    for (before, adjustment) in changed {
        let done = sqlx::query!(
            "UPDATE adjustment SET state = $3, decided_by = $4, version = $5 WHERE adjustment_id = $1 AND version = $2",
            adjustment.id.0,
            before,
            adjustment.state.name(),
            decided_by(&adjustment.state),
            adjustment.version,
        )
        .execute(tx.conn())
        .await?;
        pg::exactly_one(done, "adjustment")?;
    }
    Ok(())
}
