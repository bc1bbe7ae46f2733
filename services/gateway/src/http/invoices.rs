//! Invoices of the caller's agency.
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use boot::Lang;
use boot::wire::lang_to_wire;
use proto::common::v1::Language;
use proto::invoicing::v1::{
    GetInvoiceRequest, Instalment as InstalmentMessage, InvoiceState, IssueInvoiceRequest,
    ListInvoicesRequest, Payer as PayerMessage,
};
use serde::{Deserialize, Serialize};
use tonic::Code as Kind;
use utoipa::{IntoParams, ToSchema};

use super::auth::{Scope, admit};
use super::read::{LONGEST_TEXT, at_most, idempotency_key, json, money, query};
use super::resources::{Amount, Inputs, Invoice};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvoice {
    /// The fee service's code.
    #[schema(example = "FINE")]
    service: String,
    /// The agency's own reference, used once.
    reference: String,
    payer: Payer,
    /// What the fee schedule asks for, for example `{"amount": "12.500"}`.
    #[serde(default)]
    inputs: Inputs,
    /// ISO date, or a term from today: `30 days`, `10 working days`. With instalments it may be left out.
    #[serde(default)]
    due_date: String,
    #[serde(default)]
    note: String,
    /// The reason code of one of the fee's reductions, if one is claimed.
    #[serde(default)]
    reduction: String,
    /// A plan of 2 to 60 parts that sum to the total; left out, it is paid at once.
    #[serde(default)]
    instalments: Vec<NewInstalment>,
}

impl NewInvoice {
    /// As the service takes it, if its texts can be texts.
    pub(super) fn request(self) -> Result<IssueInvoiceRequest, Refused> {
        let new = self;
        let texts = [
            ("service", &new.service),
            ("reference", &new.reference),
            ("payer.name", &new.payer.name),
            ("payer.cpr", &new.payer.cpr),
            ("payer.phone", &new.payer.phone),
            ("payer.email", &new.payer.email),
            ("due_date", &new.due_date),
            ("note", &new.note),
            ("reduction", &new.reduction),
        ];
        for (field, text) in texts {
            at_most(field, text, LONGEST_TEXT)?;
        }
        for (name, value) in &new.inputs {
            at_most(&format!("inputs.{name}"), value, LONGEST_TEXT)?;
        }
        Ok(IssueInvoiceRequest {
            service_code: new.service,
            reference: new.reference,
            payer: Some(payer(new.payer)),
            inputs: new.inputs.into_iter().collect(),
            due_date: new.due_date,
            note: new.note,
            reduction: new.reduction,
            instalments: instalments(new.instalments)?,
        })
    }
}

/// A part of a bill.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInstalment {
    /// As the invoice's; each after the one before.
    due_date: String,
    due: Amount,
}

/// Parts of a plan, as far as they can be read without knowing the bill.
pub(super) fn instalments(parts: Vec<NewInstalment>) -> Result<Vec<InstalmentMessage>, Refused> {
    let part = |(at, part): (usize, NewInstalment)| {
        at_most(&format!("instalments[{at}].due_date"), &part.due_date, LONGEST_TEXT)?;
        let due = Some(money(&format!("instalments[{at}].due"), &part.due)?);
        Ok(InstalmentMessage { due_date: part.due_date, due })
    };
    parts.into_iter().enumerate().map(part).collect()
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payer {
    name: String,
    /// A person's nine digits; or the registration of a company with its branch: 12345-1.
    cpr: String,
    #[serde(default)]
    phone: String,
    /// Where notices and reminders go; left out, none are sent.
    #[serde(default)]
    email: String,
    /// ar (when left out) or en: of notices and reminders.
    #[schema(value_type = Option<String>)]
    language: Option<Lang>,
}

/// Prices and issues one invoice.
#[utoipa::path(post, path = "/v1/invoices", tag = "invoices", params(("idempotency-key" = String, Header)),
    request_body = NewInvoice,
    responses((status = 201, body = Invoice), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn issue(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let new: NewInvoice = json(&headers, body).await?;
    let request = new.request()?;
    let call = caller.call().with_key(key).request(request)?;
    let answer = app.clients.invoices.clone().issue_invoice(call).await?.into_inner();
    Ok(shown(StatusCode::CREATED, &Invoice::from(answer.invoice.ok_or_else(|| empty("invoice"))?)))
}

fn payer(payer: Payer) -> PayerMessage {
    let Payer { name, cpr, phone, email, language } = payer;
    let language = language.map_or(Language::Unspecified, lang_to_wire).into();
    PayerMessage { name, cpr, phone, email, language }
}

/// One invoice by its number.
#[utoipa::path(get, path = "/v1/invoices/{invoice_number}", tag = "invoices", params(("invoice_number" = String, Path)),
    responses((status = 200, body = Invoice), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(invoice_number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesRead).await?;
    let call = caller.call().request(GetInvoiceRequest { invoice_number })?;
    let answer = app.clients.invoices.clone().get_invoice(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &Invoice::from(answer.invoice.ok_or_else(|| empty("invoice"))?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(crate) struct Filter {
    /// Only those of one upload.
    upload_id: String,
    /// issued, partially_paid, paid, cancelled, written_off, expired.
    state: String,
    /// `next_after` of the page before.
    after: String,
    /// 1 to 1000; 100 when left out.
    limit: i32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invoices {
    invoices: Vec<Invoice>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    next_after: String,
}

/// Invoices, a page at a time.
#[utoipa::path(get, path = "/v1/invoices", tag = "invoices", params(Filter),
    responses((status = 200, body = Invoices), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::InvoicesRead).await?;
    let filter: Filter = query(&request)?;
    let state = if filter.state.is_empty() {
        InvoiceState::Unspecified
    } else {
        InvoiceState::from_str_name(&format!("INVOICE_STATE_{}", filter.state.to_uppercase())).ok_or_else(
            || {
                let detail = format!("`{}` is no state of an invoice.", filter.state);
                Refused::new(Kind::InvalidArgument, "field_invalid", detail).field("state")
            },
        )?
    };
    let mut message = ListInvoicesRequest {
        upload_id: filter.upload_id,
        after: filter.after,
        limit: filter.limit,
        ..Default::default()
    };
    message.set_state(state);
    let call = caller.call().request(message)?;
    let page = app.clients.invoices.clone().list_invoices(call).await?.into_inner();
    let invoices = page.invoices.into_iter().map(Invoice::from).collect();
    Ok(shown(StatusCode::OK, &Invoices { invoices, next_after: page.next_after }))
}
