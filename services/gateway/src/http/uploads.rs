//! Files of bills.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use proto::invoicing::v1::create_upload_request::Part;
use proto::invoicing::v1::get_corrections_response::Part as Correction;
use proto::invoicing::v1::{
    CreateUploadRequest, GetCorrectionsRequest, GetUploadRequest, IssueUploadRequest,
    ListUploadErrorsRequest, UploadHead,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tonic::Code as Kind;
use utoipa::{IntoParams, ToSchema};

use super::auth::{Scope, admit};
use super::read::{LONGEST_TEXT, at_most, content_type, idempotency_key, json, query, unsupported};
use super::resources::{Amount, Upload, UploadError};
use super::shown;
use crate::App;
use crate::problem::{ProblemBody, Refused};

/// The largest file.
const LARGEST_FILE_BYTES: usize = 192 * 1024 * 1024;
const MEDIA_TYPES: [&str; 3] = [
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileName {
    /// As the clerk calls it.
    filename: String,
}

/// Sends a file of bills: CSV in any usual encoding, or XLSX, of up to a million rows. Every row is checked and priced; nothing is
/// issued yet. A long file is still `checking` in the answer: look at it again until it is `checked`.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads", params(FileName, ("idempotency-key" = String, Header)),
    request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 201, body = Upload), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::UploadsWrite).await?;
    let key = idempotency_key(request.headers())?;
    let FileName { filename } = query(&request)?;
    at_most("filename", &filename, LONGEST_TEXT)?;
    let kind = content_type(request.headers());
    if !MEDIA_TYPES.contains(&kind) {
        return Err(unsupported(kind, "text/csv or an XLSX media type"));
    }
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| length > LARGEST_FILE_BYTES)
    {
        return Err(too_large());
    }
    let broken = Arc::new(Notify::new());
    let parts = parts(filename, request.into_body(), broken.clone());
    let call = caller.call().with_key(key).request(parts)?;
    let mut uploads = app.clients.uploads.clone();
    // A stream that ends early would be a shorter file: it never ends, and the call is given up instead.
    let answer = tokio::select! {
        answer = uploads.create_upload(call) => answer?,
        () = broken.notified() => return Err(too_large()),
    };
    let upload = answer.into_inner().upload.ok_or_else(|| empty("upload"))?;
    Ok(shown(StatusCode::CREATED, &Upload::from(upload)))
}

fn too_large() -> Refused {
    let detail = format!("A file is at most {} MiB; split it.", LARGEST_FILE_BYTES / 1024 / 1024);
    Refused::new(Kind::InvalidArgument, "file_too_large", detail)
}

/// A service broke its contract.
pub(super) fn empty(what: &'static str) -> Refused {
    Refused::new(Kind::Internal, "internal", format!("an answer without its {what}"))
}

fn parts(
    file_name: String,
    body: Body,
    broken: Arc<Notify>,
) -> impl Stream<Item = CreateUploadRequest> + Send + 'static {
    let head = CreateUploadRequest { part: Some(Part::Head(UploadHead { file_name })) };
    let seen = AtomicUsize::new(0);
    let chunks = body.into_data_stream().then(move |chunk| {
        let size = chunk.as_ref().map_or(usize::MAX, Bytes::len);
        let before = seen.fetch_add(size.min(LARGEST_FILE_BYTES), Ordering::Relaxed);
        let fits = before.saturating_add(size) <= LARGEST_FILE_BYTES;
        let broken = broken.clone();
        async move {
            match chunk {
                Ok(bytes) if fits => CreateUploadRequest { part: Some(Part::Chunk(bytes.to_vec())) },
                Ok(_) | Err(_) => {
                    broken.notify_one();
                    std::future::pending().await
                }
            }
        }
    });
    stream::once(async { head }).chain(chunks)
}

