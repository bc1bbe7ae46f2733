use pg::Tx;
use time::Date;
use uuid::Uuid;

use crate::Error;
use crate::domain::fee_service::{LocalText, Seller};
use crate::domain::invoice::Invoice;

/// An invoice to store, with what the document says besides.
#[derive(Clone, Debug)]
pub struct Document {
    pub invoice: Invoice,
    pub service_name: LocalText,
    pub payer_sealed: Vec<u8>,
    pub steps: Vec<LocalText>,
    pub schedule_version: i32,
}

/// Adds invoices of one agency, `seller`, of one moment and one origin (an upload or none).
///
/// # Errors
/// The constraint `invoice_reference_once` when a reference was used before.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, seller: &Seller, documents: &[Document]) -> Result<(), Error> {
    let Some(Document { invoice: first, .. }) = documents.first() else { return Ok(()) };
    let columns = Columns::of(documents);
    sqlx::query!(
        "INSERT INTO invoice (invoice_id, agency_id, year, number, bill_reference, agency_name_en, agency_name_ar,
                              service_code, service_name_en, service_name_ar, reference, party_ref, payer_sealed,
                              fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, upload_id, state,
                              paid_fils, receivable_version, version, issued_at, reduction, reduced_fils, breakdown,
                              instalments, calendar_revision, late, penalty_on, remind_on, payable_until, agency_vat_account)
         SELECT invoice_id, $1, $2, number, bill_reference, $3, $4, service_code, service_name_en, service_name_ar,
                reference, party_ref, payer_sealed, fee_fils, vat_fils, total_fils, steps, schedule_version, due_date,
                $5, $6, 0, 0, 1, $7, reduction, reduced_fils, breakdown, instalments, calendar_revision, late, penalty_on,
                remind_on, payable_until, $32
           FROM UNNEST($8::uuid[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                       $15::uuid[], $16::bytea[], $17::bigint[], $18::bigint[], $19::bigint[], $20::jsonb[],
                       $21::int[], $22::date[], $23::text[], $24::bigint[], $25::jsonb[], $26::jsonb[], $27::int[], $28::jsonb[], $29::date[],
                       $30::date[], $31::date[])
             AS new (invoice_id, number, bill_reference, service_code, service_name_en, service_name_ar, reference,
                     party_ref, payer_sealed, fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, reduction,
                     reduced_fils, breakdown, instalments, calendar_revision, late, penalty_on, remind_on, payable_until)",
        first.agency.as_str(),
        first.year,
        seller.name.en,
        seller.name.ar,
        first.upload_id.map(Uuid::from),
        first.state.name(),
        first.issued_at,
        &columns.ids,
        &columns.numbers,
        &columns.bill_references,
        &columns.service_codes,
        &columns.service_names_en,
        &columns.service_names_ar,
        &columns.references,
        &columns.parties,
        &columns.payers,
        &columns.fees,
        &columns.vats,
        &columns.totals,
        &columns.steps,
        &columns.schedule_versions,
        &columns.due_dates,
        &columns.reductions,
        &columns.reduced,
        &columns.breakdowns,
        &columns.instalments,
        &columns.calendar_revisions as &[Option<i32>],
        &columns.late as &[Option<serde_json::Value>],
        &columns.penalties_on as &[Option<Date>],
        &columns.reminders_on as &[Option<Date>],
        &columns.payable_until as &[Option<Date>],
        seller.vat_account,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The documents turned on their side, as UNNEST takes them.
struct Columns {
    ids: Vec<Uuid>,
    numbers: Vec<i64>,
    bill_references: Vec<String>,
    service_codes: Vec<String>,
    service_names_en: Vec<String>,
    service_names_ar: Vec<String>,
    references: Vec<String>,
    parties: Vec<Uuid>,
    payers: Vec<Vec<u8>>,
    fees: Vec<i64>,
    vats: Vec<i64>,
    totals: Vec<i64>,
    steps: Vec<serde_json::Value>,
    schedule_versions: Vec<i32>,
    due_dates: Vec<Date>,
    reductions: Vec<String>,
    reduced: Vec<i64>,
    breakdowns: Vec<serde_json::Value>,
    instalments: Vec<serde_json::Value>,
    calendar_revisions: Vec<Option<i32>>,
    late: Vec<Option<serde_json::Value>>,
    penalties_on: Vec<Option<Date>>,
    reminders_on: Vec<Option<Date>>,
    payable_until: Vec<Option<Date>>,
}

impl Columns {
    fn of(documents: &[Document]) -> Columns {
        fn each<T>(documents: &[Document], get: impl Fn(&Document) -> T) -> Vec<T> {
            documents.iter().map(get).collect()
        }
        Columns {
            ids: each(documents, |d| d.invoice.id.0),
            numbers: each(documents, |d| d.invoice.number),
            bill_references: each(documents, |d| d.invoice.bill_reference.clone()),
            service_codes: each(documents, |d| d.invoice.service_code.clone()),
            service_names_en: each(documents, |d| d.service_name.en.clone()),
            service_names_ar: each(documents, |d| d.service_name.ar.clone()),
            references: each(documents, |d| d.invoice.reference.clone()),
            parties: each(documents, |d| d.invoice.party_ref.0),
            payers: each(documents, |d| d.payer_sealed.clone()),
            fees: each(documents, |d| d.invoice.fee.minor_units()),
            vats: each(documents, |d| d.invoice.vat.minor_units()),
            totals: each(documents, |d| d.invoice.total.minor_units()),
            steps: each(documents, |d| serde_json::json!(d.steps)),
            schedule_versions: each(documents, |d| d.schedule_version),
            due_dates: each(documents, |d| d.invoice.due.date),
            reductions: each(documents, |d| d.invoice.reduced.code.clone()),
            reduced: each(documents, |d| d.invoice.reduced.fils),
            breakdowns: each(documents, |d| serde_json::json!(d.invoice.breakdown)),
            instalments: each(documents, |d| serde_json::json!(d.invoice.instalments)),
            calendar_revisions: each(documents, |d| d.invoice.due.calendar_revision),
            late: each(documents, |d| d.invoice.late.as_ref().map(|late| serde_json::json!(late))),
            penalties_on: each(documents, |d| d.invoice.penalty_on),
            reminders_on: each(documents, |d| d.invoice.remind_on),
            payable_until: each(documents, |d| d.invoice.payable_until),
        }
    }
}

/// Writes how far an invoice is paid: `after` over `before`.
///
/// # Errors
/// `Conflict` when the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Invoice, after: &Invoice) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE invoice SET state = $4, paid_fils = $5, receivable_version = $6, version = $7
          WHERE invoice_id = $1 AND version = $2 AND receivable_version = $3",
        before.id.0,
        before.version,
        before.receivable_version,
        after.state.name(),
        after.paid().minor_units(),
        after.receivable_version,
        after.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "invoice")?)
}

/// Writes that being late adds nothing before another day.
///
/// # Errors
/// `Conflict` when the row is no longer `invoice`.
pub async fn put_off(tx: &mut Tx, invoice: &Invoice, penalty_on: Option<Date>) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE invoice SET penalty_on = $3 WHERE invoice_id = $1 AND version = $2",
        invoice.id.0,
        invoice.version,
        penalty_on,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "invoice")?)
}

/// Writes that the payer was told, or that there is nobody to tell, and when to speak next.
///
/// # Errors
/// `Conflict` when the row is no longer `invoice`.
pub async fn told(tx: &mut Tx, invoice: &Invoice, remind_on: Option<Date>) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE invoice SET noticed = true, remind_on = $3 WHERE invoice_id = $1 AND version = $2",
        invoice.id.0,
        invoice.version,
        remind_on,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "invoice")?)
}
