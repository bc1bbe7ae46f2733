//! An invoice is amended, or taken back.
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use proto::invoicing::v1::{AmendInvoiceRequest, CancelInvoiceRequest};
use serde::Deserialize;
use utoipa::ToSchema;

use super::auth::{Scope, admit};
use super::invoices::{NewInstalment, instalments};
use super::read::{LONGEST_TEXT, at_most, idempotency_key, json};
use super::resources::{Inputs, Invoice};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTerms {
    /// All that the fee schedule asks for, for example `{"pages": "20"}`.
    #[serde(default)]
    inputs: Inputs,
    /// The reason code of one of the fee's reductions.
    #[serde(default)]
    reduction: String,
    /// ISO date; as it was, when left out.
    #[serde(default)]
    due_date: String,
    /// Why, without personal data.
    reason: String,
    /// A new plan; left out, the one there was keeps its days and proportions.
    #[serde(default)]
    instalments: Vec<NewInstalment>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancellation {
    /// Why, without personal data.
    reason: String,
}

/// Prices an invoice anew; what it said before stays as a version of its own. Not while somebody pays, and never below what is paid.
#[utoipa::path(post, path = "/v1/invoices/{invoice_number}/amendments", tag = "invoices",
    params(("invoice_number" = String, Path), ("idempotency-key" = String, Header)), request_body = NewTerms,
    responses((status = 200, body = Invoice), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn amend(
    State(app): State<App>,
    Path(invoice_number): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let terms: NewTerms = json(&headers, body).await?;
    at_most("reason", &terms.reason, LONGEST_TEXT)?;
    let message = AmendInvoiceRequest {
        invoice_number,
        inputs: terms.inputs.into_iter().collect(),
        reduction: terms.reduction,
        due_date: terms.due_date,
        reason: terms.reason,
        instalments: instalments(terms.instalments)?,
    };
    let call = caller.call().with_key(key).request(message)?;
    let answer = app.clients.invoices.clone().amend_invoice(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &Invoice::from(answer.invoice.ok_or_else(|| empty("invoice"))?)))
}

/// Takes an invoice back that nobody has paid, not even in part.
#[utoipa::path(post, path = "/v1/invoices/{invoice_number}/cancellation", tag = "invoices",
    params(("invoice_number" = String, Path), ("idempotency-key" = String, Header)), request_body = Cancellation,
    responses((status = 200, body = Invoice), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Path(invoice_number): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let cancellation: Cancellation = json(&headers, body).await?;
    at_most("reason", &cancellation.reason, LONGEST_TEXT)?;
    let message = CancelInvoiceRequest { invoice_number, reason: cancellation.reason };
    let call = caller.call().with_key(key).request(message)?;
    let answer = app.clients.invoices.clone().cancel_invoice(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &Invoice::from(answer.invoice.ok_or_else(|| empty("invoice"))?)))
}
