//! What amending and cancelling take off invoices, on paper.

use boot::{Problem, bahrain_date};
use ids::AgencyId;
use pg::Tx;
use proto::invoicing::v1 as pb;

use super::Invoicing;
use crate::domain::credit_note::credited;
use crate::domain::invoice::Invoice;
use crate::domain::numbering::{self, Series};
use crate::store::credit_note::{New, Page};
use crate::{Error, store, wire};

/// Issues a credit note, in the caller's transaction, if the locked invoice asks for less than before.
///
/// # Errors
/// As any write.
pub async fn issue(
    svc: &Invoicing,
    tx: &mut Tx,
    (before, after): (&Invoice, &Invoice),
    reason: &str,
) -> Result<(), Error> {
    let Some(credited) = credited(before, after).map_err(Problem::internal)? else { return Ok(()) };
    let now = svc.ctx.clock.now();
    let (agency, year) = (&after.agency, bahrain_date(now).year());
    let series = (Series::CreditNote, year);
    let last = store::numbering::lock(tx, agency, series).await?;
    let number = last + 1;
    let new = New {
        agency,
        year,
        number,
        invoice: after.id,
        invoice_version: after.version,
        credited: &credited,
        reason,
        issued_at: now,
    };
    store::credit_note::insert(tx, &new).await?;
    store::numbering::advance(tx, agency, series, (last, number)).await
}

/// Which of an agency's to look at.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Empty: of all invoices.
    pub invoice_number: &'a str,
    /// Empty: from the start.
    pub after: &'a str,
    pub limit: i64,
}

/// A page, oldest first.
///
/// # Errors
/// `InvoiceUnknown`, `CreditNoteUnknown` for a wrong `after`.
pub async fn list(
    svc: &Invoicing,
    agency: &AgencyId,
    asked: Asked<'_>,
) -> Result<pb::ListCreditNotesResponse, Error> {
    let after = match asked.after {
        "" => (0, 0),
        number => {
            numbering::parse_credit_note_number(agency.as_str(), number).ok_or(Error::CreditNoteUnknown)?
        }
    };
    let mut tx = svc.pg.read().await?;
    let invoice = match asked.invoice_number {
        "" => None,
        number => {
            let number = numbering::parse_invoice_number(agency.as_str(), number);
            let number = number.ok_or(Error::InvoiceUnknown)?;
            Some(store::invoice::by_number(&mut tx, agency, number).await?.id)
        }
    };
    let page = Page { invoice, after, limit: asked.limit };
    let found = store::credit_note::list(&mut tx, agency, &page).await?;
    tx.commit().await?;
    let full = i64::try_from(found.len()).is_ok_and(|count| count == page.limit);
    let credit_notes: Vec<_> = found.iter().map(|note| wire::credit_note(agency, note)).collect();
    let next_after = credit_notes.last().filter(|_| full).map(|note| note.credit_note_number.clone());
    Ok(pb::ListCreditNotesResponse { credit_notes, next_after: next_after.unwrap_or_default() })
}
