//! A connection whose statements always end.

use std::time::Duration;

use futures::{future::BoxFuture, stream::BoxStream};
use sqlx::{
    Describe, Either, Error, Execute, Executor, PgConnection, Postgres, SqlStr,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use crate::error::timed_out;

/// Postgres ends a statement that takes too long, but a server that vanished ends nothing, and TCP would wait for a quarter
/// of an hour. So each answer, and each row after the other, has its time here too.
#[derive(Debug)]
pub struct Conn<'c> {
    conn: &'c mut PgConnection,
    patience: Duration,
}

impl<'c> Conn<'c> {
    pub(crate) fn new(conn: &'c mut PgConnection, patience: Duration) -> Conn<'c> {
        Conn { conn, patience }
    }
}

fn never_came() -> Error {
    timed_out("no answer of Postgres in time")
}

impl<'c> Executor<'c> for Conn<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answers = self.conn.fetch_many(query).timeout(self.patience);
        Box::pin(answers.map(|answer| answer.unwrap_or_else(|_elapsed| Err(never_came()))))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answer = timeout(self.patience, self.conn.fetch_optional(query));
        Box::pin(async move { answer.await.unwrap_or_else(|_elapsed| Err(never_came())) })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        let answer = timeout(self.patience, self.conn.prepare_with(sql, parameters));
        Box::pin(async move { answer.await.unwrap_or_else(|_elapsed| Err(never_came())) })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        let answer = timeout(self.patience, self.conn.describe(sql));
        Box::pin(async move { answer.await.unwrap_or_else(|_elapsed| Err(never_came())) })
    }
}
