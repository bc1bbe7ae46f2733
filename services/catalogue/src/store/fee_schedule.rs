//! `fee_schedule`: append only.
use ids::AgencyId;
use pg::Tx;
use time::{Date, OffsetDateTime};

use crate::Error;
use crate::domain::change::Added;
use crate::domain::fee::Fee;
use crate::domain::fee_service::{Schedule, TaxCategory};
use crate::domain::files::Row as FileRow;

/// Every version of every service of an agency, with the service's code.
pub async fn all_of(tx: &mut Tx, agency: &AgencyId) -> Result<Vec<(String, Schedule)>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT service_code, version, fee, tax_category, valid_from AS "valid_from?"
             FROM fee_schedule WHERE agency_id = $1 ORDER BY service_code, version"#,
        agency.as_str()
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Row::schedule).collect()
}

/// Adds versions.
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

struct Row {
    service_code: String,
    version: i32,
    fee: String,
    tax_category: String,
    valid_from: Option<Date>,
}

impl Row {
    fn schedule(self) -> Result<(String, Schedule), Error> {
        let corrupt = |what: String| Error::Corrupt { table: "fee_schedule", what };
        let fee = Fee::parse(&self.fee).map_err(|error| corrupt(error.to_string()))?;
        let tax = TaxCategory::from_code(&self.tax_category);
        let tax = tax.ok_or_else(|| corrupt(self.tax_category.clone()))?;
        let schedule =
            Schedule { version: self.version, valid_from: self.valid_from, text: self.fee, fee, tax };
        Ok((self.service_code, schedule))
    }
}
