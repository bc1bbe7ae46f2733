//! Why a call is refused or broken.

use std::time::Duration;

use boot::{Code as PublicCode, Problem};
use money::Money;
use pg::MayRetry;
use tonic::Code as Kind;

use crate::domain::invoice_draft::Refusal as DraftRefusal;
use crate::domain::upload::{Refusal, WrongState};

/// When to come back while the database is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call itself is wrong, or another service refused or did not answer.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The file is refused as a whole; `detail` says so to the clerk.
    #[error("{detail}")]
    File { refusal: Refusal, detail: String },
    /// The file is larger than the setting allows.
    #[error("the file is larger than {limit_bytes} bytes; split it, or save it without pictures")]
    FileTooLarge { limit_bytes: usize },
    /// The stream of a file does not begin with its head, or has two.
    #[error("send the head of the file once, first, then its bytes")]
    UploadStream,
    /// Too many files at once.
    #[error("too many files are being read at the moment; nothing was begun, come back shortly")]
    UploadsFull,
    /// The file did not arrive in time.
    #[error("the file did not arrive within {limit_seconds} seconds; send it again, or split it")]
    UploadSlow { limit_seconds: u64 },
    /// A single bill is wrong.
    #[error("{detail}")]
    Row { code: &'static str, field: String, detail: String },
    #[error("there is no such upload of this agency")]
    UploadUnknown,
    #[error("the upload has no errors, so there is nothing to correct")]
    UploadHasNoErrors,
    #[error("this upload cannot be issued: it is still being judged, was issued before, or has no valid row")]
    UploadState(#[source] WrongState),
    /// Only workers meet it.
    #[error("another worker has taken over the upload")]
    TakenOver,
    #[error(
        "confirmed were {confirmed_count} bills of {confirmed_total}, valid are {count} of {total}; look at the upload again"
    )]
    ConfirmationDiffers { confirmed_count: i32, confirmed_total: Money, count: i32, total: Money },
    #[error("there is no such invoice of this agency")]
    InvoiceUnknown,
    #[error("there is no such invoice draft of this agency")]
    InvoiceDraftUnknown,
    #[error(transparent)]
    InvoiceDraft(#[from] crate::domain::invoice_draft::Refusal),
    #[error("there is no such credit note of this agency")]
    CreditNoteUnknown,
    #[error("there is no bill with this reference; check each character")]
    BillUnknown,
    #[error("the agency keeps nothing about a person with this number")]
    PersonUnknown,
    #[error(
        "{open} bills of this person are open; they are paid, cancelled or written off before the person is erased"
    )]
    PersonHasOpenBills { open: i64 },
    #[error("the cells of this file are no longer kept; send the rows to correct in a new file")]
    SheetGone,
    #[error("this payment is {state}: there is no receipt of it")]
    ReceiptNotReady { state: String },
    #[error("too many documents are being printed at the moment; come back shortly")]
    PressFull,
    #[error("the document could not be printed")]
    Press(#[from] crate::document::PressError),
    #[error("this Idempotency-Key was used with another request; take a new one")]
    KeyReused,
    #[error(
        "the database did not say whether it kept the change; send the same call with the same key again"
    )]
    CommitUnknown(#[source] pg::Error),
    #[error("the database is away")]
    DatabaseAway(#[source] pg::Error),
    #[error("the database broke")]
    Database(#[source] pg::Error),
    /// What is stored does not make sense.
    #[error("a row of {table} cannot be read")]
    Corrupt { table: &'static str },
    #[error("sealed data of {table} does not open")]
    Sealed { table: &'static str, source: boot::seal::Error },
    #[error("the corrections could not be written")]
    Corrections(#[from] crate::domain::correction::WriteError),
    #[error(transparent)]
    Panicked(#[from] boot::Panicked),
}

impl Error {
    /// Public code and kind: the one map of this service.
    fn code(&self) -> (PublicCode, Kind) {
        let (code, kind) = match self {
            Error::Problem(problem) => return (problem.code.clone(), problem.kind),
            Error::File { refusal, .. } => (refusal.code(), Kind::InvalidArgument),
            Error::FileTooLarge { .. } => ("file_too_large", Kind::InvalidArgument),
            Error::UploadStream => ("upload_stream_invalid", Kind::InvalidArgument),
            Error::UploadsFull | Error::PressFull => ("overloaded", Kind::ResourceExhausted),
            Error::PersonUnknown => ("person_unknown", Kind::NotFound),
            Error::PersonHasOpenBills { .. } => ("person_has_open_bills", Kind::FailedPrecondition),
            Error::SheetGone => ("upload_sheet_gone", Kind::FailedPrecondition),
            Error::ReceiptNotReady { .. } => ("receipt_not_ready", Kind::FailedPrecondition),
            Error::UploadSlow { .. } => ("upload_too_slow", Kind::InvalidArgument),
            Error::Row { code, .. } => (*code, Kind::InvalidArgument),
            Error::UploadUnknown => ("upload_unknown", Kind::NotFound),
            Error::UploadHasNoErrors => ("upload_has_no_errors", Kind::FailedPrecondition),
            Error::UploadState(_) => ("upload_wrong_state", Kind::FailedPrecondition),
            Error::ConfirmationDiffers { .. } => ("confirmation_differs", Kind::FailedPrecondition),
            Error::InvoiceUnknown => ("invoice_unknown", Kind::NotFound),
            Error::InvoiceDraftUnknown => ("invoice_draft_unknown", Kind::NotFound),
            Error::InvoiceDraft(DraftRefusal::NeedsSecondPerson { .. }) => {
                ("needs_second_person", Kind::PermissionDenied)
            }
            Error::InvoiceDraft(DraftRefusal::WrongState { .. }) => {
                ("invoice_draft_wrong_state", Kind::FailedPrecondition)
            }
            Error::CreditNoteUnknown => ("credit_note_unknown", Kind::NotFound),
            Error::BillUnknown => ("bill_unknown", Kind::NotFound),
            Error::KeyReused => ("idempotency_key_reused", Kind::AlreadyExists),
            Error::CommitUnknown(_) => ("outcome_unknown", Kind::Unavailable),
            Error::DatabaseAway(_) | Error::TakenOver => ("unavailable", Kind::Unavailable),
            Error::Database(_)
            | Error::Corrupt { .. }
            | Error::Sealed { .. }
            | Error::Corrections(_)
            | Error::Press(_)
            | Error::Panicked(_) => ("internal", Kind::Internal),
        };
        (code.into(), kind)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (code, kind) = error.code();
        if kind == Kind::Internal {
            return Problem::internal(error);
        }
        let detail = error.to_string();
        match error {
            Error::Problem(problem) => problem,
            Error::Row { field, .. } => Problem::new(kind, code, detail).field(field),
            Error::FileTooLarge { .. }
            | Error::File { .. }
            | Error::UploadStream
            | Error::UploadSlow { .. } => Problem::new(kind, code, detail).field("file"),
            Error::UploadsFull
            | Error::PressFull
            | Error::TakenOver
            | Error::CommitUnknown(_)
            | Error::DatabaseAway(_) => {
                Problem::new(kind, code, detail).retry_after(RETRY_AFTER).caused_by(error)
            }
            Error::UploadUnknown
            | Error::UploadHasNoErrors
            | Error::UploadState(_)
            | Error::ConfirmationDiffers { .. }
            | Error::InvoiceUnknown
            | Error::CreditNoteUnknown
            | Error::InvoiceDraftUnknown
            | Error::InvoiceDraft(_)
            | Error::BillUnknown
            | Error::ReceiptNotReady { .. }
            | Error::PersonUnknown
            | Error::PersonHasOpenBills { .. }
            | Error::SheetGone
            | Error::KeyReused
            | Error::Database(_)
            | Error::Corrupt { .. }
            | Error::Sealed { .. }
            | Error::Corrections(_)
            | Error::Press(_)
            | Error::Panicked(_) => Problem::new(kind, code, detail).caused_by(error),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> tonic::Status {
        Problem::from(error).into()
    }
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Error {
        if matches!(error, pg::Error::CommitUnknown(_)) {
            Error::CommitUnknown(error)
        } else if error.is_unavailable() {
            Error::DatabaseAway(error)
        } else {
            Error::Database(error)
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        pg::Error::from(error).into()
    }
}

impl From<ids::Invalid> for Error {
    fn from(error: ids::Invalid) -> Error {
        Problem::from(error).into()
    }
}

impl MayRetry for Error {
    fn is_retryable(&self) -> bool {
        matches!(self, Error::Database(error) | Error::DatabaseAway(error) if error.is_retryable())
    }
}
