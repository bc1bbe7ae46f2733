//! Invoices that a second person approves before they are issued.
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use proto::invoicing::v1::{
    ApproveInvoiceDraftRequest, CreateInvoiceDraftRequest, DiscardInvoiceDraftRequest,
    ListInvoiceDraftsRequest,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::{Scope, admit};
use super::invoices::NewInvoice;
use super::read::{LONGEST_TEXT, at_most, idempotency_key, json};
use super::resources::{InvoiceDraft, Text};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDraft {
    /// One for a later day has terms to pay, or days after it; one that repeats has terms.
    invoice: NewInvoice,
    /// ISO date within a year; left out: as soon as it is approved.
    #[serde(default)]
    issue_on: String,
    /// 1 to 12, when it repeats.
    #[serde(default)]
    every_months: i32,
    /// No invoice after this day; needed when it repeats.
    #[serde(default)]
    until: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Drafted {
    #[serde(flatten)]
    draft: InvoiceDraft,
    /// How the amount comes about today.
    steps: Vec<Text>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceDrafts {
    drafts: Vec<InvoiceDraft>,
}

/// Judges and prices an invoice, and keeps it until somebody with another key approves it.
#[utoipa::path(post, path = "/v1/invoice-drafts", tag = "invoices", params(("idempotency-key" = String, Header)),
    request_body = NewDraft,
    responses((status = 201, body = Drafted), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let new: NewDraft = json(&headers, body).await?;
    at_most("issue_on", &new.issue_on, LONGEST_TEXT)?;
    at_most("until", &new.until, LONGEST_TEXT)?;
    let NewDraft { invoice, issue_on, every_months, until } = new;
    let message =
        CreateInvoiceDraftRequest { invoice: Some(invoice.request()?), issue_on, every_months, until };
    let call = caller.call().with_key(key).request(message)?;
    let answer = app.clients.drafts.clone().create_invoice_draft(call).await?.into_inner();
    let draft = InvoiceDraft::from(answer.draft.ok_or_else(|| empty("draft"))?);
    Ok(shown(
        StatusCode::CREATED,
        &Drafted { draft, steps: answer.steps.into_iter().map(Text::from).collect() },
    ))
}

/// The newest drafts, at most 200.
#[utoipa::path(get, path = "/v1/invoice-drafts", tag = "invoices",
    responses((status = 200, body = InvoiceDrafts), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::InvoicesRead).await?;
    let call = caller.call().request(ListInvoiceDraftsRequest {})?;
    let answer = app.clients.drafts.clone().list_invoice_drafts(call).await?.into_inner();
    let drafts = answer.drafts.into_iter().map(InvoiceDraft::from).collect();
    Ok(shown(StatusCode::OK, &InvoiceDrafts { drafts }))
}

/// Approves a draft; not with the key that made it. It is issued on its day.
#[utoipa::path(post, path = "/v1/invoice-drafts/{draft_id}/approval", tag = "invoices",
    params(("draft_id" = String, Path), ("idempotency-key" = String, Header)),
    responses((status = 200, body = InvoiceDraft), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn approve(
    State(app): State<App>,
    Path(draft_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let call = caller.call().with_key(key).request(ApproveInvoiceDraftRequest { draft_id })?;
    let answer = app.clients.drafts.clone().approve_invoice_draft(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &InvoiceDraft::from(answer.draft.ok_or_else(|| empty("draft"))?)))
}

/// Gives a draft up; of one that repeats, what is not issued yet.
#[utoipa::path(post, path = "/v1/invoice-drafts/{draft_id}/discard", tag = "invoices",
    params(("draft_id" = String, Path), ("idempotency-key" = String, Header)),
    responses((status = 200, body = InvoiceDraft), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn discard(
    State(app): State<App>,
    Path(draft_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let call = caller.call().with_key(key).request(DiscardInvoiceDraftRequest { draft_id })?;
    let answer = app.clients.drafts.clone().discard_invoice_draft(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &InvoiceDraft::from(answer.draft.ok_or_else(|| empty("draft"))?)))
}
