//! Reading a request strictly, and saying what is wrong with it.
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use tonic::Code as Kind;

use crate::problem::Refused;

/// The largest JSON body.
const LARGEST_JSON_BYTES: usize = 64 * 1024;
/// The longest text of a field, in characters.
pub(crate) const LONGEST_TEXT: usize = 300;
/// The longest URL, in characters.
pub(crate) const LONGEST_URL: usize = 2_000;

/// The `Idempotency-Key` of a POST: 1 to 255 printable ASCII characters.
///
/// # Errors
/// `idempotency_key_missing`, `idempotency_key_invalid`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<String, Refused> {
    let Some(value) = headers.get("idempotency-key") else {
        let detail = "Send an Idempotency-Key, and the same one again when you repeat the request.";
        return Err(
            Refused::new(Kind::InvalidArgument, "idempotency_key_missing", detail).field("idempotency-key")
        );
    };
    let key = value.to_str().unwrap_or("").trim();
    let printable = !key.is_empty()
        && key.len() <= boot::call::KEY_MAX
        && key.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if !printable {
        let detail =
            format!("An Idempotency-Key is 1 to {} printable ASCII characters.", boot::call::KEY_MAX);
        return Err(
            Refused::new(Kind::InvalidArgument, "idempotency_key_invalid", detail).field("idempotency-key")
        );
    }
    Ok(key.to_owned())
}

/// A JSON body. Fields that are not in `T` are refused by name.
///
/// # Errors
/// `content_type_unsupported`, `body_too_large`, `json_malformed`, `field_unknown`, `field_missing`, `field_invalid`.
pub(crate) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Refused> {
    let kind = content_type(headers);
    if kind != "application/json" {
        return Err(unsupported(kind, "application/json"));
    }
    let bytes = to_bytes(body, LARGEST_JSON_BYTES).await.map_err(|error| too_large(&error))?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| wrong_json(&error))?;
    reader.end().map_err(|error| Refused::new(Kind::InvalidArgument, "json_malformed", error.to_string()))?;
    Ok(value)
}

fn too_large(error: &axum::Error) -> Refused {
    let detail = format!("A JSON body is at most {LARGEST_JSON_BYTES} bytes ({error}).");
    Refused::new(Kind::InvalidArgument, "body_too_large", detail)
}

/// The media type without its parameters; empty when there is none.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim()
}

/// Another media type than this route takes.
pub(crate) fn unsupported(found: &str, wanted: &str) -> Refused {
    let detail = format!("Send {wanted}, not `{found}`.");
    Refused::new(Kind::InvalidArgument, "content_type_unsupported", detail).field("content-type")
}

/// serde tells the kind of mistake only in its sentence.
fn wrong_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Refused {
    let (inner, path) = (error.inner(), error.path().to_string());
    let sentence = inner.to_string();
    let quoted = || sentence.split('`').nth(1).unwrap_or("").to_owned();
    let inside = |name: String| match path.as_str() {
        "." => name,
        // serde names an unknown field in the path already.
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    let refuse = |code, field| Refused::new(Kind::InvalidArgument, code, sentence.clone()).field(field);
    if inner.is_syntax() || inner.is_eof() {
        return Refused::new(Kind::InvalidArgument, "json_malformed", sentence);
    }
    if sentence.starts_with("unknown field") {
        refuse("field_unknown", inside(quoted()))
    } else if sentence.starts_with("missing field") {
        refuse("field_missing", inside(quoted()))
    } else {
        refuse("field_invalid", path)
    }
}

/// Refuses a text that is longer than its limit.
///
/// # Errors
/// `field_too_long`.
pub(crate) fn at_most(field: &str, text: &str, limit: usize) -> Result<(), Refused> {
    if text.chars().count() > limit {
        let detail = format!("`{field}` is at most {limit} characters.");
        return Err(Refused::new(Kind::InvalidArgument, "field_too_long", detail).field(field));
    }
    Ok(())
}

/// Query parameters; unknown ones are refused by name.
///
/// # Errors
/// `field_unknown`, `field_missing`, `field_invalid`.
pub(crate) fn query<T: DeserializeOwned>(request: &Request) -> Result<T, Refused> {
    let parsed = axum::extract::Query::<T>::try_from_uri(request.uri());
    parsed.map(|query| query.0).map_err(|error| {
        let sentence = error.body_text();
        let field = sentence.split('`').nth(1).unwrap_or("").to_owned();
        let code = if sentence.contains("unknown field") {
            "field_unknown"
        } else if sentence.contains("missing field") {
            "field_missing"
        } else {
            "field_invalid"
        };
        let refused = Refused::new(Kind::InvalidArgument, code, sentence);
        if field.is_empty() { refused } else { refused.field(field) }
    })
}

/// Money as JSON has it: a string with exactly the currency's decimals.
///
/// # Errors
/// `field_invalid`, saying why.
pub(crate) fn money(
    field: &str,
    amount: &super::resources::Amount,
) -> Result<proto::common::v1::Money, Refused> {
    let invalid =
        |what: String, field: String| Refused::new(Kind::InvalidArgument, "field_invalid", what).field(field);
    let currency = amount
        .currency
        .parse()
        .map_err(|error: money::AmountError| invalid(error.to_string(), format!("{field}.currency")))?;
    let money = money::Money::from_json_amount(&amount.amount, currency)
        .map_err(|error| invalid(error.to_string(), format!("{field}.amount")))?;
    Ok(boot::wire::money_to_wire(money))
}
