//! Everything that can go wrong, and what the caller hears.

use std::time::Duration;

use boot::{Panicked, Problem};
use tonic::Code as C;

/// Everything that can go wrong here. What goes wrong at a provider is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("There is no provider `{0}`; use benefit-pay.")]
    ProviderUnknown(String),
    #[error("The provider takes {least} to {most} fils at once.")]
    AmountOutsideLimits { least: i64, most: i64 },
    #[error("The provider {0} cannot hold money; collect it at once.")]
    AuthoriseNotSupported(&'static str),
    #[error("Too many calls to this provider at once; come back shortly.")]
    ProviderBusy,
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
            Error::ProviderUnknown(_) => ("provider_unknown", C::InvalidArgument, "provider"),
            Error::AmountOutsideLimits { .. } => ("amount_outside_limits", C::InvalidArgument, "amount"),
            Error::AuthoriseNotSupported(_) => {
                return Problem::new(C::FailedPrecondition, "authorise_not_supported", error.to_string());
            }
            Error::ProviderBusy => {
                let problem = Problem::new(C::ResourceExhausted, "provider_busy", error.to_string());
                return problem.retry_after(Duration::from_secs(1));
            }
            Error::Database(cause) if cause.is_unavailable() => {
                let detail =
                    "The evidence cannot be kept now, so nothing was changed at the provider; ask again.";
                return Problem::new(C::Unavailable, "unavailable", detail).caused_by(error);
            }
            Error::Database(_) | Error::Panicked(_) => return Problem::internal(error),
        };
        Problem::new(kind, code, error.to_string()).field(field)
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> tonic::Status {
        Problem::from(error).into()
    }
}
