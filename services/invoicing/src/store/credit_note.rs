use ids::{AgencyId, InvoiceId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;
use crate::domain::credit_note::Credited;

/// A credit note, and the invoice it takes something off.
#[derive(Clone, Debug)]
pub struct CreditNote {
    pub year: i32,
    pub number: i64,
    /// Year and number of the invoice.
    pub invoice_number: (i32, i64),
    pub bill_reference: String,
    pub credited: Credited,
    pub reason: String,
    pub issued_at: OffsetDateTime,
}

/// Which of an agency's.
#[derive(Debug)]
pub struct Page {
    pub invoice: Option<InvoiceId>,
    /// Year and number of the last one seen.
    pub after: (i32, i64),
    pub limit: i64,
}

/// A credit note to store: who, which invoice at which version, why and when.
#[derive(Debug)]
pub struct New<'a> {
    pub agency: &'a AgencyId,
    pub year: i32,
    pub number: i64,
    pub invoice: InvoiceId,
    pub invoice_version: i64,
    pub credited: &'a Credited,
    pub reason: &'a str,
    pub issued_at: OffsetDateTime,
}

/// Adds one.
///
/// # Errors
/// As any write.
pub async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO credit_note (agency_id, year, number, invoice_id, invoice_version, fee_fils, vat_fils, total_fils, lines,
                                  reason, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.agency.as_str(),
        new.year,
        new.number,
        new.invoice.0,
        new.invoice_version,
        new.credited.fee.minor_units(),
        new.credited.vat.minor_units(),
        new.credited.total.minor_units(),
        serde_json::json!(new.credited.lines),
        new.reason,
        new.issued_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

struct Row {
    year: i32,
    number: i64,
    invoice_year: i32,
    invoice_number: i64,
    bill_reference: String,
    fee_fils: i64,
    vat_fils: i64,
    total_fils: i64,
    lines: serde_json::Value,
    reason: String,
    issued_at: OffsetDateTime,
}

impl TryFrom<Row> for CreditNote {
    type Error = Error;

    fn try_from(row: Row) -> Result<CreditNote, Error> {
        let lines = serde_json::from_value(row.lines).ok().ok_or(Error::Corrupt { table: "credit_note" })?;
        Ok(CreditNote {
            year: row.year,
            number: row.number,
            invoice_number: (row.invoice_year, row.invoice_number),
            bill_reference: row.bill_reference,
            credited: Credited {
                fee: Money::fils(row.fee_fils),
                vat: Money::fils(row.vat_fils),
                total: Money::fils(row.total_fils),
                lines,
            },
            reason: row.reason,
            issued_at: row.issued_at,
        })
    }
}

/// A page, oldest first.
///
/// # Errors
/// As any read.
pub async fn list(tx: &mut Tx, agency: &AgencyId, page: &Page) -> Result<Vec<CreditNote>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT note.year, note.number, invoice.year AS invoice_year, invoice.number AS invoice_number,
                invoice.bill_reference, note.fee_fils, note.vat_fils, note.total_fils, note.lines, note.reason,
                note.issued_at
           FROM credit_note AS note JOIN invoice USING (invoice_id)
          WHERE note.agency_id = $1 AND (note.year, note.number) > ($2, $3)
            AND ($4::uuid IS NULL OR note.invoice_id = $4)
          ORDER BY note.year, note.number LIMIT $5",
        agency.as_str(),
        page.after.0,
        page.after.1,
        page.invoice.map(Uuid::from),
        page.limit,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(CreditNote::try_from).collect()
}
