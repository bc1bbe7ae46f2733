//! Everything that can go wrong, and what the caller hears.
use boot::{Panicked, Problem};
use tonic::Code as C;
use uuid::Uuid;

use crate::domain::scope::UnknownScope;

/// Everything that can go wrong here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("This key is not known, or not valid any more.")]
    UnknownKey,
    #[error("{0}")]
    UnknownScope(UnknownScope),
    #[error("A client's name has 1 to 100 characters.")]
    NameLength,
    #[error("A key is valid for 1 to 730 days; 0 asks for 365.")]
    ValidDays,
    #[error("the row {id} of {table} cannot be read")]
    Corrupt { table: &'static str, id: Uuid },
    #[error("Postgres")]
    Database(#[source] pg::Error),
    #[error("the work panicked")]
    Panicked(#[source] Panicked),
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Error {
        Error::Database(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        Error::Database(error.into())
    }
}

impl From<Panicked> for Error {
    fn from(panicked: Panicked) -> Error {
        Error::Panicked(panicked)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (code, kind, field) = match &error {
            Error::UnknownKey => ("api_key_unknown", C::Unauthenticated, None),
            Error::UnknownScope(_) => ("scope_unknown", C::InvalidArgument, Some("scopes")),
            Error::NameLength => ("field_invalid", C::InvalidArgument, Some("name")),
            Error::ValidDays => ("field_invalid", C::InvalidArgument, Some("valid_days")),
            Error::Database(cause) if cause.is_unavailable() => {
                let problem =
                    Problem::new(C::Unavailable, "unavailable", "The database does not answer; ask again.");
                return problem.caused_by(error);
            }
            Error::Corrupt { .. } | Error::Database(_) | Error::Panicked(_) => {
                return Problem::internal(error);
            }
        };
        let problem = Problem::new(kind, code, error.to_string());
        match field {
            Some(field) => problem.field(field),
            None => problem,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> tonic::Status {
        Problem::from(error).into()
    }
}
