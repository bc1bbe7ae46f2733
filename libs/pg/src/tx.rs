//! The unit of work.
//!
//! | call | round trips |
//! |---|---|
//! | `begin`, `read` | 1 (BEGIN with this transaction's time limits; it is also the test that the connection lives) |
//! | `commit` | 1 |
//! | `Pg::number` | 1, of all: nothing in the background |
//! | after one that was dropped, in the background | 2 (nothing left open, ping) |

use std::{sync::Arc, time::Duration};

use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use tokio::time::timeout;

use crate::{
    Conn, Error,
    error::{at_commit, timed_out},
    seats::Held,
};

/// An answer to COMMIT or ROLLBACK that takes longer than this never comes: the network swallowed it.
const PATIENCE: Duration = Duration::from_secs(20);
/// BEGIN touches no disk and waits for nobody.
const PATIENCE_AT_BEGIN: Duration = Duration::from_secs(3);
/// Postgres ends a statement itself at its limit, and then has so long to say so.
const PATIENCE_AFTER_LIMIT: Duration = Duration::from_secs(3);

/// An open transaction. Dropped without [`Tx::commit`], it is rolled back before its connection is used again.
///
/// Do not open savepoints with sqlx's `begin` on [`Tx::conn`]: sqlx would take their end for the end of the whole.
#[must_use = "a transaction that is not committed is rolled back"]
#[derive(Debug)]
pub struct Tx {
    held: Held,
    /// A statement that is not answered by then never will be.
    patience: Duration,
}

/// How a transaction begins.
#[derive(Clone, Debug)]
pub(crate) struct Begin {
    /// BEGIN, with the limits of this transaction.
    pub sql: Arc<str>,
    /// The server's limit for one statement in it.
    pub statement_timeout: Duration,
}

impl Tx {
    /// Sends `begin`. This future must not be dropped before it ends, so [`crate::Pg::begin`] gives it its own task.
    pub(crate) async fn open(mut held: Held, begin: Begin) -> Result<Tx, sqlx::Error> {
        let Begin { sql, statement_timeout } = begin;
        match said_within(PATIENCE_AT_BEGIN, held.conn(), AssertSqlSafe(sql)).await {
            Ok(()) => Ok(Tx { held, patience: statement_timeout.saturating_add(PATIENCE_AFTER_LIMIT) }),
            Err(error) => {
                held.close();
                Err(error)
            }
        }
    }

    /// The connection, for one statement after the other. One that the network swallows ends with an error too.
    pub fn conn(&mut self) -> Conn<'_> {
        Conn::new(self.held.conn(), self.patience)
    }

    /// Keeps everything this transaction wrote.
    ///
    /// # Errors
    /// [`Error::CommitUnknown`] when Postgres did not answer. Any other error: it was rolled back.
    pub async fn commit(self) -> Result<(), Error> {
        self.commit_and_keep().await.map(|Seat(held)| held.keep())
    }

    /// Gives everything up, and waits until Postgres has (dropping does the same a moment later).
    ///
    /// # Errors
    /// The connection broke, which rolls back as well.
    pub async fn rollback(mut self) -> Result<(), Error> {
        match said(self.held.conn(), "ROLLBACK").await {
            Ok(()) => {
                self.held.keep();
                Ok(())
            }
            Err(source) => {
                self.held.close();
                Err(source.into())
            }
        }
    }
}

/// A connection that one task keeps from transaction to transaction: it never waits for one while others have them all.
#[derive(Debug)]
pub struct Seat(pub(crate) Held);

impl Seat {
    /// The one number that statements select which begin and end a transaction. Dropped halfway, or after an error, its connection
    /// goes back to the pool, which rolls back.
    pub(crate) async fn number(mut self, sql: &str) -> Result<(Seat, i64), sqlx::Error> {
        let asked = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(self.0.conn());
        let rows = timeout(PATIENCE, asked)
            .await
            .map_err(|_elapsed| timed_out("no answer of Postgres in time"))??;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok((self, row.try_get(0)?))
    }
}

impl Tx {
    /// As [`Tx::commit`], and keeps the connection for this task's next transaction: see [`crate::Pg::begin_at`].
    ///
    /// # Errors
    /// As [`Tx::commit`]; the connection goes back to the pool.
    pub async fn commit_and_keep(mut self) -> Result<Seat, Error> {
        // COMMIT of a transaction in which a statement failed rolls back and reports no error. The SELECT before it, in
        // the same message, fails then: a swallowed error cannot pass for a commit.
        match said(self.held.conn(), "SELECT 1; COMMIT").await {
            Ok(()) => Ok(Seat(self.held)),
            Err(source) => {
                let error = at_commit(source);
                if matches!(error, Error::CommitUnknown(_)) {
                    self.held.close();
                }
                Err(error)
            }
        }
    }
}

/// Sends control statements by the simple protocol: one message, one answer.
async fn said(conn: &mut PgConnection, sql: impl sqlx::SqlSafeStr) -> Result<(), sqlx::Error> {
    said_within(PATIENCE, conn, sql).await
}

async fn said_within(
    patience: Duration,
    conn: &mut PgConnection,
    sql: impl sqlx::SqlSafeStr,
) -> Result<(), sqlx::Error> {
    match timeout(patience, sqlx::raw_sql(sql).execute(conn)).await {
        Ok(answer) => answer.map(|_nothing| ()),
        Err(_elapsed) => Err(timed_out("no answer of Postgres in time")),
    }
}

/// Runs when a connection comes back to the pool, whatever happened to it: rolls back what is still open. An error or a
/// time-out closes the connection instead.
pub(crate) async fn leave_nothing_open(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // Outside a transaction both are the time of this message; an open one began earlier; a failed one answers an error.
    let asked = sqlx::raw_sql("SELECT transaction_timestamp() = statement_timestamp()").fetch_one(&mut *conn);
    let nothing_open = match timeout(PATIENCE, asked).await {
        Ok(Ok(row)) => row.try_get::<bool, _>(0)?,
        Ok(Err(error)) if error.as_database_error().is_some() => false,
        Ok(Err(error)) => return Err(error),
        Err(_elapsed) => return Err(timed_out("a statement still runs on a returned connection")),
    };
    if !nothing_open {
        said(conn, "ROLLBACK").await?;
    }
    Ok(true)
}
