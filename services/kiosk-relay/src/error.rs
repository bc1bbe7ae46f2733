//! Everything that can go wrong here, and its one public form.

use boot::{BoxError, Panicked, Problem};
use pg::MayRetry;
use tonic::Code as C;

use crate::domain::device::Refusal;

/// Why a call was refused or broke.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value of the request is not what it should be.
    #[error("{detail}")]
    Invalid { field: &'static str, detail: String },
    /// Operators have names.
    #[error("say who acts")]
    ActorMissing,
    /// No such device.
    #[error("no device has this serial")]
    DeviceUnknown,
    /// The rules of a device's life.
    #[error(transparent)]
    Device(#[from] Refusal),
    /// Wrong, expired, used by another device: the answer tells nothing more.
    #[error("the enrolment code is not valid; ask the operator for a new one")]
    CodeInvalid,
    /// The device's call had no certificate of ours, or one of another key.
    #[error("show the certificate of this device")]
    NotThisDevice,
    /// A record is of another device than the certificate.
    #[error("a record is of another device than the certificate")]
    ForeignRecord,
    /// A record's hash or signature does not fit.
    #[error("record {seq} is not signed by this device; nothing of the batch was taken")]
    BadSignature { seq: i64 },
    /// It may not take money (yet).
    #[error("the device is not active; its records wait in it")]
    NotActive,
    /// No new sessions.
    #[error("the device's journal forked; it takes no payers until an operator has looked at it")]
    Quarantined,
    /// Records before these are missing.
    #[error("records before these are missing; send from {need_from}")]
    Gap { epoch: i64, need_from: i64 },
    /// No bill has this reference.
    #[error("no bill has this reference")]
    BillUnknown,
    /// Nothing is due.
    #[error("the bill is paid")]
    BillPaid,
    /// Its agency took it back.
    #[error("the bill was cancelled by its agency")]
    BillCancelled,
    /// Nobody waits for it any more.
    #[error("what was due on the bill was written off")]
    BillWrittenOff,
    /// Policy has closed cash at kiosks for what the bill is of.
    #[error("kiosks take no cash for this bill; pay it by {}", .instead.join(", "))]
    CashClosed { instead: Vec<String> },
    /// A wallet payment may have the money already.
    #[error("a payment of this bill is in progress; wait for its end")]
    PaymentInProgress,
    /// `payments` does not answer.
    #[error("what is due on the bill cannot be known now; try again")]
    PaymentsAway(#[source] Problem),
    /// Postgres.
    #[error(transparent)]
    Pg(#[from] pg::Error),
    /// A row that the code could not have written.
    #[error("a row of {table} is corrupt: {id}")]
    Corrupt { table: &'static str, id: String },
    /// Signing or reading a certificate broke.
    #[error("the device CA could not do its work")]
    Ca(#[source] BoxError),
    /// A task ended without an answer.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Pg(error.into())
    }
}

impl MayRetry for Error {
    fn is_retryable(&self) -> bool {
        if let Error::Pg(error) = self { error.is_retryable() } else { false }
    }
}

impl Error {
    /// The public code and kind, by variant.
    fn code(&self) -> (&'static str, C) {
        use Refusal as R;
        match self {
            Error::Invalid { .. } => ("field_invalid", C::InvalidArgument),
            Error::ActorMissing => ("actor_missing", C::InvalidArgument),
            Error::DeviceUnknown => ("device_unknown", C::NotFound),
            Error::Device(R::Exists) => ("device_exists", C::AlreadyExists),
            Error::Device(R::NeedsSecondPerson) => ("device_needs_second_person", C::PermissionDenied),
            Error::Device(R::WrongState { .. }) => ("device_wrong_state", C::FailedPrecondition),
            Error::CodeInvalid => ("enrolment_code_invalid", C::PermissionDenied),
            Error::NotThisDevice => ("certificate_invalid", C::Unauthenticated),
            Error::ForeignRecord => ("record_of_other_device", C::PermissionDenied),
            Error::BadSignature { .. } => ("signature_invalid", C::Unauthenticated),
            Error::NotActive => ("device_not_active", C::PermissionDenied),
            Error::Quarantined => ("device_quarantined", C::FailedPrecondition),
            Error::Gap { .. } => ("journal_gap", C::FailedPrecondition),
            Error::BillUnknown => ("bill_unknown", C::NotFound),
            Error::BillPaid => ("bill_already_paid", C::FailedPrecondition),
            Error::BillCancelled => ("bill_cancelled", C::FailedPrecondition),
            Error::BillWrittenOff => ("bill_written_off", C::FailedPrecondition),
            Error::CashClosed { .. } => ("channel_closed", C::FailedPrecondition),
            Error::PaymentInProgress => ("payment_in_progress", C::FailedPrecondition),
            Error::PaymentsAway(_) => ("payments_unavailable", C::Unavailable),
            Error::Pg(pg::Error::CommitUnknown(_)) => ("outcome_unknown", C::Unavailable),
            Error::Pg(error) if error.is_unavailable() => ("unavailable", C::Unavailable),
            Error::Pg(_) | Error::Corrupt { .. } | Error::Ca(_) | Error::Panicked(_) => {
                ("internal", C::Internal)
            }
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (code, kind) = error.code();
        if kind == C::Internal {
            return Problem::internal(error);
        }
        let problem = Problem::new(kind, code, format!("{error}."));
        let problem = if let Error::Invalid { field, .. } = &error { problem.field(*field) } else { problem };
        problem.caused_by(error)
    }
}
