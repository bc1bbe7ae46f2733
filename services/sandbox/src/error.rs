//! What the world refuses, as its control endpoints say it.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// What a control endpoint or a simulated party refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request does not say what it must.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing in the world.
    #[error("{0} is not known here")]
    NotFound(String),
    /// It is there, but what was asked does not fit its state.
    #[error("{0}")]
    Conflict(String),
    /// A part of the platform that the world called did not do it.
    #[error("{0}")]
    Platform(String),
    /// The world's own books.
    #[error("the world's book cannot be written")]
    Book(#[from] pg::Error),
    /// The world's own files.
    #[error("the world's files cannot be written")]
    Files(#[from] std::io::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Book(error.into())
    }
}

impl Error {
    fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Error::Platform(_) => (StatusCode::BAD_GATEWAY, "platform"),
            Error::Book(_) | Error::Files(_) => (StatusCode::SERVICE_UNAVAILABLE, "book"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.answer();
        if status.is_server_error() {
            tracing::error!(error = boot::start_error::chain(&self), "the world could not do it");
        }
        (status, Json(json!({ "code": code, "detail": self.to_string() }))).into_response()
    }
}
