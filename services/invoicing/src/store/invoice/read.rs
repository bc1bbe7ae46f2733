use std::collections::{HashMap, HashSet};

use ids::{AgencyId, InvoiceId, PartyRef, UploadId};
use money::Money;
use pg::Tx;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::Error;
use crate::domain::calendar::Due;
use crate::domain::fee_service::{LocalText, Price, Reduced, Seller};
use crate::domain::invoice::{Invoice, State};

/// What a bill page needs.
#[derive(Debug)]
pub struct Bill {
    pub invoice: Invoice,
    pub seller: Seller,
    pub service_name: LocalText,
    pub steps: Vec<LocalText>,
    pub payer_sealed: Vec<u8>,
    pub wrapped_key: Vec<u8>,
}

/// Which invoices of an agency.
#[derive(Debug)]
pub struct Page {
    pub upload: Option<UploadId>,
    pub state: Option<&'static str>,
    /// Year and number of the last one seen.
    pub after: (i32, i64),
    pub limit: i64,
}

struct Row {
    invoice_id: Uuid,
    agency_id: String,
    year: i32,
    number: i64,
    bill_reference: String,
    service_code: String,
    reference: String,
    party_ref: Uuid,
    fee_fils: i64,
    vat_fils: i64,
    total_fils: i64,
    reduction: String,
    reduced_fils: i64,
    breakdown: serde_json::Value,
    due_date: Date,
    calendar_revision: Option<i32>,
    instalments: serde_json::Value,
    late: Option<serde_json::Value>,
    penalty_on: Option<Date>,
    payable_until: Option<Date>,
    noticed: bool,
    remind_on: Option<Date>,
    upload_id: Option<Uuid>,
    state: String,
    paid_fils: i64,
    receivable_version: i64,
    version: i64,
    issued_at: OffsetDateTime,
}

/// Rows of the invoices that the rest of a query chooses.
macro_rules! invoices {
    ($chosen:tt, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            "SELECT invoice_id, agency_id, year, number, bill_reference, service_code, reference, party_ref, fee_fils, vat_fils,
                    total_fils, reduction, reduced_fils, breakdown, due_date, calendar_revision, instalments, late, penalty_on,
                    payable_until, noticed, remind_on, upload_id, state, paid_fils, receivable_version, version, issued_at
               FROM invoice " + $chosen,
            $($value),+
        )
    };
}

impl TryFrom<Row> for Invoice {
    type Error = Error;

