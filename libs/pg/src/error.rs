//! What went wrong in Postgres, told apart by what the caller may do about it.

use sqlx::postgres::{PgDatabaseError, PgQueryResult, PgSeverity};

/// What went wrong in Postgres.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The row is no longer the one that was read: nothing was written.
    #[error("a row of {table} was changed by somebody else; read it again")]
    Conflict { table: &'static str },
    /// The write would break the named constraint: nothing was written.
    #[error("the write breaks the constraint {name}")]
    Constraint { name: String },
    /// COMMIT was sent and Postgres did not say whether it kept it. Neither success nor failure: read it back.
    #[error("Postgres did not say whether it kept the commit; read it back before acting")]
    CommitUnknown(#[source] sqlx::Error),
    /// Serialisation failure or deadlock: rolled back; the whole transaction may be tried again.
    #[error("the transaction met another one and was rolled back; try it again from its start")]
    Retryable(#[source] sqlx::Error),
    /// A row is held by a transaction that does not end: it was not waited for any longer, and nothing was written.
    #[error("a row is held by another transaction for too long; try again")]
    Held(#[source] sqlx::Error),
    /// Anything else; not committed.
    #[error("Postgres refused or did not answer; nothing was committed")]
    Database(#[source] sqlx::Error),
}

impl Error {
    /// Whether Postgres is away or full, so that the same call may work soon (503 rather than 500).
    pub fn is_unavailable(&self) -> bool {
        match self {
            Error::Conflict { .. } | Error::Constraint { .. } => false,
            Error::CommitUnknown(_) | Error::Retryable(_) | Error::Held(_) => true,
            Error::Database(source) => connection_lost(source) || no_room(source),
        }
    }

    /// The name of the broken constraint, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        if let Error::Constraint { name } = self { Some(name) } else { None }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Error {
        if let Some(answer) = source.as_database_error() {
            let code = answer.code().unwrap_or_default();
            if matches!(code.as_ref(), "40001" | "40P01") {
                return Error::Retryable(source);
            }
            if code == "55P03" {
                return Error::Held(source);
            }
            if let Some(name) = answer.constraint().filter(|_| code.starts_with("23")) {
                return Error::Constraint { name: name.to_owned() };
            }
        }
        Error::Database(source)
    }
}

/// The guard of an UPDATE: its `WHERE` repeats what was read, so no row means that somebody was faster.
///
/// # Errors
/// [`Error::Conflict`] unless exactly one row was written.
#[expect(clippy::needless_pass_by_value, reason = "takes what `execute` returns, and nobody needs it after")]
pub fn exactly_one(done: PgQueryResult, table: &'static str) -> Result<(), Error> {
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict { table }) }
}

/// Reads an error that COMMIT ended with. Only an answer of Postgres that says "rolled back" is a failure.
pub(crate) fn at_commit(source: sqlx::Error) -> Error {
    if rolled_back_for_sure(&source) { Error::from(source) } else { Error::CommitUnknown(source) }
}

fn rolled_back_for_sure(source: &sqlx::Error) -> bool {
    let Some(answer) = source.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>())
    else {
        return false; // a broken connection, a time-out
    };
    let code = answer.code();
    // FATAL and PANIC end the session, perhaps after the commit was written (57P01 while it waits for a standby).
    let session_lives = matches!(answer.severity(), PgSeverity::Error);
    let says_unknown =
        code == "40003" || ["08", "57P", "58", "XX"].iter().any(|class| code.starts_with(class));
    session_lives && !says_unknown
}

/// The connection is gone, or the server is going.
pub(crate) fn connection_lost(source: &sqlx::Error) -> bool {
    let by_server = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(
        source,
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed
    ) || by_server.is_some_and(|code| {
        // 25P03: the server gave up a transaction that waited for us, and the connection with it.
        code.starts_with("57P") || code.starts_with("08") || code == "25P03"
    })
}

fn no_room(source: &sqlx::Error) -> bool {
    let by_server = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(source, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
        || by_server.is_some_and(|code| code.starts_with("53"))
}

/// A time-out of ours, in the shape of sqlx's errors.
pub(crate) fn timed_out(what: &'static str) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_at_commit_is_unknown_and_not_a_failure() {
        let broken = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(matches!(at_commit(broken), Error::CommitUnknown(_)));
        assert!(matches!(at_commit(timed_out("COMMIT")), Error::CommitUnknown(_)));
    }

    #[test]
    fn away_and_full_are_told_from_wrong() {
        assert!(Error::from(sqlx::Error::PoolTimedOut).is_unavailable());
        assert!(Error::from(timed_out("BEGIN")).is_unavailable());
        assert!(!Error::from(sqlx::Error::RowNotFound).is_unavailable());
        assert!(!Error::Conflict { table: "refund" }.is_unavailable());
    }
}