/// One upload.
#[utoipa::path(get, path = "/v1/uploads/{upload_id}", tag = "uploads", params(("upload_id" = String, Path)),
    responses((status = 200, body = Upload), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(upload_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::UploadsWrite).await?;
    let call = caller.call().request(GetUploadRequest { upload_id })?;
    let upload = app
        .clients
        .uploads
        .clone()
        .get_upload(call)
        .await?
        .into_inner()
        .upload
        .ok_or_else(|| empty("upload"))?;
    Ok(shown(StatusCode::OK, &Upload::from(upload)))
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadErrors {
    errors: Vec<UploadError>,
    /// Ask with it for the errors behind these; empty: these are the last.
    next_after: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorsPage {
    /// `next_after` of the page before.
    #[serde(default)]
    after: String,
    /// At most 1,000, which is what you get without it.
    #[serde(default)]
    limit: i32,
}

/// What is wrong, by row and column, in both languages; the first errors, or those behind `after`.
#[utoipa::path(get, path = "/v1/uploads/{upload_id}/errors", tag = "uploads",
    params(("upload_id" = String, Path), ErrorsPage),
    responses((status = 200, body = UploadErrors), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn errors(
    State(app): State<App>,
    Path(upload_id): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::UploadsWrite).await?;
    let ErrorsPage { after, limit } = query(&request)?;
    at_most("after", &after, LONGEST_TEXT)?;
    let call = caller.call().request(ListUploadErrorsRequest { upload_id, after, limit })?;
    let listed = app.clients.uploads.clone().list_upload_errors(call).await?.into_inner();
    let errors = listed.errors.into_iter().map(UploadError::from).collect();
    Ok(shown(StatusCode::OK, &UploadErrors { errors, next_after: listed.next_after }))
}

/// The rows at fault as a file: correct it and send it again.
#[utoipa::path(get, path = "/v1/uploads/{upload_id}/corrections", tag = "uploads", params(("upload_id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "text/csv"), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn corrections(
    State(app): State<App>,
    Path(upload_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::UploadsWrite).await?;
    let call = caller.call().request(GetCorrectionsRequest { upload_id })?;
    let mut parts = app.clients.uploads.clone().get_corrections(call).await?.into_inner();
    let Some(Correction::Head(head)) = parts.message().await?.and_then(|message| message.part) else {
        return Err(empty("head"));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = head.file_name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, head.content_type), (header::CONTENT_DISPOSITION, disposition)];
    // What breaks off on the way breaks the answer off, so that nobody takes a part of the file for the whole.
    let chunks = parts.map(|message| match message?.part {
        Some(Correction::Chunk(chunk)) => Ok(Bytes::from(chunk)),
        Some(Correction::Head(_)) | None => Err(tonic::Status::internal("a chunk is missing")),
    });
    Ok((headers, Body::from_stream(chunks)).into_response())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The number of valid rows the clerk has seen.
    confirmed_count: i32,
    /// And their total.
    confirmed_total: Amount,
    /// ISO date within a year; left out: at once.
    #[serde(default)]
    issue_on: String,
}

/// Issues every valid row, if count and total are what the clerk confirms.
#[utoipa::path(post, path = "/v1/uploads/{upload_id}/issue", tag = "uploads",
    params(("upload_id" = String, Path), ("idempotency-key" = String, Header)), request_body = Confirmation,
    responses((status = 200, body = Upload), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn issue(
    State(app): State<App>,
    Path(upload_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let confirmation: Confirmation = json(&headers, body).await?;
    let confirmed_total = Some(super::read::money("confirmed_total", &confirmation.confirmed_total)?);
    at_most("issue_on", &confirmation.issue_on, LONGEST_TEXT)?;
    let Confirmation { confirmed_count, issue_on, .. } = confirmation;
    let request = IssueUploadRequest { upload_id, confirmed_count, confirmed_total, issue_on };
    let call = caller.call().with_key(key).request(request)?;
    let upload = app
        .clients
        .uploads
        .clone()
        .issue_upload(call)
        .await?
        .into_inner()
        .upload
        .ok_or_else(|| empty("upload"))?;
    Ok(shown(StatusCode::OK, &Upload::from(upload)))
}
