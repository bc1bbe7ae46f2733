//! Every refusal as RFC 9457 `application/problem+json`: what, where, why, what to do, in both languages, and
//! whether money moved.
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use boot::locale::Texts;
use boot::{Lang, Problem};
use serde::Serialize;
use tonic::Code as Kind;

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::load(&[
        (Lang::En, include_str!("../../../locales/en/gateway.ftl")),
        (Lang::Ar, include_str!("../../../locales/ar/gateway.ftl")),
    ])
    .expect("the sentences in locales/ are well formed: a test reads them")
});

/// Every public error code with its HTTP status. Title and advice of each stand in `locales/*/gateway.ftl`;
/// `docs/errors.md` is this table for readers.
pub const PUBLIC_CODES: [(&str, u16); 126] = [
    // the request itself
    ("route_unknown", 404),
    ("method_not_allowed", 405),
    ("content_type_unsupported", 415),
    ("body_too_large", 413),
    ("json_malformed", 400),
    ("field_unknown", 422),
    ("field_missing", 422),
    ("field_invalid", 422),
    ("field_too_long", 422),
    ("invalid_id", 422),
    ("invalid_argument", 422),
    // who asks
    ("api_key_missing", 401),
    ("api_key_unknown", 401),
    ("scope_missing", 403),
    ("agency_missing", 403),
    ("permission_denied", 403),
    ("rate_limited", 429),
    // idempotency
    ("idempotency_key_missing", 400),
    ("idempotency_key_invalid", 400),
    ("idempotency_key_reused", 422),
    ("in_progress", 409),
    // uploads
    ("upload_unknown", 404),
    ("upload_has_no_errors", 409),
    ("upload_wrong_state", 409),
    ("upload_sheet_gone", 410),
    ("confirmation_differs", 409),
    ("file_empty", 422),
    ("file_too_large", 413),
    ("file_type_unknown", 415),
    ("encoding_unknown", 422),
    ("archive_suspicious", 422),
    ("header_missing", 422),
    ("too_many_rows", 422),
    ("upload_too_slow", 408),
    ("upload_stream_invalid", 400),
    // invoices and bills
    ("invoice_unknown", 404),
    ("credit_note_unknown", 404),
    ("invoice_draft_unknown", 404),
    ("invoice_draft_wrong_state", 409),
    ("bill_unknown", 404),
    ("agency_unknown", 404),
    ("service_unknown", 422),
    ("reference_duplicate", 409),
    ("reference_missing", 422),
    ("reference_invalid", 422),
    ("cpr_length", 422),
    ("cpr_missing", 422),
    ("phone_invalid", 422),
    ("language_unknown", 422),
    ("name_missing", 422),
    ("text_too_long", 422),
    ("card_number_in_text", 422),
    ("due_date_invalid", 422),
    ("due_date_past", 422),
    ("amount_text", 422),
    ("amount_decimals", 422),
    ("amount_negative", 422),
    ("amount_zero", 422),
    ("amount_over_limit", 422),
    ("quantity_invalid", 422),
    ("category_unknown", 422),
    ("input_missing", 422),
    ("input_unknown", 422),
    ("formula_failed", 422),
    ("reduction_unknown", 422),
    ("reduction_leaves_nothing", 422),
    ("instalments_count", 422),
    ("instalments_order", 422),
    ("instalments_sum", 422),
    ("instalments_end", 422),
    // payments
    ("payment_unknown", 404),
    ("bill_already_paid", 409),
    ("payment_in_progress", 409),
    ("channel_not_supported", 422),
    ("channel_closed", 409),
    ("provider_unknown", 422),
    ("nothing_due", 409),
    ("bill_differs", 409),
    ("payment_wrong_state", 409),
    ("attempt_wrong_state", 409),
    ("receivable_wrong_state", 409),
    ("bill_cancelled", 409),
    ("bill_written_off", 409),
    ("bill_twice", 422),
    ("cart_too_large", 422),
    ("amount_not_allowed", 409),
    ("amount_not_positive", 422),
    ("amount_out_of_range", 422),
    ("terms_do_not_sum", 422),
    ("amended_below_paid", 409),
    ("version_stale", 409),
    ("amendment_in_progress", 409),
    ("receipt_not_ready", 409),
    ("charge_already_recorded", 409),
    ("page_token_invalid", 422),
    ("refund_unknown", 404),
    ("refund_wrong_state", 409),
    ("authorise_not_supported", 409),
    ("account_unknown", 404),
    ("mark_twice", 400),
    ("day_not_closed", 404),
    ("date_invalid", 400),
    ("capture_exceeds_authorised", 409),
    ("refund_exceeds_captured", 409),
    ("refund_needs_iban", 409),
    ("iban_invalid", 422),
    ("needs_second_person", 403),
    ("payment_disputed", 409),
    ("dispute_unknown", 404),
    ("dispute_known", 409),
    ("dispute_wrong_state", 409),
    ("credit_unknown", 404),
    ("credit_exceeded", 409),
    ("adjustment_unknown", 404),
    ("adjustment_wrong_state", 409),
    ("accounts_not_allowed", 422),
    ("account_invalid", 422),
    ("books_unavailable", 503),
    ("bills_unavailable", 503),
    // notifications
    ("email_invalid", 422),
    ("url_invalid", 422),
    ("url_not_public", 422),
    // us
    ("overloaded", 503),
    ("unavailable", 503),
    ("outcome_unknown", 503),
    ("internal", 500),
];

