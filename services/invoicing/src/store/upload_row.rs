use ids::{AgencyId, PartyRef, UploadId};
use pg::Tx;
use time::Date;

use crate::Error;
use crate::domain::fee_service::{LocalText, Price, Reduced};
use crate::domain::upload::Upload;
use crate::domain::upload_row::Code;

/// A valid row that waits to be issued.
#[derive(Clone, Debug)]
pub struct ValidRow {
    pub number: i32,
    pub reference: String,
    pub service_code: String,
    pub service_name: LocalText,
    pub party_ref: PartyRef,
    pub payer_sealed: Vec<u8>,
    pub price: Price,
    pub due_date: Date,
}

/// Adds the valid rows of an upload.
///
/// # Errors
/// As any write.
pub async fn insert(tx: &mut Tx, upload: UploadId, rows: &[ValidRow]) -> Result<(), Error> {
    let texts = |get: fn(&ValidRow) -> &String| rows.iter().map(|row| get(row).clone()).collect::<Vec<_>>();
    let fils = |get: fn(&Price) -> i64| rows.iter().map(|row| get(&row.price)).collect::<Vec<_>>();
    let numbers: Vec<i32> = rows.iter().map(|row| row.number).collect();
    let parties: Vec<_> = rows.iter().map(|row| row.party_ref.0).collect();
    let payers: Vec<Vec<u8>> = rows.iter().map(|row| row.payer_sealed.clone()).collect();
    let steps: Vec<serde_json::Value> = rows.iter().map(|row| serde_json::json!(row.price.steps)).collect();
    let versions: Vec<i32> = rows.iter().map(|row| row.price.schedule_version).collect();
    let due_dates: Vec<Date> = rows.iter().map(|row| row.due_date).collect();
    let breakdowns: Vec<serde_json::Value> =
        rows.iter().map(|row| serde_json::json!(row.price.breakdown)).collect();
    let reductions: Vec<String> = rows.iter().map(|row| row.price.reduced.code.clone()).collect();
    sqlx::query!(
        "INSERT INTO upload_row (upload_id, row_number, reference, service_code, service_name_en, service_name_ar,
                                 party_ref, payer_sealed, fee_fils, vat_fils, total_fils, steps, schedule_version,
                                 due_date, reduction, reduced_fils, breakdown)
         SELECT $1, row_number, reference, service_code, service_name_en, service_name_ar, party_ref, payer_sealed,
                fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, reduction, reduced_fils, breakdown
           FROM UNNEST($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bytea[],
                       $9::bigint[], $10::bigint[], $11::bigint[], $12::jsonb[], $13::int[], $14::date[], $15::text[],
                       $16::bigint[], $17::jsonb[])
             AS new (row_number, reference, service_code, service_name_en, service_name_ar, party_ref, payer_sealed,
                     fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, reduction, reduced_fils,
                     breakdown)",
        upload.0,
        &numbers,
        &texts(|row| &row.reference),
        &texts(|row| &row.service_code),
        &texts(|row| &row.service_name.en),
        &texts(|row| &row.service_name.ar),
        &parties,
        &payers,
        &fils(|price| price.fee_fils),
        &fils(|price| price.vat_fils),
        &fils(|price| price.total_fils),
        &steps,
        &versions,
        &due_dates,
        &reductions,
        &fils(|price| price.reduced.fils),
        &breakdowns,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the rows out of the waiting room, in the order of the file: they become invoices in this transaction.
///
/// # Errors
/// As any write.
pub async fn take(tx: &mut Tx, upload: UploadId) -> Result<Vec<ValidRow>, Error> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
             DELETE FROM upload_row WHERE upload_id = $1
             RETURNING row_number, reference, service_code, service_name_en, service_name_ar, party_ref, payer_sealed,
                       fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, reduction, reduced_fils, breakdown
         )
         SELECT row_number AS "row_number!", reference AS "reference!", service_code AS "service_code!",
                service_name_en AS "service_name_en!", service_name_ar AS "service_name_ar!",
                party_ref AS "party_ref!", payer_sealed AS "payer_sealed!", fee_fils AS "fee_fils!",
                vat_fils AS "vat_fils!", total_fils AS "total_fils!", steps AS "steps!",
                schedule_version AS "schedule_version!", due_date AS "due_date!",
                reduction AS "reduction!", reduced_fils AS "reduced_fils!",
                breakdown AS "breakdown!"
           FROM taken ORDER BY row_number"#,
        upload.0,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let steps =
                serde_json::from_value(row.steps).ok().ok_or(Error::Corrupt { table: "upload_row" })?;
            Ok(ValidRow {
                number: row.row_number,
                reference: row.reference,
                service_code: row.service_code,
                service_name: LocalText { en: row.service_name_en, ar: row.service_name_ar },
                party_ref: PartyRef(row.party_ref),
                payer_sealed: row.payer_sealed,
                price: Price {
                    fee_fils: row.fee_fils,
                    vat_fils: row.vat_fils,
                    total_fils: row.total_fils,
                    steps,
                    schedule_version: row.schedule_version,
                    reduced: Reduced { code: row.reduction, fils: row.reduced_fils },
                    breakdown: serde_json::from_value(row.breakdown)
                        .ok()
                        .ok_or(Error::Corrupt { table: "upload_row" })?,
                },
                due_date: row.due_date,
            })
        })
        .collect()
}

/// Rows that lost their reference to another bill since the file was checked become errors. How many, and what they
/// would have come to in fils. Call it under the lock of the agency's numbering: no other bill can come in between.
///
/// # Errors
/// As any write.
pub async fn refuse_used_references(
    tx: &mut Tx,
    agency: &AgencyId,
    upload: &Upload,
) -> Result<(i32, i64), Error> {
    let lost = sqlx::query!(
        r#"WITH lost AS (
             DELETE FROM upload_row USING invoice
              WHERE upload_row.upload_id = $1 AND invoice.agency_id = $2
                AND invoice.reference = upload_row.reference
             RETURNING upload_row.row_number, upload_row.total_fils
         ), noted AS (
             INSERT INTO upload_error (upload_id, row_number, column_number, code, details)
             SELECT $1, row_number, $3, $4, '{}' FROM lost
         )
         SELECT count(*)::int AS "count!", coalesce(sum(total_fils), 0)::bigint AS "total_fils!" FROM lost"#,
        upload.id.0,
        agency.as_str(),
        upload.reference_column,
        Code::ReferenceDuplicate.name(),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((lost.count, lost.total_fils))
}
