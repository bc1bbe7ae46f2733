//! `amendment` and what it replaced, `invoice_version`.
use ids::{AgencyId, AmendmentId, InvoiceId};
use pg::Tx;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::Error;
use crate::domain::amendment::{Amendment, Asked, Ended, To};
use crate::domain::calendar::Due;
use crate::domain::fee_service::{Breakdown, Price, Reduced};
use crate::domain::invoice::{Command, Invoice, Terms};

/// Notes what will be asked. `claimed_by` tells the call that wants it from others.
///
/// # Errors
/// The constraint `amendment_one_at_a_time` while another one waits for its answer.
pub async fn ask(
    tx: &mut Tx,
    amendment: &Amendment,
    claimed_by: &[u8],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let terms = match &amendment.to {
        To::Amended(terms) => Some(terms),
        To::Cancelled | To::Expired => None,
    };
    let price = terms.map(|terms| &terms.price);
    sqlx::query!(
        "INSERT INTO amendment (amendment_id, agency_id, invoice_id, kind, claimed_by, reason, requested_by,
                                receivable_version, fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps,
                                schedule_version, due_date, calendar_revision, instalments, breakdown, late,
                                penalty_on, state, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 'asked', $22)",
        amendment.id.0,
        amendment.agency.as_str(),
        amendment.invoice.0,
        amendment.to.kind(),
        claimed_by,
        amendment.reason,
        amendment.requested_by,
        amendment.receivable_version,
        price.map(|price| price.fee_fils),
        price.map(|price| price.vat_fils),
        price.map(|price| price.total_fils),
        price.map(|price| price.reduced.code.clone()),
        price.map(|price| price.reduced.fils),
        price.map(|price| serde_json::json!(price.steps)),
        price.map(|price| price.schedule_version),
        terms.map(|terms| terms.due.date),
        terms.and_then(|terms| terms.due.calendar_revision),
        terms.map(|terms| serde_json::json!(terms.instalments)),
        price.map(|price| serde_json::json!(price.breakdown)),
        price.and_then(|price| price.late.as_ref()).map(|late| serde_json::json!(late)),
        terms.and_then(|terms| terms.penalty_on),
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The one of an invoice that waits for its answer, with the claim of the call that asked. Lock the invoice before.
///
/// # Errors
/// As any read.
pub async fn waiting(tx: &mut Tx, invoice: InvoiceId) -> Result<Option<(Amendment, Vec<u8>)>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT amendment_id, agency_id, invoice_id, kind, claimed_by, reason, requested_by, receivable_version, fee_fils,
                vat_fils, total_fils, reduction, reduced_fils, steps, schedule_version, due_date, calendar_revision,
                instalments, breakdown, late, penalty_on
           FROM amendment WHERE invoice_id = $1 AND state = 'asked'",
        invoice.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Row::amendment).transpose()
}

/// How the newest amendment that a call asked for stands; none: it asked for none yet.
///
/// # Errors
/// As any read.
pub async fn of_claim(tx: &mut Tx, claimed_by: &[u8]) -> Result<Option<(InvoiceId, Asked)>, Error> {
    let row = sqlx::query!(
        "SELECT invoice_id, state FROM amendment WHERE claimed_by = $1 ORDER BY asked_at DESC LIMIT 1",
        claimed_by,
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let asked = match row.state.as_str() {
        "asked" => Asked::Waits,
        "done" => Asked::Ended(Ended::Done),
        "refused" => Asked::Ended(Ended::Refused),
        _ => return Err(Error::Corrupt { table: "amendment" }),
    };
    Ok(Some((InvoiceId(row.invoice_id), asked)))
}

/// How an invoice ended that asks for nothing any more, and why; taken back, with an empty reason, when nobody here asked for it.
///
/// # Errors
/// As any read.
pub async fn ending(tx: &mut Tx, invoice: InvoiceId) -> Result<(Command, String), Error> {
    let row = sqlx::query!(
        "SELECT kind, reason FROM amendment
          WHERE invoice_id = $1 AND kind IN ('cancel', 'expire') AND state <> 'refused' ORDER BY asked_at DESC LIMIT 1",
        invoice.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok((Command::Cancelled, String::new())) };
    let command = if row.kind == To::Expired.kind() { Command::Expired } else { Command::Cancelled };
    Ok((command, row.reason))
}

/// Invoices whose amendment has waited for its answer since before `asked_before`: somebody died while asking.
///
/// # Errors
/// As any read.
pub async fn forgotten(
    tx: &mut Tx,
    asked_before: OffsetDateTime,
    at_most: i64,
) -> Result<Vec<(AgencyId, InvoiceId)>, Error> {
    let rows = sqlx::query!(
        "SELECT agency_id, invoice_id FROM amendment WHERE state = 'asked' AND asked_at < $1 ORDER BY asked_at LIMIT $2",
        asked_before,
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (AgencyId(row.agency_id), InvoiceId(row.invoice_id))).collect())
}

