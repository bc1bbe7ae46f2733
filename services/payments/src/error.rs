//! One error of the service, and one map to what callers see.

use std::{sync::Arc, time::Duration};

use boot::Problem;
use tonic::Code;

use crate::domain::Refusal;

/// When to come back after being turned away.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What a call of payments can end in. One failed batch answers many callers, so it can be cloned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Nothing was begun.
    #[error("too many payments are waiting")]
    Overloaded,
    /// Postgres did not say whether it kept the batch, and could not be asked.
    #[error("it is not known whether the batch was kept")]
    CommitUnknown,
    /// Postgres refused or is away; nothing was kept.
    #[error("the books could not be written or read")]
    Database(#[source] Arc<pg::Error>),
    /// A row that no code of ours wrote.
    #[error("the row {id} of {table} is corrupt")]
    Corrupt { table: &'static str, id: String },
    #[error("no payment has this id")]
    PaymentUnknown,
    #[error("this channel cannot be started here")]
    ChannelNotSupported,
    #[error("no provider has this name")]
    ProviderUnknown,
    /// The request, or another service, said so.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The work ended without an answer.
    #[error("the work ended without an answer")]
    Panicked,
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Error {
        Error::Database(Arc::new(error))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        pg::Error::from(error).into()
    }
}

impl From<boot::Panicked> for Error {
    fn from(_panicked: boot::Panicked) -> Error {
        Error::Panicked
    }
}

impl Error {
    /// The constraint that was broken, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        if let Error::Database(source) = self { source.constraint() } else { None }
    }

    /// The public code and its kind.
    fn public(&self) -> (&'static str, Code) {
        use Refusal as R;
        match self {
            Error::Refused(R::BillUnknown { .. }) => ("bill_unknown", Code::NotFound),
            Error::Refused(R::AlreadyPaid { .. }) => ("bill_already_paid", Code::FailedPrecondition),
            Error::Refused(R::InProgress { .. }) => ("payment_in_progress", Code::FailedPrecondition),
            Error::Refused(R::BillDiffers { .. }) => ("bill_differs", Code::FailedPrecondition),
            Error::Refused(R::BillCancelled { .. }) => ("bill_cancelled", Code::FailedPrecondition),
            Error::Refused(R::BillWrittenOff { .. }) => ("bill_written_off", Code::FailedPrecondition),
            Error::Refused(R::ChannelClosed { .. }) => ("channel_closed", Code::FailedPrecondition),
            Error::Refused(R::BillTwice { .. }) => ("bill_twice", Code::InvalidArgument),
            Error::Refused(R::AmountNotAllowed { .. }) => ("amount_not_allowed", Code::FailedPrecondition),
            Error::Refused(R::AmountNotPositive) => ("amount_not_positive", Code::InvalidArgument),
            Error::Refused(R::NothingDue) => ("nothing_due", Code::FailedPrecondition),
            Error::Refused(R::TermsDoNotSum { .. }) => ("terms_do_not_sum", Code::InvalidArgument),
            Error::Refused(R::AmendedBelowPaid { .. }) => ("amended_below_paid", Code::FailedPrecondition),
            Error::Refused(R::StaleVersion { .. }) => ("version_stale", Code::FailedPrecondition),
            Error::Refused(R::ChargeDiffers { .. }) => ("charge_already_recorded", Code::FailedPrecondition),
            Error::Refused(R::RefundUnknown) => ("refund_unknown", Code::NotFound),
            Error::Refused(R::DisputeUnknown) => ("dispute_unknown", Code::NotFound),
            Error::Refused(R::CreditUnknown) => ("credit_unknown", Code::NotFound),
            Error::Refused(R::AdjustmentUnknown) => ("adjustment_unknown", Code::NotFound),
            Error::Refused(R::CaptureExceeds { .. }) => {
                ("capture_exceeds_authorised", Code::FailedPrecondition)
            }
            Error::Refused(R::RefundExceeds { .. }) => ("refund_exceeds_captured", Code::FailedPrecondition),
            Error::Refused(R::Disputed) => ("payment_disputed", Code::FailedPrecondition),
            Error::Refused(R::CreditExceeded { .. }) => ("credit_exceeded", Code::FailedPrecondition),
            Error::Refused(R::NoSource) => ("refund_needs_iban", Code::FailedPrecondition),
            Error::Refused(R::NeedsSecondPerson) => ("needs_second_person", Code::PermissionDenied),
            Error::Refused(R::AccountsNotAllowed { .. }) => ("accounts_not_allowed", Code::InvalidArgument),
            Error::Refused(R::AttemptUnknown) => ("attempt_unknown", Code::NotFound),
            Error::Refused(R::StaleFence) => ("attempt_claimed_elsewhere", Code::Aborted),
            Error::Refused(R::WrongState { noun, .. }) => (wrong_state(noun), Code::FailedPrecondition),
            Error::Refused(R::Money(_)) => ("amount_out_of_range", Code::OutOfRange),
            Error::KeyReused => ("idempotency_key_reused", Code::InvalidArgument),
            Error::Overloaded => ("overloaded", Code::ResourceExhausted),
            Error::CommitUnknown => ("outcome_unknown", Code::Unavailable),
            Error::Database(source) if source.constraint() == Some("dispute_once") => {
                ("dispute_known", Code::AlreadyExists)
            }
            Error::Database(source) if source.is_unavailable() => ("books_unavailable", Code::Unavailable),
            Error::Refused(R::PaymentUnknown) | Error::PaymentUnknown => ("payment_unknown", Code::NotFound),
            Error::ChannelNotSupported => ("channel_not_supported", Code::InvalidArgument),
            Error::ProviderUnknown => ("provider_unknown", Code::InvalidArgument),
            Error::Database(_) | Error::Corrupt { .. } | Error::Panicked | Error::Problem(_) => {
                ("internal", Code::Internal)
            }
        }
    }
}

/// The public code of a step that its state does not know.
fn wrong_state(noun: &str) -> &'static str {
    match noun {
        "attempt" => "attempt_wrong_state",
        "receivable" => "receivable_wrong_state",
        "refund" => "refund_wrong_state",
        "dispute" => "dispute_wrong_state",
        "adjustment" => "adjustment_wrong_state",
        _payment => "payment_wrong_state",
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        if let Error::Problem(problem) = error {
            return problem;
        }
        let (code, kind) = error.public();
        match &error {
            Error::Database(_) | Error::Corrupt { .. } | Error::Panicked if kind == Code::Internal => {
                Problem::internal(error)
            }
            Error::Overloaded => Problem::new(kind, code, error.to_string()).retry_after(RETRY_AFTER),
            Error::Database(_) if kind == Code::AlreadyExists => {
                Problem::new(kind, code, "the provider's dispute is known already")
            }
            Error::Database(_) | Error::CommitUnknown => {
                let problem = Problem::new(kind, code, format!("{error}; repeat the call with the same key"));
                problem.retry_after(RETRY_AFTER).caused_by(error)
            }
            Error::ChannelNotSupported => Problem::new(kind, code, error.to_string()).field("channel"),
            Error::ProviderUnknown => Problem::new(kind, code, error.to_string()).field("provider"),
            Error::Refused(_)
            | Error::KeyReused
            | Error::Corrupt { .. }
            | Error::Panicked
            | Error::PaymentUnknown
            | Error::Problem(_) => Problem::new(kind, code, error.to_string()),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> tonic::Status {
        Problem::from(error).into()
    }
}
