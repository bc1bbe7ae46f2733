//! Looking at invoices.

use boot::wire::money_to_wire;
use ids::AgencyId;
use money::Money;
use proto::invoicing::v1 as pb;
use time::Date;

use super::Invoicing;
use crate::domain::numbering::{self, Series};
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

/// What reductions took off the agency's fees on the days from `from` to `to`, both inside.
///
/// # Errors
/// The database is away.
pub async fn reductions(
    svc: &Invoicing,
    agency: &AgencyId,
    (from, to): (Date, Date),
) -> Result<pb::ReportReductionsResponse, Error> {
    let after = to.next_day().unwrap_or(Date::MAX);
    let span = (boot::bahrain_midnight(from), boot::bahrain_midnight(after));
    let mut tx = svc.pg.read().await?;
    let sums = store::invoice::reductions(&mut tx, agency, span).await?;
    tx.commit().await?;
    let reductions = sums.into_iter().map(|sum| pb::ReductionSum {
        service_code: sum.service_code,
        reduction: sum.reduction,
        invoices: sum.invoices,
        reduced: Some(money_to_wire(Money::fils(sum.reduced_fils))),
    });
    Ok(pb::ReportReductionsResponse { reductions: reductions.collect() })
}

/// Whether a series of the agency's numbers of a year has neither gap nor double.
///
/// # Errors
/// The database is away.
pub async fn numbering(
    svc: &Invoicing,
    agency: &AgencyId,
    (series, year): (Series, i32),
) -> Result<pb::CheckNumberingResponse, Error> {
    let mut tx = svc.pg.read().await?;
    let numbers = store::numbering::read(&mut tx, agency, (series, year)).await?;
    tx.commit().await?;
    let whole = numbers.first_missing.is_none() && numbers.count == numbers.last;
    Ok(pb::CheckNumberingResponse {
        invoices: numbers.count,
        first: numbers.first,
        last: numbers.last,
        given_out: numbers.given_out,
        first_missing: numbers.first_missing.unwrap_or_default(),
        gapless: whole && numbers.last == numbers.given_out,
    })
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
