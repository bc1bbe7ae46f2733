//! Receivables.

use ids::{AgencyId, InvoiceId, PaymentId};
use money::Money;
use pg::Tx;
use uuid::Uuid;

use super::{all_written, corrupt, share};
use crate::{
    Error,
    domain::receivable::{Receivable, State},
};

struct Row {
    invoice_id: Uuid,
    agency_id: String,
    bill_reference: String,
    service_code: String,
    due_fils: i64,
    paid_fils: i64,
    returned_fils: i64,
    shares: String,
    instalments: String,
    state: String,
    live_payment_id: Option<Uuid>,
    version: i64,
}

impl TryFrom<Row> for Receivable {
    type Error = Error;

    fn try_from(row: Row) -> Result<Receivable, Error> {
        let bad = || corrupt("receivable", row.invoice_id);
        let state = match (row.state.as_str(), row.live_payment_id) {
            ("open", None) => State::Open,
            ("held", Some(payment)) => State::Held { payment: PaymentId(payment) },
            ("partially_paid", None) => State::PartiallyPaid,
            ("paid", live) => State::Paid { live: live.map(PaymentId) },
            ("cancelled", None) => State::Cancelled,
            ("written_off", None) => State::WrittenOff,
            _ => return Err(bad()),
        };
        Ok(Receivable {
            shares: share::shares_from_json(&row.shares).ok_or_else(bad)?,
            instalments: share::amounts_from_json(&row.instalments).ok_or_else(bad)?,
            invoice_id: InvoiceId(row.invoice_id),
            agency: AgencyId(row.agency_id),
            bill_reference: row.bill_reference,
            service_code: row.service_code,
            due: Money::fils(row.due_fils),
            paid: Money::fils(row.paid_fils),
            returned: Money::fils(row.returned_fils),
            state,
            version: row.version,
        })
    }
}

/// Locks those of `invoices` and `bills` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn lock(tx: &mut Tx, invoices: &[Uuid], bills: &[String]) -> Result<Vec<Receivable>, Error> {
    if invoices.is_empty() && bills.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, returned_fils,
                  shares::text AS "shares!", instalments::text AS "instalments!", state, live_payment_id, version
             FROM receivable
            WHERE invoice_id = ANY($1) OR bill_reference = ANY($2)
            ORDER BY invoice_id
              FOR UPDATE"#,
        invoices,
        bills,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Receivable::try_from).collect()
}

/// The receivable of a bill.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn by_bill(tx: &mut Tx, bill_reference: &str) -> Result<Option<Receivable>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, returned_fils,
                  shares::text AS "shares!", instalments::text AS "instalments!", state, live_payment_id, version
             FROM receivable
            WHERE bill_reference = $1"#,
        bill_reference,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Receivable::try_from).transpose()
}

/// Writes new receivables.
///
/// # Errors
/// As any write of `tx`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, new: &[&Receivable]) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = new.iter().map(|r| r.invoice_id.0).collect();
    let agencies: Vec<String> = new.iter().map(|r| r.agency.0.clone()).collect();
    let bills: Vec<String> = new.iter().map(|r| r.bill_reference.clone()).collect();
    let services: Vec<String> = new.iter().map(|r| r.service_code.clone()).collect();
    let due: Vec<i64> = new.iter().map(|r| r.due.minor_units()).collect();
    let paid: Vec<i64> = new.iter().map(|r| r.paid.minor_units()).collect();
    let shares: Vec<String> = new.iter().map(|r| share::shares_to_json(&r.shares)).collect();
    let plans: Vec<String> = new.iter().map(|r| share::amounts_to_json(&r.instalments)).collect();
    let states: Vec<String> = new.iter().map(|r| r.state.name().to_owned()).collect();
    let lives: Vec<Option<Uuid>> = new.iter().map(|r| r.live().map(|id| id.0)).collect();
    let versions: Vec<i64> = new.iter().map(|r| r.version).collect();
    sqlx::query!(
        "INSERT INTO receivable
             (invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, shares, instalments, state,
              live_payment_id, version)
         SELECT invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, shares::jsonb, instalments::jsonb,
                state, live_payment_id, version
           FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
                       $8::text[], $9::text[], $10::uuid[], $11::bigint[])
             AS new (invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, shares, instalments, state,
                     live_payment_id, version)",
        &ids,
        &agencies,
        &bills,
        &services,
        &due,
        &paid,
        &shares,
        &plans,
        &states,
        &lives as &[Option<Uuid>],
        &versions,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes changed receivables over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; as any write of `tx`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn update(tx: &mut Tx, changed: &[(i64, &Receivable)]) -> Result<(), pg::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = changed.iter().map(|(_, r)| r.invoice_id.0).collect();
    let before: Vec<i64> = changed.iter().map(|(version, _)| *version).collect();
    let due: Vec<i64> = changed.iter().map(|(_, r)| r.due.minor_units()).collect();
    let paid: Vec<i64> = changed.iter().map(|(_, r)| r.paid.minor_units()).collect();
    let returned: Vec<i64> = changed.iter().map(|(_, r)| r.returned.minor_units()).collect();
    let shares: Vec<String> = changed.iter().map(|(_, r)| share::shares_to_json(&r.shares)).collect();
    let plans: Vec<String> = changed.iter().map(|(_, r)| share::amounts_to_json(&r.instalments)).collect();
    let states: Vec<String> = changed.iter().map(|(_, r)| r.state.name().to_owned()).collect();
    let lives: Vec<Option<Uuid>> = changed.iter().map(|(_, r)| r.live().map(|id| id.0)).collect();
    let versions: Vec<i64> = changed.iter().map(|(_, r)| r.version).collect();
    let done = sqlx::query!(
        "UPDATE receivable
            SET due_fils = new.due_fils, paid_fils = new.paid_fils, returned_fils = new.returned_fils,
                shares = new.shares::jsonb, instalments = new.instalments::jsonb, state = new.state, live_payment_id = new.live,
                version = new.version
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                       $8::text[], $9::uuid[], $10::bigint[])
             AS new (invoice_id, before, due_fils, paid_fils, returned_fils, shares, instalments, state, live, version)
          WHERE receivable.invoice_id = new.invoice_id
            AND receivable.version = new.before",
        &ids,
        &before,
        &due,
        &paid,
        &returned,
        &shares,
        &plans,
        &states,
        &lives as &[Option<Uuid>],
        &versions,
    )
    .execute(tx.conn())
    .await?;
    all_written(done.rows_affected(), changed.len(), "receivable")
}