    fn try_from(row: Row) -> Result<Invoice, Error> {
        let paid = Money::fils(row.paid_fils);
        let states = [
            State::Issued,
            State::PartiallyPaid { paid },
            State::Paid,
            State::Cancelled,
            State::WrittenOff { paid },
            State::Expired,
        ];
        let state = states.into_iter().find(|state| state.name() == row.state);
        Ok(Invoice {
            id: InvoiceId(row.invoice_id),
            agency: AgencyId(row.agency_id),
            year: row.year,
            number: row.number,
            bill_reference: row.bill_reference,
            service_code: row.service_code,
            reference: row.reference,
            party_ref: PartyRef(row.party_ref),
            fee: Money::fils(row.fee_fils),
            vat: Money::fils(row.vat_fils),
            total: Money::fils(row.total_fils),
            reduced: Reduced { code: row.reduction, fils: row.reduced_fils },
            breakdown: read(row.breakdown)?,
            due: Due { date: row.due_date, calendar_revision: row.calendar_revision },
            instalments: read(row.instalments)?,
            late: row.late.map(read).transpose()?,
            penalty_on: row.penalty_on,
            payable_until: row.payable_until,
            noticed: row.noticed,
            remind_on: row.remind_on,
            upload_id: row.upload_id.map(UploadId),
            state: state.ok_or(Error::Corrupt { table: "invoice" })?,
            receivable_version: row.receivable_version,
            version: row.version,
            issued_at: row.issued_at,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> Result<T, Error> {
    serde_json::from_value(json).ok().ok_or(Error::Corrupt { table: "invoice" })
}

/// Those of `references` that a bill of the agency has; one that was taken back or has ended has none.
///
/// # Errors
/// As any read.
pub async fn used_references(
    tx: &mut Tx,
    agency: &AgencyId,
    references: &[String],
) -> Result<HashSet<String>, Error> {
    let used = sqlx::query_scalar!(
        "SELECT reference FROM invoice WHERE agency_id = $1 AND reference = ANY($2)
            AND state NOT IN ('cancelled', 'expired')",
        agency.as_str(),
        references,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(used.into_iter().collect())
}

/// An invoice of the agency by year and number.
///
/// # Errors
/// `InvoiceUnknown`.
pub async fn by_number(tx: &mut Tx, agency: &AgencyId, (year, number): (i32, i64)) -> Result<Invoice, Error> {
    let row = invoices!("WHERE agency_id = $1 AND year = $2 AND number = $3", agency.as_str(), year, number,)
        .fetch_optional(tx.conn())
        .await?;
    row.ok_or(Error::InvoiceUnknown)?.try_into()
}

/// An invoice, locked until the transaction ends.
///
/// # Errors
/// `InvoiceUnknown`.
pub async fn lock(tx: &mut Tx, agency: &AgencyId, id: InvoiceId) -> Result<Invoice, Error> {
    let row = invoices!("WHERE agency_id = $1 AND invoice_id = $2 FOR UPDATE", agency.as_str(), id.0,)
        .fetch_optional(tx.conn())
        .await?;
    row.ok_or(Error::InvoiceUnknown)?.try_into()
}

/// A page of the agency's invoices, newest last.
///
/// # Errors
/// As any read.
pub async fn list(tx: &mut Tx, agency: &AgencyId, page: &Page) -> Result<Vec<Invoice>, Error> {
    let rows = invoices!(
        "WHERE agency_id = $1 AND (year, number) > ($2, $3)
            AND ($4::uuid IS NULL OR upload_id = $4) AND ($5::text IS NULL OR state = $5)
          ORDER BY year, number LIMIT $6",
        agency.as_str(),
        page.after.0,
        page.after.1,
        page.upload.map(Uuid::from),
        page.state,
        page.limit,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// The bill with this reference, of any agency: who holds the reference may see it.
///
/// # Errors
/// `BillUnknown`.
pub async fn bill(tx: &mut Tx, bill_reference: &str) -> Result<Bill, Error> {
    let row = sqlx::query!(
        "SELECT invoice.agency_id, year, number, agency_name_en, agency_name_ar, agency_vat_account,
                service_name_en, service_name_ar, steps, payer_sealed, wrapped_key
           FROM invoice JOIN party USING (party_ref) WHERE bill_reference = $1",
        bill_reference,
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or(Error::BillUnknown)?;
    let invoice = by_number(tx, &AgencyId(row.agency_id), (row.year, row.number)).await?;
    Ok(Bill {
        invoice,
        seller: Seller {
            name: LocalText { en: row.agency_name_en, ar: row.agency_name_ar },
            vat_account: row.agency_vat_account,
        },
        service_name: LocalText { en: row.service_name_en, ar: row.service_name_ar },
        steps: read(row.steps)?,
        payer_sealed: row.payer_sealed,
        wrapped_key: row.wrapped_key,
    })
}

/// What reductions took off an agency's fees, by service and reason code.
#[derive(Debug)]
pub struct ReducedSum {
    pub service_code: String,
    pub reduction: String,
    pub invoices: i64,
    pub reduced_fils: i64,
}

/// Reductions of invoices issued from `from` on and before `to`.
///
/// # Errors
/// As any read.
pub async fn reductions(
    tx: &mut Tx,
    agency: &AgencyId,
    (from, to): (OffsetDateTime, OffsetDateTime),
) -> Result<Vec<ReducedSum>, Error> {
    let sums = sqlx::query_as!(
        ReducedSum,
        r#"SELECT service_code, reduction, count(*) AS "invoices!", sum(reduced_fils)::bigint AS "reduced_fils!"
             FROM invoice
            WHERE agency_id = $1 AND reduction <> '' AND issued_at >= $2 AND issued_at < $3
            GROUP BY service_code, reduction
            ORDER BY service_code, reduction"#,
        agency.as_str(),
        from,
        to,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(sums)
}

/// Where a look at invoices by some day begins. The database knows no day before the year -4712.
pub const FIRST: (Date, InvoiceId) = (time::macros::date!(2000 - 01 - 01), InvoiceId(Uuid::nil()));

/// An invoice that being late makes cost more, with its whole price.
#[derive(Debug)]
pub struct LateInvoice {
    pub penalty_on: Date,
    pub invoice: Invoice,
    pub price: Price,
}

/// Open invoices that being late makes cost more by `today`, after the last one seen, by the day it does.
///
/// # Errors
/// As any read.
pub async fn late(
    tx: &mut Tx,
    today: Date,
    (day, id): (Date, InvoiceId),
    at_most: i64,
) -> Result<Vec<LateInvoice>, Error> {
    let rows = invoices!(
        "WHERE penalty_on <= $1 AND (penalty_on, invoice_id) > ($2, $3) AND state IN ('issued', 'partially_paid')
          ORDER BY penalty_on, invoice_id LIMIT $4",
        today,
        day,
        id.0,
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.invoice_id).collect();
    let said = sqlx::query!(
        "SELECT invoice_id, steps, schedule_version FROM invoice WHERE invoice_id = ANY($1)",
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    let mut said: HashMap<Uuid, _> = said.into_iter().map(|row| (row.invoice_id, row)).collect();
    let late = rows.into_iter().map(|row| {
        let said = said.remove(&row.invoice_id).ok_or(Error::Corrupt { table: "invoice" })?;
        let penalty_on = row.penalty_on.unwrap_or(today);
        let invoice = Invoice::try_from(row)?;
        let price = invoice.price(read(said.steps)?, said.schedule_version);
        Ok(LateInvoice { penalty_on, invoice, price })
    });
    late.collect()
}

/// Open invoices whose payer is to be told something by `today`, after the last one seen: the day, the id and the bill's reference.
///
/// # Errors
/// As any read.
pub async fn to_tell(
    tx: &mut Tx,
    today: Date,
    (day, id): (Date, InvoiceId),
    at_most: i64,
) -> Result<Vec<(Date, InvoiceId, String)>, Error> {
    let rows = sqlx::query!(
        r#"SELECT remind_on AS "remind_on!", invoice_id, bill_reference
             FROM invoice
            WHERE remind_on <= $1 AND (remind_on, invoice_id) > ($2, $3) AND state IN ('issued', 'partially_paid')
            ORDER BY remind_on, invoice_id LIMIT $4"#,
        today,
        day,
        id.0,
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.remind_on, InvoiceId(row.invoice_id), row.bill_reference)).collect())
}

/// Invoices that nobody has paid by their last day, before `today`, after the last one seen, by that day.
///
/// # Errors
/// As any read.
pub async fn ended(
    tx: &mut Tx,
    today: Date,
    (day, id): (Date, InvoiceId),
    at_most: i64,
) -> Result<Vec<Invoice>, Error> {
    let rows = invoices!(
        "WHERE payable_until < $1 AND (payable_until, invoice_id) > ($2, $3) AND state = 'issued'
          ORDER BY payable_until, invoice_id LIMIT $4",
        today,
        day,
        id.0,
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// How many invoices of an upload were taken back.
///
/// # Errors
/// As any read.
pub async fn cancelled_of(tx: &mut Tx, upload: UploadId) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM invoice WHERE upload_id = $1 AND state = 'cancelled'"#,
        upload.0,
    );
    Ok(count.fetch_one(tx.conn()).await?)
}
