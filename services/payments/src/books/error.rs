//! Why a command about the books did not do what was asked.

use std::path::Path;

use boot::StartError;

use super::unreadable;

/// Why a command about the books did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The database cannot be read.
    #[error(transparent)]
    Unreadable(#[from] StartError),
    /// It cannot be done; the text says what, where, and what to do.
    #[error("{0}")]
    Refused(String),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
}

impl BooksError {
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> BooksError {
        let path = path.display().to_string();
        move |source| BooksError::File { path, source }
    }
}

impl From<crate::Error> for BooksError {
    fn from(error: crate::Error) -> BooksError {
        BooksError::Unreadable(unreadable(error))
    }
}

impl From<sqlx::Error> for BooksError {
    fn from(error: sqlx::Error) -> BooksError {
        crate::Error::from(error).into()
    }
}

pub(super) fn refused<T>(why: impl Into<String>) -> Result<T, BooksError> {
    Err(BooksError::Refused(why.into()))
}
