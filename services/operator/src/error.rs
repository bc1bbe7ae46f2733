//! Everything that can go wrong with one object.
use boot::Problem;
use tonic::{Code as C, Status};

/// Why an object is not settled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform says no, in its own words: it will say so again until the object or the platform has changed.
    #[error("{0}")]
    Refused(Problem),
    /// It did not say, or not to us now: ask again.
    #[error("the catalogue does not answer: {0}")]
    Away(Problem),
    /// Another one leads: nothing was sent.
    #[error("the lease has run out")]
    NotLeading,
    #[error("Kubernetes")]
    Kubernetes(#[from] kube::Error),
}

impl Error {
    /// The refusal's code, if it is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Error::Refused(problem) => Some(problem.code.as_str()),
            Error::Away(_) | Error::NotLeading | Error::Kubernetes(_) => None,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem.kind {
            C::InvalidArgument
            | C::NotFound
            | C::AlreadyExists
            | C::PermissionDenied
            | C::FailedPrecondition
            | C::OutOfRange
            | C::Unimplemented
            | C::Unauthenticated => Error::Refused(problem),
            C::Ok
            | C::Cancelled
            | C::Unknown
            | C::DeadlineExceeded
            | C::ResourceExhausted
            | C::Aborted
            | C::Internal
            | C::Unavailable
            | C::DataLoss => Error::Away(problem),
        }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Error {
        Problem::from_status(&status).into()
    }
}
