//! Why a call is refused or broken.

use boot::{Code as PublicCode, Problem};
use tonic::Code as Kind;

use crate::domain::webhook_url;

/// Why a call, an event or a sending did not do what it should. Nothing here quotes an address of a person.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call itself is wrong.
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error("this is not an e-mail address we can send to; write it like name@example.com")]
    EmailInvalid,
    #[error(transparent)]
    UrlInvalid(#[from] webhook_url::Invalid),
    #[error("the name in this address is not known; check its spelling, or publish it in DNS first")]
    UrlUnknown(#[source] std::io::Error),
    #[error("this address is not on the public internet; give one that is")]
    UrlNotPublic,
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
    #[error("sealed data of {table} does not open; is the master key the right one?")]
    Sealed { table: &'static str, source: boot::seal::Error },
    /// An event that cannot be what its subject says.
    #[error("the event cannot be read: {what}")]
    Event { what: &'static str, source: Option<boot::BoxError> },
    #[error("the mail cannot be written")]
    Mail(#[source] boot::BoxError),
    #[error(transparent)]
    Panicked(#[from] boot::Panicked),
}

impl Error {
    /// Public code, kind and field: the one map of this service.
    fn code(&self) -> (PublicCode, Kind, Option<&'static str>) {
        let (code, kind, field) = match self {
            Error::Problem(problem) => return (problem.code.clone(), problem.kind, None),
            Error::EmailInvalid => ("email_invalid", Kind::InvalidArgument, Some("email")),
            Error::UrlInvalid(_) | Error::UrlUnknown(_) => {
                ("url_invalid", Kind::InvalidArgument, Some("url"))
            }
            Error::UrlNotPublic => ("url_not_public", Kind::InvalidArgument, Some("url")),
            Error::KeyReused => ("idempotency_key_reused", Kind::AlreadyExists, None),
            Error::CommitUnknown(_) => ("outcome_unknown", Kind::Unavailable, None),
            Error::DatabaseAway(_) => ("unavailable", Kind::Unavailable, None),
            Error::Database(_)
            | Error::Corrupt { .. }
            | Error::Sealed { .. }
            | Error::Event { .. }
            | Error::Mail(_)
            | Error::Panicked(_) => ("internal", Kind::Internal, None),
        };
        (code.into(), kind, field)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (code, kind, field) = error.code();
        if let Error::Problem(problem) = error {
            return problem;
        }
        if kind == Kind::Internal {
            return Problem::internal(error);
        }
        let mut problem = Problem::new(kind, code, error.to_string());
        problem.field = field.map(str::to_owned);
        problem.caused_by(error)
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
            return Error::CommitUnknown(error);
        }
        if error.is_unavailable() { Error::DatabaseAway(error) } else { Error::Database(error) }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        pg::Error::from(error).into()
    }
}
