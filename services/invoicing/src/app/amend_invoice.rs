//! New terms for an invoice: priced anew by the schedule of the day it was issued.

use boot::{Call, Problem, bahrain_date};
use ids::AgencyId;
use money::Money;
use proto::invoicing::v1::{AmendInvoiceRequest, AmendInvoiceResponse, CancelInvoiceRequest};
use time::{Date, macros::format_description};

use super::amend::{Wish, change};
use super::issue_invoice::{cell, instalments, refused, spelt};
use super::judge::fault;
use super::{Invoicing, calendar};
use crate::domain::amendment::{MAX_REASON, To};
use crate::domain::calendar::Due;
use crate::domain::fee_service::Price;
use crate::domain::instalment;
use crate::domain::invoice::{Invoice, Terms};
use crate::domain::numbering;
use crate::domain::upload_row::{self, Code, Fault, Field, Fields, Others};
use crate::{Error, store};

/// Changes what an invoice asks for, by its service's fee on the day it was issued.
///
/// # Errors
/// `Row` with the code and field at fault; those of [`change`].
pub async fn amend(
    svc: Invoicing,
    call: Call,
    request: AmendInvoiceRequest,
) -> Result<AmendInvoiceResponse, Error> {
    let agency = call.agency()?.clone();
    let number = number(&agency, &request.invoice_number)?;
    let reason = reason(&request.reason)?;
    let body = canonical(&request, &reason);
    let claim = svc.claim(&call, "AmendInvoice", &body)?;

    let mut tx = svc.pg.read().await?;
    let invoice = store::invoice::by_number(&mut tx, &agency, number).await?;
    tx.commit().await?;
    let price = price(&svc, &agency, &invoice, &request).await?;
    let terms = terms(&svc, &invoice, &request, price).await?;
    let wish = Wish { number, to: To::Amended(Box::new(terms)), reason, of: Some(Box::new(invoice)) };
    change(&svc, &call, wish, &claim).await
}

/// Takes an invoice back that nobody has paid.
///
/// # Errors
/// Those of [`change`].
pub async fn cancel(
    svc: Invoicing,
    call: Call,
    request: CancelInvoiceRequest,
) -> Result<AmendInvoiceResponse, Error> {
    let agency = call.agency()?.clone();
    let number = number(&agency, &request.invoice_number)?;
    let reason = reason(&request.reason)?;
    let claim = svc.claim(&call, "CancelInvoice", &[&request.invoice_number, &reason])?;
    change(&svc, &call, Wish { number, to: To::Cancelled, reason, of: None }, &claim).await
}

fn number(agency: &AgencyId, text: &str) -> Result<(i32, i64), Error> {
    numbering::parse_invoice_number(agency.as_str(), text).ok_or(Error::InvoiceUnknown)
}

fn invalid(field: &'static str, detail: String) -> Problem {
    Problem::new(tonic::Code::InvalidArgument, "field_invalid", detail).field(field)
}

fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REASON {
        return Err(invalid("reason", format!("Say why, in at most {MAX_REASON} characters.")));
    }
    Ok(text.to_owned())
}

/// Every part of the request in one order; a map has none of its own.
fn canonical(request: &AmendInvoiceRequest, reason: &str) -> Vec<String> {
    let mut body = vec![request.invoice_number.as_str(), &request.reduction, &request.due_date, reason];
    let mut inputs: Vec<_> = request.inputs.iter().collect();
    inputs.sort();
    body.extend(inputs.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    let mut body: Vec<String> = body.into_iter().map(str::to_owned).collect();
    body.extend(request.instalments.iter().flat_map(spelt));
    body
}

/// The new terms. A plan that is not replaced keeps its days and proportions.
async fn terms(
    svc: &Invoicing,
    invoice: &Invoice,
    request: &AmendInvoiceRequest,
    price: Price,
) -> Result<Terms, Error> {
    let calendar = calendar::newest(svc).await?;
    let today = bahrain_date(svc.ctx.clock.now());
    // Late as of today, by the new due date.
    let terms_of = |price: &Price, due: Due| {
        Terms::at_once(price, due, &invoice.agency, (&calendar, today)).map_err(Problem::internal)
    };
    let named = due_date(&request.due_date, invoice)?;
    if request.instalments.is_empty() {
        if named.is_some_and(|date| date != invoice.due.date) && !invoice.instalments.is_empty() {
            let detail = "This bill is paid in instalments; send the new plan instead.".to_owned();
            return Err(invalid("due_date", detail).into());
        }
        let terms = terms_of(&price, named.map_or(invoice.due, by_agency))?;
        let total = Money::fils(terms.price.total_fils);
        let instalments =
            instalment::in_proportion(&invoice.instalments, total).map_err(Problem::internal)?;
        return Ok(Terms { instalments, ..terms });
    }
    let parts = instalments(svc, &request.instalments, &calendar)?;
    let last = parts.last().map_or(invoice.due.date, |last| last.due_date);
    let terms = terms_of(&price, by_agency(last))?;
    let total = Money::fils(terms.price.total_fils);
    let plan = instalment::plan(parts, total).map_err(|fault| refused(svc, Some(&fault)))?;
    if named.is_some_and(|date| date != last) {
        let fault = Fault::new(Field::DueDate, Code::InstalmentsEnd).with("last", last.to_string());
        return Err(refused(svc, Some(&fault)));
    }
    Ok(Terms { instalments: plan, ..terms })
}

fn by_agency(date: Date) -> Due {
    Due { date, calendar_revision: None }
}

/// None: as it was. Never before the invoice was issued.
fn due_date(text: &str, invoice: &Invoice) -> Result<Option<Date>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    let read = read.ok_or_else(|| invalid("due_date", "Write the date like 2030-01-31.".to_owned()))?;
    let earliest = bahrain_date(invoice.issued_at);
    if read < earliest {
        return Err(invalid(
            "due_date",
            format!("The invoice was issued on {earliest}; it is due then or later."),
        ));
    }
    Ok(Some(read))
}

async fn price(
    svc: &Invoicing,
    agency: &AgencyId,
    invoice: &Invoice,
    request: &AmendInvoiceRequest,
) -> Result<Price, Error> {
    let services = svc.catalogue.fee_services(agency).await?;
    let service = services.get(&invoice.service_code);
    let fields = Fields {
        reduction: Some(cell(request.reduction.clone())),
        inputs: request.inputs.iter().map(|(name, value)| (name.clone(), cell(value.clone()))).collect(),
        ..Fields::default()
    };
    let mut faults: Vec<Fault> = Vec::new();
    let quote = upload_row::quote(&fields, service, Others::Refused, &mut faults);
    let (Some(quote), Some(service), true) = (quote, service, faults.is_empty()) else {
        return Err(refused(svc, faults.first()));
    };
    let issued_on = bahrain_date(invoice.issued_at);
    let answer = svc.catalogue.prices(agency, issued_on, &[&quote]).await?.pop();
    let price = answer.ok_or(Error::Corrupt { table: "invoice" })?;
    let price = price.map_err(|problem| refused(svc, Some(&fault(problem, service))))?;
    upload_row::check_price(&price, &quote).map_err(|fault| refused(svc, Some(&fault)))?;
    Ok(price)
}
