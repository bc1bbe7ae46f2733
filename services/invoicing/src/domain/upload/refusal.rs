//! Why a file is refused as a whole.

/// Why nothing of a file is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Neither CSV nor XLSX.
    #[error("the file looks like {looks_like}")]
    TypeUnknown {
        /// What its first bytes say it is.
        looks_like: &'static str,
    },
    /// Its bytes are no text we can read for sure.
    #[error("the encoding of the file is not clear: {why}")]
    EncodingUnknown {
        /// What speaks against it.
        why: &'static str,
    },
    /// An archive made to fill memory, or damaged.
    #[error("the archive is suspicious: {why}")]
    ArchiveSuspicious {
        /// Which guard it hit.
        why: &'static str,
    },
    /// The first row lacks columns we cannot do without, or has one twice.
    #[error("the header lacks {missing:?}, repeats {repeated:?}")]
    HeaderMissing {
        /// Columns that are not there.
        missing: Vec<&'static str>,
        /// Columns that stand there twice.
        repeated: Vec<&'static str>,
    },
    /// More rows than [`super::MAX_ROWS`].
    #[error("the file has too many rows")]
    TooManyRows,
}

impl Refusal {
    /// The public code.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Empty => "file_empty",
            Refusal::TypeUnknown { .. } => "file_type_unknown",
            Refusal::EncodingUnknown { .. } => "encoding_unknown",
            Refusal::ArchiveSuspicious { .. } => "archive_suspicious",
            Refusal::HeaderMissing { .. } => "header_missing",
            Refusal::TooManyRows => "too_many_rows",
        }
    }
}
