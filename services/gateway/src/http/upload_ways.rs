//! What clerks do with files besides sending and issuing them: begin with a template, look at bills before they are issued, take a
//! file back.
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use proto::invoicing::v1::{
    GetUploadTemplateRequest, PreviewUploadRequest, TemplateForm, WithdrawUploadRequest,
};
use serde::{Deserialize, Serialize};
use tonic::Code as Kind;
use utoipa::{IntoParams, ToSchema};

use super::auth::{Scope, admit};
use super::documents::{language, sent};
use super::read::{LONGEST_TEXT, at_most, idempotency_key, json, query};
use super::resources::{PreviewRow, Upload};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Template {
    /// The fee service's code.
    service: String,
    /// Of the column names: ar (when left out), en.
    language: String,
    /// xlsx (when left out), csv.
    form: String,
}

/// A file with the right columns for a service and no rows.
#[utoipa::path(get, path = "/v1/upload-template", tag = "uploads", params(Template),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
              (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn template(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::UploadsWrite).await?;
    let asked: Template = query(&request)?;
    at_most("service", &asked.service, LONGEST_TEXT)?;
    let form = match asked.form.as_str() {
        "" | "xlsx" => TemplateForm::Xlsx,
        "csv" => TemplateForm::Csv,
        _ => {
            let detail = "`form` is xlsx or csv.".to_owned();
            return Err(Refused::new(Kind::InvalidArgument, "field_invalid", detail).field("form"));
        }
    };
    let (service_code, language) = (asked.service, language(&asked.language)?);
    let message = GetUploadTemplateRequest { service_code, language, form: form.into() };
    let answer = app.clients.uploads.clone().get_upload_template(caller.call().request(message)?).await?;
    sent(answer.into_inner().document)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PreviewPage {
    /// `next_after_row` of the page before.
    after_row: i32,
    /// 1 to 100; 3 when left out.
    limit: i32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    rows: Vec<PreviewRow>,
    /// Where the next page begins; 0 at the end.
    next_after_row: i32,
}

/// Valid rows as the bills they will be, in the order of the file; none once they are issued.
#[utoipa::path(get, path = "/v1/uploads/{upload_id}/preview", tag = "uploads",
    params(("upload_id" = String, Path), PreviewPage),
    responses((status = 200, body = Preview), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn preview(
    State(app): State<App>,
    Path(upload_id): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::UploadsWrite).await?;
    let PreviewPage { after_row, limit } = query(&request)?;
    let call = caller.call().request(PreviewUploadRequest { upload_id, after_row, limit })?;
    let page = app.clients.uploads.clone().preview_upload(call).await?.into_inner();
    let rows = page.rows.into_iter().map(PreviewRow::from).collect();
    Ok(shown(StatusCode::OK, &Preview { rows, next_after_row: page.next_after_row }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    /// Why, without personal data.
    reason: String,
}

/// Takes a file back. One that is not issued is gone; of one that is issued every unpaid bill is cancelled, and what is paid stays.
/// References are free again, so that the corrected file can follow.
#[utoipa::path(post, path = "/v1/uploads/{upload_id}/withdrawal", tag = "uploads",
    params(("upload_id" = String, Path), ("idempotency-key" = String, Header)), request_body = Withdrawal,
    responses((status = 200, body = Upload), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    Path(upload_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::InvoicesWrite).await?;
    let key = idempotency_key(&headers)?;
    let Withdrawal { reason } = json(&headers, body).await?;
    at_most("reason", &reason, LONGEST_TEXT)?;
    let call = caller.call().with_key(key).request(WithdrawUploadRequest { upload_id, reason })?;
    let answer = app.clients.uploads.clone().withdraw_upload(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &Upload::from(answer.upload.ok_or_else(|| empty("upload"))?)))
}
