//! Invoices that a second person approves: kept sealed, and issued on their day as any other.

use boot::{Call, Problem, bahrain_date};
use ids::{AgencyId, InvoiceDraftId};
use money::Money;
use pg::Tx;
use prost::Message as _;
use proto::invoicing::v1 as pb;
use time::{Date, Duration, macros::format_description};
use tonic::Code;

use super::issue_invoice::{self, Wanted, issue_one};
use super::{Invoicing, decoded, first_answer};
use crate::domain::calendar::Term;
use crate::domain::invoice_draft::{
    Command, InvoiceDraft, MAX_AHEAD_DAYS, MAX_EVERY_MONTHS, MAX_REPEAT_DAYS, Plan, Repeat, State,
};
use crate::domain::upload_row::MAX_REFERENCE_CHARS;
use crate::store::idempotency;
use crate::store::invoice_draft::Sealed;
use crate::{Error, person, store, wire};

/// Drafts in one answer.
const LISTED: i64 = 200;
/// Room behind a reference for the number of a repetition: `/999`.
const REPEATED_CHARS: usize = 4;

/// Judges and prices the invoice, and keeps it for a second person.
///
/// # Errors
/// `Row` with the code and field at fault; `KeyReused`; the plan is none.
pub async fn create(
    svc: Invoicing,
    call: Call,
    request: pb::CreateInvoiceDraftRequest,
) -> Result<pb::CreateInvoiceDraftResponse, Error> {
    let agency = call.agency()?;
    let invoice = request.invoice.clone().unwrap_or_default();
    let mut body = issue_invoice::canonical(&invoice);
    body.extend([request.issue_on.clone(), request.every_months.to_string(), request.until.clone()]);
    let claim = svc.claim(&call, "CreateInvoiceDraft", &body)?;
    if let Some(first) = first_answer(&svc, &claim).await? {
        return Ok(first);
    }
    let plan = plan(&svc, &request, &invoice)?;
    let Wanted { billable, terms, .. } = issue_invoice::judged(&svc, agency, invoice.clone()).await?;
    let price = terms.price;
    let now = svc.ctx.clock.now();
    let draft = InvoiceDraft {
        id: InvoiceDraftId(svc.ctx.ids.uuid(now)),
        agency: agency.clone(),
        service_code: billable.draft.service,
        reference: billable.draft.reference,
        total: Money::fils(price.total_fils),
        issue_on: plan.first_on,
        plan,
        issued: 0,
        last_invoice_number: String::new(),
        created_by: call.actor.clone(),
        state: State::Draft,
        version: 1,
        created_at: now,
    };
    let key = svc.master.new_data_key(&svc.ctx.ids);
    let request = person::seal_draft(&key, draft.id, &invoice.encode_to_vec());
    let sealed = Sealed { request, wrapped_key: svc.master.wrap(&key) };
    let index = person::payer_index(&svc.master, agency, &billable.draft.payer.number);
    let answer = pb::CreateInvoiceDraftResponse {
        draft: Some(wire::invoice_draft(&draft)),
        steps: price.steps.iter().map(wire::local).collect(),
    };
    pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        if let Some(first) = idempotency::claim(&mut tx, &claim, now).await? {
            return decoded(&first);
        }
        store::invoice_draft::insert(&mut tx, &draft, &sealed, &index).await?;
        idempotency::keep(&mut tx, &claim, &answer.encode_to_vec()).await?;
        tx.commit().await?;
        Ok(answer.clone())
    })
    .await
}

/// Approves or discards a draft.
///
/// # Errors
/// `InvoiceDraftUnknown`, `InvoiceDraft` (the domain refused), `KeyReused`.
pub async fn decide(
    svc: Invoicing,
    call: Call,
    id: InvoiceDraftId,
    command: Command,
) -> Result<pb::InvoiceDraft, Error> {
    let agency = call.agency()?;
    let claim = svc.claim(&call, command.name(), &[id.to_string()])?;
    let answer = pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        if let Some(first) = idempotency::claim(&mut tx, &claim, svc.ctx.clock.now()).await? {
            return decoded(&first);
        }
        let answer = wire::invoice_draft(&step(&mut tx, agency, id, &command).await?);
        idempotency::keep(&mut tx, &claim, &answer.encode_to_vec()).await?;
        tx.commit().await?;
        Ok(answer)
    })
    .await?;
    svc.draft_bell.notify_one();
    Ok(answer)
}

async fn step(
    tx: &mut Tx,
    agency: &AgencyId,
    id: InvoiceDraftId,
    command: &Command,
) -> Result<InvoiceDraft, Error> {
    let before = store::invoice_draft::lock(tx, agency, id).await?;
    let after = before.step(command.clone())?;
    store::invoice_draft::save(tx, &before, &after).await?;
    Ok(after)
}

/// The agency's drafts, newest first.
///
/// # Errors
/// The database is away.
pub async fn list(svc: &Invoicing, agency: &AgencyId) -> Result<pb::ListInvoiceDraftsResponse, Error> {
    let mut tx = svc.pg.read().await?;
    let found = store::invoice_draft::list(&mut tx, agency, LISTED).await?;
    tx.commit().await?;
    Ok(pb::ListInvoiceDraftsResponse { drafts: found.iter().map(wire::invoice_draft).collect() })
}

