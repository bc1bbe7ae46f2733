//! What amending and cancelling take off invoices.
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use proto::invoicing::v1::{ListCreditNotesRequest, RenderCreditNoteRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Scope, admit};
use super::documents::{language, paper, sent};
use super::read::query;
use super::resources::CreditNote;
use super::shown;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Filter {
    /// Only those of one invoice.
    invoice_number: String,
    /// `next_after` of the page before.
    after: String,
    /// 1 to 1000; 100 when left out.
    limit: i32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditNotes {
    credit_notes: Vec<CreditNote>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    next_after: String,
}

/// Credit notes, a page at a time, oldest first.
#[utoipa::path(get, path = "/v1/credit-notes", tag = "invoices", params(Filter),
    responses((status = 200, body = CreditNotes), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::InvoicesRead).await?;
    let Filter { invoice_number, after, limit } = query(&request)?;
    let call = caller.call().request(ListCreditNotesRequest { invoice_number, after, limit })?;
    let page = app.clients.invoices.clone().list_credit_notes(call).await?.into_inner();
    let credit_notes = page.credit_notes.into_iter().map(CreditNote::from).collect();
    Ok(shown(StatusCode::OK, &CreditNotes { credit_notes, next_after: page.next_after }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Style {
    /// ar (when left out), en.
    language: String,
    /// a4 (when left out), thermal.
    paper: String,
}

/// A credit note, naming the payer: PDF/A-3a and PDF/UA-1, with the same as UBL 2.1 inside.
#[utoipa::path(get, path = "/v1/credit-notes/{credit_note_number}/document", tag = "invoices",
    params(("credit_note_number" = String, Path), Style),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>),
              (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(credit_note_number): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::InvoicesRead).await?;
    let style: Style = query(&request)?;
    let (language, paper) = (language(&style.language)?, paper(&style.paper)?.into());
    let call = caller.call().request(RenderCreditNoteRequest { credit_note_number, language, paper })?;
    sent(app.clients.documents.clone().render_credit_note(call).await?.into_inner().document)
}
