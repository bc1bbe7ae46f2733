//! Looking at invoices.

use ids::AgencyId;
use proto::invoicing::v1 as pb;

use super::Invoicing;
use crate::domain::numbering;
use crate::store::invoice::Page;
use crate::{Error, store, wire};

/// An invoice of the agency by its number.
///
/// # Errors
/// `InvoiceUnknown`.
pub async fn get(svc: &Invoicing, agency: &AgencyId, number: &str) -> Result<pb::Invoice, Error> {
    let number = numbering::parse_invoice_number(agency.as_str(), number).ok_or(Error::InvoiceUnknown)?;
    let mut tx = svc.pg.read().await?;
    let invoice = store::invoice::by_number(&mut tx, agency, number).await?;
    tx.commit().await?;
    Ok(wire::invoice(&invoice))
}

/// A page of the agency's invoices, newest last.
///
/// # Errors
/// The database is away.
pub async fn list(
    svc: &Invoicing,
    agency: &AgencyId,
    page: &Page,
) -> Result<pb::ListInvoicesResponse, Error> {
    let mut tx = svc.pg.read().await?;
    let found = store::invoice::list(&mut tx, agency, page).await?;
    tx.commit().await?;
    let full = i64::try_from(found.len()).is_ok_and(|count| count == page.limit);
    let next_after = found.last().filter(|_| full).map(crate::domain::invoice::Invoice::invoice_number);
    Ok(pb::ListInvoicesResponse {
        invoices: found.iter().map(wire::invoice).collect(),
        next_after: next_after.unwrap_or_default(),
    })
}
