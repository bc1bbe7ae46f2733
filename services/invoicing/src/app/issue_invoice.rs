//! One bill by API: judged like a row of a file, issued at once.

use std::collections::BTreeMap;

use boot::wire::money_from_wire;
use boot::{Call, Problem, bahrain_date};
use ids::AgencyId;
use money::Money;
use prost::Message as _;
use proto::common::v1::Language as WireLanguage;
use proto::invoicing::v1::{Instalment as AskedInstalment, IssueInvoiceRequest, IssueInvoiceResponse};

use super::issue::{NewInvoice, Origin, Told, issue, lock_numbers};
use super::judge::{Billable, judge};
use super::{Invoicing, decoded, first_answer, party};
use crate::domain::calendar::{Calendar, Due};
use crate::domain::fee_service::Seller;
use crate::domain::instalment::{self, Instalment};
use crate::domain::invoice::Terms;
use crate::domain::upload::Cell;
use crate::domain::upload_row::{self, Code, Fault, Field, Fields, Others};
use crate::store::idempotency::{self, Claim};
use crate::{Error, person, sentences, wire};

/// Prices and issues one invoice of the caller's agency.
///
/// # Errors
/// `Row` with the code and field at fault; `KeyReused`; the catalogue or the database is away.
pub async fn issue_one(
    svc: Invoicing,
    call: Call,
    request: IssueInvoiceRequest,
) -> Result<IssueInvoiceResponse, Error> {
    let agency = call.agency()?.clone();
    let claim = svc.claim(&call, "IssueInvoice", &canonical(&request))?;
    if let Some(first) = first_answer(&svc, &claim).await? {
        return Ok(first);
    }
    let wanted = match judged(&svc, &agency, request).await {
        Err(refusal @ Error::Row { .. }) => {
            // The reference may be used by our own twin, a moment ago.
            return first_answer(&svc, &claim).await?.ok_or(refusal);
        }
        other => other?,
    };
    let answer = pg::retry(|| attempt(&svc, &call, &wanted, &claim)).await;
    svc.bus.ring();
    svc.notice_bell.notify_one();
    match answer {
        Err(Error::Database(error)) if error.constraint() == Some("invoice_reference_once") => {
            Err(refused(&svc, Some(&Fault::new(Field::Reference, Code::ReferenceDuplicate))))
        }
        other => other,
    }
}

async fn attempt(
    svc: &Invoicing,
    call: &Call,
    Wanted { billable, terms, seller }: &Wanted,
    claim: &Claim,
) -> Result<IssueInvoiceResponse, Error> {
    let agency = call.agency()?;
    let mut tx = svc.pg.begin().await?;
    if let Some(first) = idempotency::claim(&mut tx, claim, svc.ctx.clock.now()).await? {
        return decoded(&first);
    }
    let number = &billable.draft.payer.number;
    let parties = party::ensure(svc, &mut tx, agency, &[number]).await?;
    let party = parties.of(svc, agency, number)?;
    let row = NewInvoice {
        reference: billable.draft.reference.clone(),
        service_code: billable.draft.service.clone(),
        service_name: billable.service_name.clone(),
        party_ref: party.party_ref,
        payer_sealed: person::seal_facts(party, &billable.draft.payer.facts),
        terms: terms.clone(),
        told: Told::of(&billable.draft.payer.facts),
    };
    let numbers = lock_numbers(svc, &mut tx, agency).await?;
    let origin = Origin { agency, seller, upload: None };
    let invoices = issue(svc, &mut tx, (&origin, numbers), vec![row]).await?;
    let answer = IssueInvoiceResponse { invoice: invoices.first().map(wire::invoice) };
    idempotency::keep(&mut tx, claim, &answer.encode_to_vec()).await?;
    tx.commit().await?;
    Ok(answer)
}

/// An invoice without fault, priced; nothing is issued.
pub(super) struct Wanted {
    pub billable: Billable,
    pub terms: Terms,
    pub seller: Seller,
}

/// Judges and prices a request.
///
/// # Errors
/// `Row` with the code and field at fault; the catalogue or the database is away.
pub(super) async fn judged(
    svc: &Invoicing,
    agency: &AgencyId,
    request: IssueInvoiceRequest,
) -> Result<Wanted, Error> {
    let (asked, due_date) = (request.instalments.clone(), request.due_date.clone());
    let verdict = judge(svc, agency, vec![fields(request)], Others::Refused).await?;
    let judged = verdict.rows.into_iter().next().ok_or(Error::Corrupt { table: "invoice" })?;
    let billable = judged.billable.ok_or_else(|| refused(svc, judged.faults.first()))?;
    let terms = terms((svc, agency), &billable, (&asked, &due_date), &verdict.calendar)?;
    Ok(Wanted { billable, terms, seller: verdict.seller })
}

