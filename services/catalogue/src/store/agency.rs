//! `agency`.
use ids::AgencyId;
use pg::Tx;
use time::OffsetDateTime;

use crate::Error;
use crate::domain::agency::{Agency, It, Name};

/// Every agency, by its code.
pub async fn all(tx: &mut Tx) -> Result<Vec<Agency>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT agency_id, name_en, name_ar, own_it_system, revenue_account, settlement_iban, vat_account
           FROM agency ORDER BY agency_id"
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Agency::try_from).collect()
}

/// One agency.
pub async fn find(tx: &mut Tx, agency: &AgencyId) -> Result<Option<Agency>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT agency_id, name_en, name_ar, own_it_system, revenue_account, settlement_iban, vat_account
           FROM agency WHERE agency_id = $1",
        agency.as_str()
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Agency::try_from).transpose()
}

/// Adds or replaces `agencies`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn put(tx: &mut Tx, agencies: &[Agency], now: OffsetDateTime) -> Result<(), Error> {
    let text =
        |of: fn(&Agency) -> &str| agencies.iter().map(|agency| of(agency).to_owned()).collect::<Vec<_>>();
    let own_it_system: Vec<bool> = agencies.iter().map(|agency| agency.it == It::OwnSystem).collect();
    let vat_accounts: Vec<Option<String>> =
        agencies.iter().map(|agency| agency.vat_account.clone()).collect();
    sqlx::query!(
        "INSERT INTO agency
                (agency_id, name_en, name_ar, own_it_system, revenue_account, settlement_iban, vat_account, changed_at)
         SELECT *, $8 FROM UNNEST($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[], $7::text[])
             ON CONFLICT (agency_id) DO UPDATE
            SET name_en = excluded.name_en, name_ar = excluded.name_ar,
                own_it_system = excluded.own_it_system, revenue_account = excluded.revenue_account,
                settlement_iban = excluded.settlement_iban,
                vat_account = excluded.vat_account, changed_at = excluded.changed_at",
        &text(|agency| agency.id.as_str()),
        &text(|agency| &agency.name.en),
        &text(|agency| &agency.name.ar),
        &own_it_system,
        &text(|agency| &agency.revenue_account),
        &text(|agency| &agency.settlement_iban),
        &vat_accounts as &[Option<String>],
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

struct Row {
    agency_id: String,
    name_en: String,
    name_ar: String,
    own_it_system: bool,
    revenue_account: String,
    settlement_iban: String,
    vat_account: Option<String>,
}

impl TryFrom<Row> for Agency {
    type Error = Error;

    fn try_from(row: Row) -> Result<Agency, Error> {
        let corrupt = |error: ids::Invalid| Error::Corrupt { table: "agency", what: error.to_string() };
        Ok(Agency {
            id: row.agency_id.parse().map_err(corrupt)?,
            name: Name { en: row.name_en, ar: row.name_ar },
            it: if row.own_it_system { It::OwnSystem } else { It::PortalOnly },
            revenue_account: row.revenue_account,
            settlement_iban: row.settlement_iban,
            vat_account: row.vat_account,
        })
    }
}