/// Issues the approved drafts whose day has come. Each under a key of its own: whoever dies in between has issued it once.
///
/// # Errors
/// The database is away.
pub async fn issue_due(svc: &Invoicing) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let due = store::invoice_draft::due(&mut tx, bahrain_date(svc.ctx.clock.now())).await?;
    tx.commit().await?;
    for draft in due {
        if let Err(error) = issue(svc, &draft).await {
            tracing::warn!(draft_id = %draft.id, %error, "an approved invoice is issued later");
        }
    }
    Ok(())
}

async fn issue(svc: &Invoicing, draft: &InvoiceDraft) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let sealed = store::invoice_draft::sealed(&mut tx, draft.id).await?;
    tx.commit().await?;
    let key = svc.master.unwrap(&sealed.wrapped_key);
    let key = key.map_err(|source| Error::Sealed { table: "invoice_draft", source })?;
    let request = person::open_draft(&key, draft.id, &sealed.request)?;
    let mut request: pb::IssueInvoiceRequest = decoded(&request)?;
    request.reference = draft.next_reference();
    let call = Call::by("service:invoicing")
        .for_agency(draft.agency.clone())
        .with_key(format!("draft-{}-{}", draft.id, draft.issued));
    let command = match issue_one(svc.clone(), call, request).await {
        Ok(answer) => Command::Issue { invoice_number: answer.invoice.unwrap_or_default().invoice_number },
        Err(Error::Row { code, .. }) => Command::Fail { code: code.to_owned() },
        Err(later) => return Err(later),
    };
    pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        step(&mut tx, &draft.agency, draft.id, &command).await?;
        Ok::<_, Error>(tx.commit().await?)
    })
    .await
}

/// When its invoices are issued, if that can be.
fn plan(
    svc: &Invoicing,
    request: &pb::CreateInvoiceDraftRequest,
    invoice: &pb::IssueInvoiceRequest,
) -> Result<Plan, Problem> {
    let today = bahrain_date(svc.ctx.clock.now());
    let first_on = if request.issue_on.is_empty() { today } else { day("issue_on", &request.issue_on)? };
    if first_on < today || first_on > today + Duration::days(MAX_AHEAD_DAYS) {
        return Err(wrong(
            "issue_on",
            format!("Write a day from {today} on, at most {MAX_AHEAD_DAYS} days ahead."),
        ));
    }
    let repeat = match u8::try_from(request.every_months).ok().filter(|months| *months <= MAX_EVERY_MONTHS) {
        Some(0) if request.until.is_empty() => None,
        Some(0) => return Err(wrong("until", "Leave it out: the invoice is issued once.".to_owned())),
        Some(every_months) => {
            let until = day("until", &request.until)?;
            if until < first_on || until > first_on + Duration::days(MAX_REPEAT_DAYS) {
                let detail = format!("Write a day from {first_on} on, within five years.");
                return Err(wrong("until", detail));
            }
            if invoice.reference.chars().count() + REPEATED_CHARS > MAX_REFERENCE_CHARS {
                let detail =
                    format!("Leave {REPEATED_CHARS} of {MAX_REFERENCE_CHARS} characters for the repetition.");
                return Err(wrong("invoice.reference", detail));
            }
            Some(Repeat { every_months, until })
        }
        None => return Err(wrong("every_months", format!("Write 0 to {MAX_EVERY_MONTHS}."))),
    };
    let plan = Plan { first_on, repeat };
    check_days(&plan, today, invoice)?;
    Ok(plan)
}

/// What is issued later is due later: after its day, or in a term.
fn check_days(plan: &Plan, today: Date, invoice: &pb::IssueInvoiceRequest) -> Result<(), Problem> {
    let parts = invoice.instalments.iter().map(|part| part.due_date.as_str());
    let days = parts.chain(Some(invoice.due_date.as_str()).filter(|day| !day.is_empty()));
    for text in days.filter(|text| Term::read(text).is_none()) {
        if plan.repeat.is_some() {
            let detail = "An invoice that repeats is due in a term, like `30 days`.".to_owned();
            return Err(wrong("invoice.due_date", detail));
        }
        let early = day("invoice.due_date", text).is_ok_and(|day| day < plan.first_on);
        if early && plan.first_on > today {
            let detail = format!(
                "It is issued on {}; write a day after that, or a term like `30 days`.",
                plan.first_on
            );
            return Err(
                Problem::new(Code::InvalidArgument, "due_date_past", detail).field("invoice.due_date")
            );
        }
    }
    Ok(())
}

fn day(field: &'static str, text: &str) -> Result<Date, Problem> {
    let read = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    read.ok_or_else(|| wrong(field, "Write the date like 2030-01-31.".to_owned()))
}

fn wrong(field: &'static str, detail: String) -> Problem {
    Problem::new(Code::InvalidArgument, "field_invalid", detail).field(field)
}
