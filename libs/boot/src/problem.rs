//! A refusal as it crosses services: a public code, a kind, a sentence.

use std::{borrow::Cow, collections::HashMap, error::Error, fmt, sync::Arc, time::Duration};

use tonic::{Code as Kind, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain of our codes inside `google.rpc.ErrorInfo`.
const DOMAIN: &str = "mizan";

/// A public error code: `refund_wrong_state`. Documented, stable, the same on every channel.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Code {
    fn from(code: &'static str) -> Code {
        Code(Cow::Borrowed(code))
    }
}

impl From<String> for Code {
    fn from(code: String) -> Code {
        Code(Cow::Owned(code))
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A refusal as it crosses services. `detail` is shown to the caller, the cause only to our log.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The public code.
    pub code: Code,
    /// The gRPC code: what kind of refusal it is.
    pub kind: Kind,
    /// What is wrong and what to do, for the caller. No personal data.
    pub detail: String,
    /// The request's field that is wrong, as the request spells it.
    pub field: Option<String>,
    /// Come back after this many milliseconds.
    pub retry_after_ms: Option<u64>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A refusal with its three parts.
    pub fn new(kind: Kind, code: impl Into<Code>, detail: impl Into<String>) -> Problem {
        Problem {
            code: code.into(),
            kind,
            detail: detail.into(),
            field: None,
            retry_after_ms: None,
            cause: None,
        }
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Problem {
        self.field = Some(field.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Problem {
        self.retry_after_ms = Some(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Keeps the cause for the line the boundary logs; the caller never sees it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Problem {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Something broke on our side; the caller learns no more than that.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Problem {
        Problem::new(Kind::Internal, "internal", "Something went wrong on our side.").caused_by(cause)
    }

    /// Did the call perhaps have its effect? True for everything but a clear refusal: a timeout, a broken
    /// connection or a bug is *unknown*, never *failed*. Ask again with the same idempotency key.
    pub fn outcome_unknown(&self) -> bool {
        match self.kind {
            Kind::Cancelled
            | Kind::Unknown
            | Kind::DeadlineExceeded
            | Kind::Internal
            | Kind::Unavailable
            | Kind::DataLoss => true,
            Kind::Ok
            | Kind::InvalidArgument
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::PermissionDenied
            | Kind::ResourceExhausted
            | Kind::FailedPrecondition
            | Kind::Aborted
            | Kind::OutOfRange
            | Kind::Unimplemented
            | Kind::Unauthenticated => false,
        }
    }

    /// The refusal another service answered with. A status without our code keeps its kind, which names it.
    pub fn from_status(status: &Status) -> Problem {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        let field = info.and_then(|info| info.metadata.get("field").cloned());
        let retry = details.retry_info().and_then(|retry| retry.retry_delay);
        Problem {
            code: info.map_or_else(|| Code::from(kind_name(status.code())), |i| i.reason.clone().into()),
            kind: status.code(),
            detail: status.message().to_owned(),
            field,
            retry_after_ms: retry.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            cause: None,
        }
    }
}

/// The public code of a refusal that has none of ours.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Ok => "ok",
        Kind::Unknown | Kind::Internal | Kind::DataLoss => "internal",
        Kind::InvalidArgument => "invalid_argument",
        Kind::DeadlineExceeded => "deadline_exceeded",
        Kind::NotFound => "not_found",
        Kind::AlreadyExists => "already_exists",
        Kind::PermissionDenied => "permission_denied",
        Kind::ResourceExhausted => "overloaded",
        Kind::FailedPrecondition => "failed_precondition",
        Kind::Aborted => "aborted",
        Kind::OutOfRange => "out_of_range",
        Kind::Unimplemented => "unimplemented",
        // The connection under the call ended: nobody called it off.
        Kind::Unavailable | Kind::Cancelled => "unavailable",
        Kind::Unauthenticated => "unauthenticated",
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| -> &(dyn Error + 'static) { cause.as_ref() })
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Status {
        let metadata = HashMap::from_iter(problem.field.map(|field| ("field".to_owned(), field)));
        let mut details = ErrorDetails::with_error_info(problem.code.as_str(), DOMAIN, metadata);
        if let Some(after) = problem.retry_after_ms {
            details.set_retry_info(Some(Duration::from_millis(after)));
        }
        let mut status = Status::with_error_details(problem.kind, problem.detail, details);
        if let Some(cause) = problem.cause {
            status.set_source(cause);
        }
        status
    }
}

impl From<crate::Panicked> for Problem {
    fn from(panicked: crate::Panicked) -> Problem {
        Problem::internal(panicked)
    }
}

impl From<::ids::Invalid> for Problem {
    fn from(invalid: ::ids::Invalid) -> Problem {
        let field = invalid.what;
        Problem::new(Kind::InvalidArgument, "invalid_id", invalid.to_string()).field(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_survives_the_wire_and_its_cause_does_not() {
        let sent = Problem::new(Kind::FailedPrecondition, "refund_wrong_state", "The refund is closed.")
            .field("refund_id")
            .retry_after(Duration::from_millis(1_500))
            .caused_by(std::io::Error::other("secret host"));
        let status = Status::from(sent);
        assert!(status.source().is_some(), "the boundary's log wants the cause");

        let mut headers = http::HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        assert!(!format!("{headers:?}").contains("secret host"));

        let got = Problem::from_status(&Status::from_header_map(&headers).unwrap());
        assert_eq!(got.code, "refund_wrong_state");
        assert_eq!(got.kind, Kind::FailedPrecondition);
        assert_eq!(got.detail, "The refund is closed.");
        assert_eq!(got.field.as_deref(), Some("refund_id"));
        assert_eq!(got.retry_after_ms, Some(1_500));
    }

    #[test]
    fn a_strangers_status_is_named_by_its_kind() {
        let got = Problem::from_status(&Status::unavailable("connect refused"));
        assert_eq!((got.code.as_str(), got.kind), ("unavailable", Kind::Unavailable));
        let got = Problem::from_status(&Status::cancelled("operation was canceled"));
        assert_eq!((got.code.as_str(), got.outcome_unknown()), ("unavailable", true));
    }
}
