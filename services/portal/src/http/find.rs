//! Finding a bill by its reference.
use askama::Template;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use boot::Lang;
use serde::Deserialize;

use super::page::{InLanguage, message, rendered};
use crate::view::Reader;

/// The longest reference we look for, in characters.
pub(super) const LONGEST_REFERENCE: usize = 40;

#[derive(Template)]
#[template(path = "find.html")]
struct Find {
    reader: Reader,
    here: &'static str,
}

/// The language that the browser asks for first; Arabic when it asks for none of ours.
fn preferred(headers: &HeaderMap) -> Lang {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    asked.split(',').find_map(|tag| tag.split(';').next()?.trim().parse().ok()).unwrap_or(Lang::Ar)
}

pub(super) async fn choose(headers: HeaderMap) -> Redirect {
    Redirect::to(&format!("/{}/", preferred(&headers)))
}

pub(super) async fn form(InLanguage(reader): InLanguage) -> Response {
    rendered(StatusCode::OK, &Find { reader, here: "/" })
}

#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    reference: String,
}

/// From what was typed to the bill's own address.
pub(super) async fn go(InLanguage(reader): InLanguage, Query(typed): Query<Typed>) -> Response {
    let reference = normal(&typed.reference);
    let plain = !reference.is_empty() && reference.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !plain || reference.len() > LONGEST_REFERENCE {
        return message(reader, StatusCode::NOT_FOUND, "bill-unknown", &typed.reference);
    }
    Redirect::to(&format!("/{}/bills/{reference}", reader.code())).into_response()
}

/// Capitals and European digits, without spaces: however a person types what is printed.
fn normal(typed: &str) -> String {
    let european = |c: char| match c {
        '٠'..='٩' => char::from_digit(u32::from(c).wrapping_sub(u32::from('٠')), 10).unwrap_or(c),
        '۰'..='۹' => char::from_digit(u32::from(c).wrapping_sub(u32::from('۰')), 10).unwrap_or(c),
        other => other.to_ascii_uppercase(),
    };
    typed.chars().filter(|c| !c.is_whitespace()).map(european).collect()
}

pub(super) async fn nothing(headers: HeaderMap) -> Response {
    message(Reader(preferred(&headers)), StatusCode::NOT_FOUND, "page-unknown", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_may_be_typed_as_people_do() {
        assert_eq!(normal(" trf-٢٠٢٦-000123-k7qm4 "), "TRF-2026-000123-K7QM4");
    }
}
