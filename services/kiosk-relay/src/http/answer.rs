//! Answers and refusals, as problem+json (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use boot::Problem;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::Code;

use crate::Error;

/// What a handler gives.
pub type Answer = Result<Json<Value>, Refused>;

/// A refusal, with what was taken before it if that is so.
#[derive(Debug)]
pub struct Refused {
    pub error: Error,
    pub receipt: Option<Value>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused { error, receipt: None }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let instead =
            if let Error::CashClosed { instead } = &self.error { Some(instead.clone()) } else { None };
        let gap =
            if let Error::Gap { epoch, need_from } = &self.error { Some((*epoch, *need_from)) } else { None };
        let problem = Problem::from(self.error);
        let status = status(problem.kind);
        if status.is_server_error() {
            tracing::error!(code = %problem.code, why = boot::start_error::chain(&problem), "a device's call broke");
        } else {
            tracing::info!(code = %problem.code, "a device's call was refused");
        }
        let mut body = json!({
            "type": format!("/problems/{}", problem.code),
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": problem.code.as_str(),
            "detail": problem.detail,
        });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(problem.field.map(|field| ("field".to_owned(), json!(field))));
            if let Some((epoch, need_from)) = gap {
                fields.insert("need_epoch".to_owned(), json!(epoch));
                fields.insert("need_from".to_owned(), json!(need_from));
            }
            fields.extend(instead.map(|instead| ("instead".to_owned(), json!(instead))));
            if let Some(Value::Object(receipt)) = self.receipt {
                fields.extend(receipt);
            }
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn status(kind: Code) -> StatusCode {
    match kind {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::UNPROCESSABLE_ENTITY,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::Internal | Code::Unknown | Code::DataLoss | Code::Unimplemented => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// A time as devices read it.
pub fn time(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