/// What the invoice asks for, in parts if a plan is asked for.
fn terms(
    (svc, agency): (&Invoicing, &AgencyId),
    billable: &Billable,
    (asked, due_date): (&[AskedInstalment], &str),
    calendar: &Calendar,
) -> Result<Terms, Error> {
    let (price, due) = (billable.price.clone(), billable.draft.due);
    let parts = instalments(svc, asked, calendar)?;
    let total = Money::fils(price.total_fils);
    let days = (calendar, bahrain_date(svc.ctx.clock.now()));
    let instalments = instalment::plan(parts, total).map_err(|fault| refused(svc, Some(&fault)))?;
    let last = instalments.last().map_or(due.date, |last| last.due_date);
    if last != due.date && !due_date.trim().is_empty() {
        let fault = Fault::new(Field::DueDate, Code::InstalmentsEnd).with("last", last.to_string());
        return Err(refused(svc, Some(&fault)));
    }
    let due = Due { date: last, ..due };
    let terms = Terms::at_once(&price, due, agency, days).map_err(Problem::internal)?;
    Ok(Terms { instalments, ..terms })
}

/// The parts of a plan as they are asked for.
///
/// # Errors
/// `Row` with the part at fault.
pub(super) fn instalments(
    svc: &Invoicing,
    asked: &[AskedInstalment],
    calendar: &Calendar,
) -> Result<Vec<Instalment>, Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    let part = |(at, part): (usize, &AskedInstalment)| {
        let due_fils = money_from_wire("due", &part.due)
            .map_err(|problem| problem.field(format!("instalments[{at}].due")))?
            .minor_units();
        let due = upload_row::read_due(Some(&cell(part.due_date.clone())), today, calendar);
        let due =
            due.map_err(|fault| refused(svc, Some(&Fault { field: Field::InstalmentDate(at), ..fault })))?;
        Ok(Instalment { due_date: due.date, due_fils })
    };
    asked.iter().enumerate().map(part).collect()
}

/// A value as it came: only files of ours put apostrophes before cells.
pub(super) fn cell(text: String) -> Cell {
    if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text) }
}

/// The request as a row of one.
fn fields(request: IssueInvoiceRequest) -> Fields {
    let payer = request.payer.unwrap_or_default();
    let language = match payer.language() {
        WireLanguage::Unspecified => "",
        WireLanguage::Ar => "ar",
        WireLanguage::En => "en",
    };
    // With a plan, the last part's day is the bill's.
    let last = request.instalments.last().map(|last| last.due_date.clone());
    let due_date = last.filter(|_| request.due_date.trim().is_empty()).unwrap_or(request.due_date);
    Fields {
        reference: Some(cell(request.reference)),
        service: Some(cell(request.service_code)),
        name: Some(cell(payer.name)),
        cpr: Some(cell(payer.cpr)),
        phone: Some(cell(payer.phone)),
        email: Some(cell(payer.email)),
        language: Some(cell(language.to_owned())),
        due_date: Some(cell(due_date)),
        note: Some(cell(request.note)),
        reduction: Some(cell(request.reduction)),
        inputs: request.inputs.into_iter().map(|(name, value)| (name, cell(value))).collect(),
        ends_at: None,
    }
}

/// Every part of the request in one order; a map has none of its own.
pub(super) fn canonical(request: &IssueInvoiceRequest) -> Vec<String> {
    let payer = request.payer.as_ref();
    let payer = payer.map(|payer| [payer.name.as_str(), payer.cpr.as_str(), payer.phone.as_str()]);
    let mut parts = vec![request.service_code.as_str(), &request.reference, &request.due_date, &request.note];
    parts.extend(payer.unwrap_or_default());
    // Requests of before have no such part: their keys still answer.
    parts.extend(Some(request.reduction.as_str()).filter(|reduction| !reduction.is_empty()));
    let inputs: BTreeMap<&String, &String> = request.inputs.iter().collect();
    parts.extend(inputs.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
    let mut parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    parts.extend(request.instalments.iter().flat_map(spelt));
    let asks = request.payer.iter().filter(|payer| !payer.email.is_empty());
    parts.extend(asks.flat_map(|payer| [payer.email.clone(), payer.language.to_string()]));
    parts
}

/// A part of a plan, for telling whether two requests are the same.
pub(super) fn spelt(part: &AskedInstalment) -> [String; 2] {
    let due = part.due.clone().unwrap_or_default();
    [part.due_date.clone(), format!("{} {}", due.minor_units, due.currency)]
}

/// A fault as the caller hears it.
pub(super) fn refused(svc: &Invoicing, fault: Option<&Fault>) -> Error {
    let Some(fault) = fault else { return Error::Corrupt { table: "invoice" } };
    let details = fault.details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let detail = sentences::fault(&svc.texts, fault.code.name(), &details).en;
    let field = match &fault.field {
        Field::Reference => "reference".to_owned(),
        Field::Service | Field::Column(_) => "service_code".to_owned(),
        Field::Name => "payer.name".to_owned(),
        Field::Cpr => "payer.cpr".to_owned(),
        Field::Phone => "payer.phone".to_owned(),
        Field::Email => "payer.email".to_owned(),
        Field::Language => "payer.language".to_owned(),
        Field::DueDate => "due_date".to_owned(),
        Field::Note => "note".to_owned(),
        Field::Reduction => "reduction".to_owned(),
        Field::Input(name) => format!("inputs.{name}"),
        Field::Instalments => "instalments".to_owned(),
        Field::InstalmentDate(at) => format!("instalments[{at}].due_date"),
        Field::InstalmentDue(at) => format!("instalments[{at}].due"),
    };
    Error::Row { code: fault.code.name(), field, detail }
}
