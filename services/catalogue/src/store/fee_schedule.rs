//! `fee_schedule`: append only.
use ids::{AgencyId, DraftId, ServiceCode, Uuid};
use pg::Tx;
use time::{Date, OffsetDateTime};

use super::terms::Columns;
use crate::Error;
use crate::domain::change::Added;
use crate::domain::draft::Draft;
use crate::domain::fee_service::{Origin, Schedule};
use crate::domain::files::Row as FileRow;

/// Every version of every service of an agency, or of one, with the service's code.
pub async fn all_of(
    tx: &mut Tx,
    agency: &AgencyId,
    service: Option<&ServiceCode>,
) -> Result<Vec<(String, Schedule)>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT service_code, version, fee, tax_category, minimum_fils, maximum_fils,
                  reductions::text AS "reductions!", service_fee::text, splits::text AS "splits!", late::text, expires_after_days, draft_id, valid_from AS "valid_from?"
             FROM fee_schedule
            WHERE agency_id = $1 AND ($2::text IS NULL OR service_code = $2)
            ORDER BY service_code, version"#,
        agency.as_str(),
        service.map(ServiceCode::as_str),
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|row| Ok((row.service_code.clone(), row.schedule()?))).collect()
}

/// Adds versions that files brought.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn add(tx: &mut Tx, added: &[Added<'_>], now: OffsetDateTime) -> Result<(), Error> {
    let text =
        |of: fn(&FileRow) -> &str| added.iter().map(|added| of(added.row).to_owned()).collect::<Vec<_>>();
    let versions: Vec<i32> = added.iter().map(|added| added.version).collect();
    let valid_from: Vec<Option<Date>> = added.iter().map(|added| added.valid_from).collect();
    sqlx::query!(
        "INSERT INTO fee_schedule
                (agency_id, service_code, fee, tax_category, version, valid_from, created_at)
         SELECT *, $7 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::date[])",
        &text(|row| row.service.agency.as_str()),
        &text(|row| row.service.code.as_str()),
        &text(|row| &row.fee),
        &text(|row| row.tax.code()),
        &versions,
        &valid_from as &[Option<Date>],
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Adds the version that a draft was published as.
pub async fn publish(tx: &mut Tx, draft: &Draft, version: i32, now: OffsetDateTime) -> Result<(), Error> {
    let columns = Columns::from(&draft.terms);
    sqlx::query!(
        "INSERT INTO fee_schedule (agency_id, service_code, version, fee, tax_category, minimum_fils, maximum_fils,
                                   reductions, service_fee, splits, draft_id, valid_from, created_at, late,
                                   expires_after_days)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9::text::jsonb, $10::text::jsonb, $11, $12, $13,
                 $14::text::jsonb, $15)",
        draft.agency.as_str(),
        draft.service.as_str(),
        version,
        columns.fee,
        columns.tax_category,
        columns.minimum_fils,
        columns.maximum_fils,
        columns.reductions,
        columns.service_fee,
        columns.splits,
        draft.id.0,
        draft.valid_from,
        now,
        columns.late,
        columns.expires_after_days,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A schedule as stored; `fee_service` reads it beside its service.
pub struct Row {
    pub service_code: String,
    pub version: i32,
    pub fee: String,
    pub tax_category: String,
    pub minimum_fils: Option<i64>,
    pub maximum_fils: Option<i64>,
    pub reductions: String,
    pub service_fee: Option<String>,
    pub splits: String,
    pub late: Option<String>,
    pub expires_after_days: Option<i32>,
    pub draft_id: Option<Uuid>,
    pub valid_from: Option<Date>,
}

impl Row {
    /// What it says.
    pub fn schedule(self) -> Result<Schedule, Error> {
        let columns = Columns {
            fee: self.fee,
            tax_category: self.tax_category,
            minimum_fils: self.minimum_fils,
            maximum_fils: self.maximum_fils,
            reductions: self.reductions,
            service_fee: self.service_fee,
            splits: self.splits,
            late: self.late,
            expires_after_days: self.expires_after_days,
        };
        Ok(Schedule {
            version: self.version,
            valid_from: self.valid_from,
            terms: columns.terms("fee_schedule")?,
            origin: self.draft_id.map_or(Origin::Import, |draft| Origin::Draft(DraftId(draft))),
        })
    }
}