/// A refusal on its way to the caller.
#[derive(Debug)]
pub(crate) struct Refused(Problem);

/// The JSON of RFC 9457 with our members.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProblemBody {
    /// Where this kind of problem is explained.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    /// Stable, for programs.
    code: String,
    /// What was wrong with this request.
    detail: String,
    detail_ar: String,
    /// The field, parameter or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    what_to_do: String,
    /// `false`: nothing was begun. `"unknown"`: ask again with the same Idempotency-Key.
    #[schema(value_type = Object)]
    money_moved: MoneyMoved,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum MoneyMoved {
    No(No),
    Unknown(&'static str),
}

/// Serialises as `false`.
#[derive(Debug)]
struct No;

impl Serialize for No {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

impl Refused {
    /// A refusal of the gateway's own.
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Refused {
        Refused(Problem::new(kind, code, detail))
    }

    /// Names the field, parameter or header.
    pub fn field(self, field: impl Into<String>) -> Refused {
        Refused(self.0.field(field))
    }

    fn status(&self) -> StatusCode {
        let listed = PUBLIC_CODES.iter().find(|(code, _)| self.0.code == *code).map(|(_, status)| *status);
        let status = listed.unwrap_or(match self.0.kind {
            Kind::InvalidArgument | Kind::OutOfRange => 422,
            Kind::Unauthenticated => 401,
            Kind::PermissionDenied => 403,
            Kind::NotFound => 404,
            Kind::AlreadyExists | Kind::FailedPrecondition | Kind::Aborted => 409,
            Kind::ResourceExhausted | Kind::Unavailable | Kind::Cancelled => 503,
            Kind::DeadlineExceeded => 504,
            Kind::Unimplemented => 501,
            Kind::Ok | Kind::Unknown | Kind::Internal | Kind::DataLoss => 500,
        });
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn body(&self, status: StatusCode) -> ProblemBody {
        let code = self.0.code.as_str();
        let key = code.replace('_', "-");
        let known = TEXTS.has(Lang::En, &key);
        let key = if known { key } else { "refused".to_owned() };
        let say = |lang, attribute: &str| TEXTS.say(lang, &format!("{key}{attribute}"), &[]);
        // Nothing of what broke on our side is the caller's business.
        let broke = status == StatusCode::INTERNAL_SERVER_ERROR || self.0.detail.is_empty();
        ProblemBody {
            kind: format!("/problems/{code}"),
            title: say(Lang::En, ""),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: if broke { say(Lang::En, "") } else { self.0.detail.clone() },
            detail_ar: format!("{} {}", say(Lang::Ar, ""), say(Lang::Ar, ".todo")),
            field: self.0.field.clone(),
            what_to_do: say(Lang::En, ".todo"),
            money_moved: if self.0.outcome_unknown() {
                MoneyMoved::Unknown("unknown")
            } else {
                MoneyMoved::No(No)
            },
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused(problem)
    }
}

impl From<tonic::Status> for Refused {
    fn from(status: tonic::Status) -> Refused {
        Refused(Problem::from_status(&status))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self.body(status)).expect("a struct of strings is JSON");
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let seconds = self.0.retry_after_ms.map(|ms| ms.div_ceil(1000).max(1));
        let seconds = seconds.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(1));
        if let Some(seconds) = seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn each_public_code_has_its_title_and_advice_in_both_languages() {
        TEXTS.same_keys().unwrap();
        for (code, _) in PUBLIC_CODES {
            for lang in Lang::ALL {
                assert!(TEXTS.has(lang, &code.replace('_', "-")), "{code} in {lang}");
                assert!(
                    TEXTS.has(lang, &format!("{}.todo", code.replace('_', "-"))),
                    "{code}.todo in {lang}"
                );
            }
        }
    }

    #[test]
    fn the_page_of_errors_is_this_table() {
        let mut page = String::from("| code | HTTP status | meaning | what to do |\n|---|---|---|---|\n");
        for (code, status) in PUBLIC_CODES {
            let say = |suffix: &str| TEXTS.say(Lang::En, &format!("{}{suffix}", code.replace('_', "-")), &[]);
            writeln!(page, "| `{code}` | {status} | {} | {} |", say(""), say(".todo")).unwrap();
        }
        let written = include_str!("../../../docs/errors.md");
        assert!(written.contains(&page), "docs/errors.md holds this table:\n{page}");
    }

    #[test]
    fn a_broken_connection_is_unknown_and_a_refusal_is_not() {
        let unknown = Refused::from(tonic::Status::unavailable("broken"));
        let body = serde_json::to_value(unknown.body(unknown.status())).unwrap();
        assert_eq!((body["status"].clone(), body["money_moved"].clone()), (503.into(), "unknown".into()));
        let refused = Refused::new(Kind::NotFound, "bill_unknown", "No bill X.");
        let body = serde_json::to_value(refused.body(refused.status())).unwrap();
        assert_eq!((body["status"].clone(), body["money_moved"].clone()), (404.into(), false.into()));
    }
}
