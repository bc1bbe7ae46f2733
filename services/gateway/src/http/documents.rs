//! Invoices as PDF.
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use boot::Lang;
use boot::wire::lang_to_wire;
use proto::invoicing::v1::{Document, DocumentKind, Paper, RenderInvoiceRequest};
use serde::Deserialize;
use tonic::Code as Kind;
use utoipa::IntoParams;

use super::auth::{Scope, admit};
use super::read::query;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Style {
    /// invoice (when left out), notice, reminder.
    kind: String,
    /// ar (when left out), en.
    language: String,
    /// a4 (when left out), thermal.
    paper: String,
}

/// An invoice, notice or reminder, naming its payer: PDF/A-3a and PDF/UA-1, with the invoice as UBL 2.1 inside.
#[utoipa::path(get, path = "/v1/invoices/{invoice_number}/document", tag = "invoices",
    params(("invoice_number" = String, Path), Style),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>),
              (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(invoice_number): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::InvoicesRead).await?;
    let style: Style = query(&request)?;
    let asked = RenderInvoiceRequest {
        invoice_number,
        kind: kind(&style.kind)?.into(),
        language: language(&style.language)?,
        paper: paper(&style.paper)?.into(),
    };
    let answer = app.clients.documents.clone().render_invoice(caller.call().request(asked)?).await?;
    sent(answer.into_inner().document)
}

/// A document as a file.
pub(super) fn sent(document: Option<Document>) -> Result<Response, Refused> {
    let document = document.ok_or_else(|| empty("document"))?;
    let headers = [
        (header::CONTENT_TYPE, document.media_type),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", document.file_name)),
    ];
    Ok((StatusCode::OK, headers, document.content).into_response())
}

fn wrong(field: &'static str, detail: &str) -> Refused {
    Refused::new(Kind::InvalidArgument, "field_invalid", detail.to_owned()).field(field)
}

fn kind(word: &str) -> Result<DocumentKind, Refused> {
    match word {
        "" | "invoice" => Ok(DocumentKind::Invoice),
        "notice" => Ok(DocumentKind::Notice),
        "reminder" => Ok(DocumentKind::Reminder),
        _ => Err(wrong("kind", "`kind` is invoice, notice or reminder.")),
    }
}

pub(super) fn language(word: &str) -> Result<i32, Refused> {
    if word.is_empty() {
        return Ok(lang_to_wire(Lang::Ar).into());
    }
    let lang = word.parse::<Lang>();
    Ok(lang_to_wire(lang.ok().ok_or_else(|| wrong("language", "`language` is ar or en."))?).into())
}

pub(super) fn paper(word: &str) -> Result<Paper, Refused> {
    match word {
        "" | "a4" => Ok(Paper::A4),
        "thermal" => Ok(Paper::Thermal),
        _ => Err(wrong("paper", "`paper` is a4 or thermal.")),
    }
}
