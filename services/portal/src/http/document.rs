//! What a payer keeps: the bill and the receipt as PDF, in the language of the page.
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use boot::wire::lang_to_wire;
use proto::invoicing::v1::{Document, DocumentKind, RenderBillRequest, RenderReceiptRequest};
use tonic::{Code, Status};

use super::page::{InLanguage, message, refused};
use crate::App;
use crate::view::Reader;

pub(super) async fn invoice(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    InLanguage(reader): InLanguage,
    Path((_, bill_reference)): Path<(String, String)>,
) -> Response {
    let asked = RenderBillRequest {
        bill_reference: bill_reference.clone(),
        kind: DocumentKind::Invoice.into(),
        language: lang_to_wire(reader.0).into(),
        ..RenderBillRequest::default()
    };
    match app.documents.clone().render_bill(asked).await {
        Ok(answer) => shown(reader, answer.into_inner().document, &bill_reference),
        // Whoever guesses references here is counted as on the bill's page.
        Err(status) if status.code() == Code::NotFound && app.unknown.check_key(&peer.ip()).is_err() => {
            message(reader, StatusCode::TOO_MANY_REQUESTS, "too-many", &bill_reference)
        }
        Err(status) => refused(reader, &status, &bill_reference),
    }
}

pub(super) async fn receipt(
    State(app): State<App>,
    InLanguage(reader): InLanguage,
    Path((_, payment_id)): Path<(String, String)>,
) -> Response {
    let asked = RenderReceiptRequest {
        payment_id: payment_id.clone(),
        language: lang_to_wire(reader.0).into(),
        ..RenderReceiptRequest::default()
    };
    match app.documents.clone().render_receipt(asked).await {
        Ok(answer) => shown(reader, answer.into_inner().document, &payment_id),
        Err(status) => refused(reader, &status, &payment_id),
    }
}

fn shown(reader: Reader, document: Option<Document>, wanted: &str) -> Response {
    let Some(document) = document else {
        return refused(reader, &Status::internal("an answer without its document"), wanted);
    };
    let headers = [
        (header::CONTENT_TYPE, document.media_type),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", document.file_name)),
    ];
    (headers, document.content).into_response()
}
