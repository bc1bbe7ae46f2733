//! Rendering, and the pages for what went wrong.
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use boot::{Lang, Problem};

use crate::view::Reader;

/// A page with a title, a sentence and a way on.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    reader: Reader,
    /// The same page in the other language.
    here: &'a str,
    title: String,
    text: String,
    /// What the reader had typed.
    typed: &'a str,
}

/// A rendered page.
pub(super) fn rendered(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The language of the path; another word leads to the front page.
pub(super) struct InLanguage(pub Reader);

impl<S: Send + Sync> FromRequestParts<S> for InLanguage {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<InLanguage, Redirect> {
        let first = parts.uri.path().split('/').nth(1).unwrap_or("");
        let known = Lang::ALL.into_iter().find(|known| known.code() == first);
        known.map(|lang| InLanguage(Reader(lang))).ok_or_else(|| Redirect::to("/"))
    }
}

/// A page of sentences `key-title` and `key-text`.
pub(super) fn message(reader: Reader, status: StatusCode, key: &str, typed: &str) -> Response {
    let page = Message {
        reader,
        here: "/",
        title: reader.say(&format!("{key}-title")),
        text: reader.say(&format!("{key}-text")),
        typed,
    };
    rendered(status, &page)
}

/// What a service answered, as a page. Nothing of it is taken for a failure of a payment.
pub(super) fn refused(reader: Reader, status: &tonic::Status, typed: &str) -> Response {
    let problem = Problem::from_status(status);
    match problem.code.as_str() {
        "bill_unknown" => message(reader, StatusCode::NOT_FOUND, "bill-unknown", typed),
        "payment_unknown" | "invalid_id" => message(reader, StatusCode::NOT_FOUND, "payment-unknown", typed),
        "receipt_not_ready" => message(reader, StatusCode::CONFLICT, "no-receipt", typed),
        "bill_already_paid" => message(reader, StatusCode::CONFLICT, "already-paid", typed),
        "payment_in_progress" | "idempotency_key_reused" => {
            message(reader, StatusCode::CONFLICT, "in-progress", typed)
        }
        "cart_too_large" => message(reader, StatusCode::UNPROCESSABLE_ENTITY, "cart-too-large", typed),
        "channel_closed" => message(reader, StatusCode::CONFLICT, "channel-closed", typed),
        "email_invalid" => message(reader, StatusCode::UNPROCESSABLE_ENTITY, "email-invalid", typed),
        _ => {
            tracing::warn!(code = %problem.code, detail = problem.detail, "a page could not be made");
            message(reader, StatusCode::SERVICE_UNAVAILABLE, "unavailable", typed)
        }
    }
}
