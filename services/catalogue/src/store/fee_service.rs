//! `fee_service`, read with the newest of its schedules.
use ids::{AgencyId, Uuid};
use pg::Tx;
use time::{Date, OffsetDateTime};

use super::fee_schedule;
use crate::Error;
use crate::domain::agency::Name;
use crate::domain::change::Stored;
use crate::domain::fee_service::{ElectronicOnly, FeeService};

/// The services of one agency, or of all, by agency and code, each with the schedule in force on `day`; none: with its newest.
pub async fn list(tx: &mut Tx, agency: Option<&AgencyId>, day: Option<Date>) -> Result<Vec<Stored>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT s.agency_id, s.service_code, s.name_en, s.name_ar, s.electronic_only, s.electronic_only_from,
                  f.version AS "version?", f.fee AS "fee?", f.tax_category AS "tax_category?", f.minimum_fils, f.maximum_fils, f.reductions AS "reductions?",
                  f.service_fee, f.splits AS "splits?", f.late, f.expires_after_days, f.draft_id AS "draft_id?", f.valid_from AS "valid_from?"
             FROM fee_service s
        LEFT JOIN LATERAL (SELECT version, fee, tax_category, minimum_fils, maximum_fils, reductions::text,
                                  service_fee::text, splits::text, late::text, expires_after_days, draft_id, valid_from
                             FROM fee_schedule
                            WHERE agency_id = s.agency_id AND service_code = s.service_code
                              AND ($2::date IS NULL OR valid_from IS NULL OR valid_from <= $2)
                            ORDER BY version DESC LIMIT 1) f ON true
            WHERE $1::text IS NULL OR s.agency_id = $1
            ORDER BY s.agency_id, s.service_code"#,
        agency.map(AgencyId::as_str),
        day,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Adds or replaces `services`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn put(tx: &mut Tx, services: &[&FeeService], now: OffsetDateTime) -> Result<(), Error> {
    let text = |of: fn(&FeeService) -> &str| services.iter().map(|s| of(s).to_owned()).collect::<Vec<_>>();
    let only: Vec<Option<String>> = services
        .iter()
        .map(|service| service.electronic_only.map(|(only, _)| only.word().to_owned()))
        .collect();
    let from: Vec<Option<Date>> =
        services.iter().map(|service| service.electronic_only.map(|(_, from)| from)).collect();
    sqlx::query!(
        "INSERT INTO fee_service
                (agency_id, service_code, name_en, name_ar, electronic_only, electronic_only_from, changed_at)
         SELECT *, $7 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[])
             ON CONFLICT (agency_id, service_code) DO UPDATE
            SET name_en = excluded.name_en, name_ar = excluded.name_ar,
                electronic_only = excluded.electronic_only,
                electronic_only_from = excluded.electronic_only_from, changed_at = excluded.changed_at",
        &text(|service| service.agency.as_str()),
        &text(|service| service.code.as_str()),
        &text(|service| &service.name.en),
        &text(|service| &service.name.ar),
        &only as &[Option<String>],
        &from as &[Option<Date>],
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

struct Row {
    agency_id: String,
    service_code: String,
    name_en: String,
    name_ar: String,
    electronic_only: Option<String>,
    electronic_only_from: Option<Date>,
    version: Option<i32>,
    fee: Option<String>,
    tax_category: Option<String>,
    minimum_fils: Option<i64>,
    maximum_fils: Option<i64>,
    reductions: Option<String>,
    service_fee: Option<String>,
    splits: Option<String>,
    late: Option<String>,
    expires_after_days: Option<i32>,
    draft_id: Option<Uuid>,
    valid_from: Option<Date>,
}

impl TryFrom<Row> for Stored {
    type Error = Error;

    fn try_from(row: Row) -> Result<Stored, Error> {
        let corrupt = |what: String| Error::Corrupt { table: "fee_service", what };
        let id = |error: ids::Invalid| corrupt(error.to_string());
        let programme = match (row.electronic_only, row.electronic_only_from) {
            (Some(word), Some(from)) => {
                Some((ElectronicOnly::from_word(&word).ok_or_else(|| corrupt(word.clone()))?, from))
            }
            (None, None) => None,
            _ => return Err(corrupt(row.service_code)),
        };
        let service = FeeService {
            agency: row.agency_id.parse().map_err(id)?,
            code: row.service_code.parse().map_err(id)?,
            name: Name { en: row.name_en, ar: row.name_ar },
            electronic_only: programme,
        };
        let schedule = match (row.version, row.fee, row.tax_category, row.reductions, row.splits) {
            (Some(version), Some(fee), Some(tax_category), Some(reductions), Some(splits)) => {
                let schedule = fee_schedule::Row {
                    service_code: row.service_code,
                    version,
                    fee,
                    tax_category,
                    minimum_fils: row.minimum_fils,
                    maximum_fils: row.maximum_fils,
                    reductions,
                    service_fee: row.service_fee,
                    splits,
                    late: row.late,
                    expires_after_days: row.expires_after_days,
                    draft_id: row.draft_id,
                    valid_from: row.valid_from,
                };
                Some(schedule.schedule()?)
            }
            _ => None,
        };
        Ok(Stored { service, schedule })
    }
}
