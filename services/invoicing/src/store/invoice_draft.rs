use ids::{AgencyId, InvoiceDraftId};
use money::Money;
use pg::Tx;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::Error;
use crate::domain::invoice_draft::{InvoiceDraft, Plan, Repeat, State};

/// What is kept of the request until the draft ends.
#[derive(Debug)]
pub struct Sealed {
    pub request: Vec<u8>,
    pub wrapped_key: Vec<u8>,
}

struct Row {
    draft_id: Uuid,
    agency_id: String,
    service_code: String,
    reference: String,
    total_fils: i64,
    first_on: Date,
    every_months: i32,
    until: Option<Date>,
    issue_on: Date,
    issued_count: i32,
    last_invoice_number: String,
    state: String,
    created_by: String,
    approved_by: String,
    failure: String,
    version: i64,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for InvoiceDraft {
    type Error = Error;

    fn try_from(row: Row) -> Result<InvoiceDraft, Error> {
        let corrupt = || Error::Corrupt { table: "invoice_draft" };
        let by = row.approved_by;
        let state = match row.state.as_str() {
            "draft" => State::Draft,
            "approved" => State::Approved { by },
            "issued" => State::Issued { by },
            "discarded" => State::Discarded { by },
            "failed" => State::Failed { by, code: row.failure },
            _ => return Err(corrupt()),
        };
        let repeat = match row.until {
            Some(until) => {
                let every_months = u8::try_from(row.every_months).ok().ok_or_else(corrupt)?;
                Some(Repeat { every_months, until })
            }
            None => None,
        };
        Ok(InvoiceDraft {
            id: InvoiceDraftId(row.draft_id),
            agency: AgencyId(row.agency_id),
            service_code: row.service_code,
            reference: row.reference,
            total: Money::fils(row.total_fils),
            plan: Plan { first_on: row.first_on, repeat },
            issue_on: row.issue_on,
            issued: u16::try_from(row.issued_count).ok().ok_or_else(corrupt)?,
            last_invoice_number: row.last_invoice_number,
            created_by: row.created_by,
            state,
            version: row.version,
            created_at: row.created_at,
        })
    }
}

/// Adds a draft; `cpr_index` finds it when its person is to be erased.
///
/// # Errors
/// As any write.
pub async fn insert(
    tx: &mut Tx,
    draft: &InvoiceDraft,
    sealed: &Sealed,
    cpr_index: &[u8; 32],
) -> Result<(), Error> {
    let repeat = draft.plan.repeat;
    sqlx::query!(
        "INSERT INTO invoice_draft (draft_id, agency_id, service_code, reference, total_fils, request_sealed, wrapped_key,
                                    cpr_index, first_on, every_months, until, issue_on, issued_count,
                                    last_invoice_number, state, created_by, approved_by, failure, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '', 'draft', $13, '', '', $14, $15)",
        draft.id.0,
        draft.agency.as_str(),
        draft.service_code,
        draft.reference,
        draft.total.minor_units(),
        sealed.request,
        sealed.wrapped_key,
        cpr_index.as_slice(),
        draft.plan.first_on,
        repeat.map_or(0, |repeat| i32::from(repeat.every_months)),
        repeat.map(|repeat| repeat.until),
        draft.issue_on,
        draft.created_by,
        draft.version,
        draft.created_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A draft of the agency, locked until the transaction ends.
///
/// # Errors
/// `InvoiceDraftUnknown`.
pub async fn lock(tx: &mut Tx, agency: &AgencyId, id: InvoiceDraftId) -> Result<InvoiceDraft, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT draft_id, agency_id, service_code, reference, total_fils, first_on, every_months, until, issue_on,
                issued_count, last_invoice_number, state, created_by, approved_by, failure, version, created_at
           FROM invoice_draft WHERE agency_id = $1 AND draft_id = $2 FOR UPDATE",
        agency.as_str(),
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::InvoiceDraftUnknown)?.try_into()
}

/// The agency's newest drafts.
///
/// # Errors
/// As any read.
pub async fn list(tx: &mut Tx, agency: &AgencyId, at_most: i64) -> Result<Vec<InvoiceDraft>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT draft_id, agency_id, service_code, reference, total_fils, first_on, every_months, until, issue_on,
                issued_count, last_invoice_number, state, created_by, approved_by, failure, version, created_at
           FROM invoice_draft WHERE agency_id = $1 ORDER BY created_at DESC LIMIT $2",
        agency.as_str(),
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(InvoiceDraft::try_from).collect()
}

/// Approved drafts whose day has come, oldest first.
///
/// # Errors
/// As any read.
pub async fn due(tx: &mut Tx, today: Date) -> Result<Vec<InvoiceDraft>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT draft_id, agency_id, service_code, reference, total_fils, first_on, every_months, until, issue_on,
                issued_count, last_invoice_number, state, created_by, approved_by, failure, version, created_at
           FROM invoice_draft WHERE state = 'approved' AND issue_on <= $1 ORDER BY issue_on, created_at",
        today,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(InvoiceDraft::try_from).collect()
}

/// What is kept of the request.
///
/// # Errors
/// `InvoiceDraftUnknown`.
pub async fn sealed(tx: &mut Tx, id: InvoiceDraftId) -> Result<Sealed, Error> {
    let row = sqlx::query_as!(
        Sealed,
        "SELECT request_sealed AS request, wrapped_key FROM invoice_draft WHERE draft_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::InvoiceDraftUnknown)
}

/// Writes `after` over `before`. What a draft that has ended held of its person is destroyed.
///
/// # Errors
/// `Conflict` when the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &InvoiceDraft, after: &InvoiceDraft) -> Result<(), Error> {
    let (approved_by, failure) = after.state.facts();
    let done = sqlx::query!(
        "UPDATE invoice_draft
            SET state = $3, approved_by = $4, failure = $5, issue_on = $6, issued_count = $7, last_invoice_number = $8,
                version = $9,
                request_sealed = CASE WHEN $10 THEN request_sealed ELSE '' END,
                wrapped_key = CASE WHEN $10 THEN wrapped_key ELSE '' END,
                cpr_index = CASE WHEN $10 THEN cpr_index ELSE '' END
          WHERE draft_id = $1 AND version = $2",
        before.id.0,
        before.version,
        after.state.name(),
        approved_by,
        failure,
        after.issue_on,
        i32::from(after.issued),
        after.last_invoice_number,
        after.version,
        after.state.is_open(),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "invoice_draft")?)
}

/// Drafts of a person that are not issued yet.
///
/// # Errors
/// As any read.
pub async fn open_of(tx: &mut Tx, agency: &AgencyId, cpr_index: &[u8; 32]) -> Result<i64, Error> {
    let open = sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM invoice_draft
            WHERE agency_id = $1 AND cpr_index = $2 AND state IN ('draft', 'approved')"#,
        agency.as_str(),
        cpr_index.as_slice(),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(open)
}
