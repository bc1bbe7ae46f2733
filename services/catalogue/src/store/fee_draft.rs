//! `fee_draft`.
use ids::{AgencyId, DraftId, ServiceCode, Uuid};
use pg::Tx;
use time::{Date, OffsetDateTime};

use super::terms::Columns;
use crate::Error;
use crate::domain::draft::{Draft, State};

/// The drafts of an agency, or of one of its services, oldest first.
pub async fn list(
    tx: &mut Tx,
    agency: &AgencyId,
    service: Option<&ServiceCode>,
) -> Result<Vec<Draft>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT draft_id, agency_id, service_code, valid_from, fee, tax_category, minimum_fils, maximum_fils,
                  reductions::text AS "reductions!", service_fee::text, splits::text AS "splits!", late::text, expires_after_days, authors, state, remark, submitted_by, decided_by, schedule_version,
                  created_at, version
             FROM fee_draft
            WHERE agency_id = $1 AND ($2::text IS NULL OR service_code = $2)
            ORDER BY created_at, draft_id"#,
        agency.as_str(),
        service.map(ServiceCode::as_str),
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Draft::try_from).collect()
}

/// One draft.
pub async fn find(tx: &mut Tx, id: DraftId) -> Result<Option<Draft>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT draft_id, agency_id, service_code, valid_from, fee, tax_category, minimum_fils, maximum_fils,
                  reductions::text AS "reductions!", service_fee::text, splits::text AS "splits!", late::text, expires_after_days, authors, state, remark, submitted_by, decided_by, schedule_version,
                  created_at, version
             FROM fee_draft WHERE draft_id = $1"#,
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Draft::try_from).transpose()
}

/// Adds a draft that somebody has begun.
pub async fn add(tx: &mut Tx, draft: &Draft) -> Result<(), Error> {
    let columns = Columns::from(&draft.terms);
    let authors: Vec<String> = draft.authors.iter().cloned().collect();
    sqlx::query!(
        "INSERT INTO fee_draft (draft_id, agency_id, service_code, valid_from, fee, tax_category, minimum_fils,
                                maximum_fils, reductions, service_fee, splits, authors, state, created_at, version, late,
                                expires_after_days)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb, $11::text::jsonb, $12, 'draft', $13,
                 $14, $15::text::jsonb, $16)",
        draft.id.0,
        draft.agency.as_str(),
        draft.service.as_str(),
        draft.valid_from,
        columns.fee,
        columns.tax_category,
        columns.minimum_fils,
        columns.maximum_fils,
        columns.reductions,
        columns.service_fee,
        columns.splits,
        &authors,
        draft.created_at,
        draft.version,
        columns.late,
        columns.expires_after_days,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes `after` over `before`; `Conflict`, and nothing written, if the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Draft, after: &Draft) -> Result<(), Error> {
    let columns = Columns::from(&after.terms);
    let authors: Vec<String> = after.authors.iter().cloned().collect();
    let (remark, submitted_by, decided_by, schedule_version) = match &after.state {
        State::Draft { remark } => (remark.as_deref(), None, None, None),
        State::Submitted { by } => (None, Some(by.as_str()), None, None),
        State::Published { submitted_by, by, schedule_version } => {
            (None, Some(submitted_by.as_str()), Some(by.as_str()), Some(*schedule_version))
        }
        State::Withdrawn { by } => (None, None, Some(by.as_str()), None),
    };
    let done = sqlx::query!(
        "UPDATE fee_draft
            SET valid_from = $3, fee = $4, tax_category = $5, minimum_fils = $6, maximum_fils = $7,
                reductions = $8::text::jsonb, service_fee = $9::text::jsonb, splits = $10::text::jsonb, authors = $11,
                state = $12, remark = $13, submitted_by = $14, decided_by = $15, schedule_version = $16, version = $17,
                late = $18::text::jsonb, expires_after_days = $19
          WHERE draft_id = $1 AND version = $2",
        before.id.0,
        before.version,
        after.valid_from,
        columns.fee,
        columns.tax_category,
        columns.minimum_fils,
        columns.maximum_fils,
        columns.reductions,
        columns.service_fee,
        columns.splits,
        &authors,
        after.state.name(),
        remark,
        submitted_by,
        decided_by,
        schedule_version,
        after.version,
        columns.late,
        columns.expires_after_days,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "fee_draft")?)
}

struct Row {
    draft_id: Uuid,
    agency_id: String,
    service_code: String,
    valid_from: Date,
    fee: String,
    tax_category: String,
    minimum_fils: Option<i64>,
    maximum_fils: Option<i64>,
    reductions: String,
    service_fee: Option<String>,
    splits: String,
    late: Option<String>,
    expires_after_days: Option<i32>,
    authors: Vec<String>,
    state: String,
    remark: Option<String>,
    submitted_by: Option<String>,
    decided_by: Option<String>,
    schedule_version: Option<i32>,
    created_at: OffsetDateTime,
    version: i64,
}

impl TryFrom<Row> for Draft {
    type Error = Error;

    fn try_from(row: Row) -> Result<Draft, Error> {
        let corrupt = |what: String| Error::Corrupt { table: "fee_draft", what };
        let id = |error: ids::Invalid| corrupt(error.to_string());
        let state = match (row.state.as_str(), row.submitted_by, row.decided_by, row.schedule_version) {
            ("draft", None, None, None) => State::Draft { remark: row.remark },
            ("submitted", Some(by), None, None) => State::Submitted { by },
            ("published", Some(submitted_by), Some(by), Some(schedule_version)) => {
                State::Published { submitted_by, by, schedule_version }
            }
            ("withdrawn", None, Some(by), None) => State::Withdrawn { by },
            _ => return Err(corrupt(row.state)),
        };
        let columns = Columns {
            fee: row.fee,
            tax_category: row.tax_category,
            minimum_fils: row.minimum_fils,
            maximum_fils: row.maximum_fils,
            reductions: row.reductions,
            service_fee: row.service_fee,
            splits: row.splits,
            late: row.late,
            expires_after_days: row.expires_after_days,
        };
        Ok(Draft {
            id: DraftId(row.draft_id),
            agency: row.agency_id.parse().map_err(id)?,
            service: row.service_code.parse().map_err(id)?,
            valid_from: row.valid_from,
            terms: columns.terms("fee_draft")?,
            authors: row.authors.into_iter().collect(),
            state,
            created_at: row.created_at,
            version: row.version,
        })
    }
}