/// Notes the answer.
///
/// # Errors
/// `Conflict` when it was noted before.
pub async fn end(tx: &mut Tx, amendment: AmendmentId, ended: Ended) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE amendment SET state = $2 WHERE amendment_id = $1 AND state = 'asked'",
        amendment.0,
        ended.name(),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "amendment")?)
}

/// Writes `after` over `before`, whose terms stay as a version of their own.
///
/// # Errors
/// `Conflict` when the row is no longer `before`.
pub async fn replace(
    tx: &mut Tx,
    (before, after): (&Invoice, &Invoice),
    (amendment, terms): (&Amendment, &Terms),
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO invoice_version (invoice_id, version, fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps,
                                      schedule_version, due_date, calendar_revision, instalments, breakdown, reason,
                                      replaced_by, replaced_at)
         SELECT invoice_id, version, fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps, schedule_version,
                due_date, calendar_revision, instalments, breakdown, $2, $3, $4
           FROM invoice WHERE invoice_id = $1",
        before.id.0,
        amendment.reason,
        amendment.requested_by,
        now,
    )
    .execute(tx.conn())
    .await?;
    let done = sqlx::query!(
        "UPDATE invoice
            SET fee_fils = $3, vat_fils = $4, total_fils = $5, reduction = $6, reduced_fils = $7, steps = $8,
                schedule_version = $9, due_date = $10, state = $11, paid_fils = $12, version = $13, breakdown = $14,
                calendar_revision = $15, instalments = $16, late = $17, penalty_on = $18, payable_until = $19
          WHERE invoice_id = $1 AND version = $2",
        before.id.0,
        before.version,
        after.fee.minor_units(),
        after.vat.minor_units(),
        after.total.minor_units(),
        after.reduced.code,
        after.reduced.fils,
        serde_json::json!(terms.price.steps),
        terms.price.schedule_version,
        after.due.date,
        after.state.name(),
        after.paid().minor_units(),
        after.version,
        serde_json::json!(after.breakdown),
        after.due.calendar_revision,
        serde_json::json!(after.instalments),
        after.late.as_ref().map(|late| serde_json::json!(late)),
        after.penalty_on,
        after.payable_until,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "invoice")?)
}

struct Row {
    amendment_id: Uuid,
    agency_id: String,
    invoice_id: Uuid,
    kind: String,
    claimed_by: Vec<u8>,
    reason: String,
    requested_by: String,
    receivable_version: i64,
    fee_fils: Option<i64>,
    vat_fils: Option<i64>,
    total_fils: Option<i64>,
    reduction: Option<String>,
    reduced_fils: Option<i64>,
    steps: Option<serde_json::Value>,
    schedule_version: Option<i32>,
    due_date: Option<Date>,
    calendar_revision: Option<i32>,
    instalments: Option<serde_json::Value>,
    breakdown: Option<serde_json::Value>,
    late: Option<serde_json::Value>,
    penalty_on: Option<Date>,
}

impl Row {
    fn amendment(self) -> Result<(Amendment, Vec<u8>), Error> {
        let to = match self.kind.as_str() {
            "cancel" => Some(To::Cancelled),
            "expire" => Some(To::Expired),
            "amend" => self.terms().map(|terms| To::Amended(Box::new(terms))),
            _ => None,
        };
        let amendment = Amendment {
            id: AmendmentId(self.amendment_id),
            agency: AgencyId(self.agency_id),
            invoice: InvoiceId(self.invoice_id),
            to: to.ok_or(Error::Corrupt { table: "amendment" })?,
            reason: self.reason,
            requested_by: self.requested_by,
            receivable_version: self.receivable_version,
        };
        Ok((amendment, self.claimed_by))
    }

    fn terms(&self) -> Option<Terms> {
        Some(Terms {
            price: Price {
                fee_fils: self.fee_fils?,
                vat_fils: self.vat_fils?,
                total_fils: self.total_fils?,
                steps: serde_json::from_value(self.steps.clone()?).ok()?,
                schedule_version: self.schedule_version?,
                reduced: Reduced { code: self.reduction.clone()?, fils: self.reduced_fils? },
                // What an earlier release asked for has none.
                breakdown: match &self.breakdown {
                    Some(breakdown) => serde_json::from_value(breakdown.clone()).ok()?,
                    None => Breakdown::default(),
                },
                late: match &self.late {
                    Some(late) => Some(serde_json::from_value(late.clone()).ok()?),
                    None => None,
                },
                // The last day moves with the due date.
                expires_after_days: None,
            },
            due: Due { date: self.due_date?, calendar_revision: self.calendar_revision },
            penalty_on: self.penalty_on,
            // What an earlier release asked for has none.
            instalments: match &self.instalments {
                Some(plan) => serde_json::from_value(plan.clone()).ok()?,
                None => Vec::new(),
            },
        })
    }
}
