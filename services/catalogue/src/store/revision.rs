//! `catalogue_revision`: one number that grows with every change.
use pg::{Pg, Seat, Tx};

use crate::Error;

/// The number now, and the connection for the next look.
pub async fn now(pg: &Pg, seat: Option<Seat>) -> Result<(Seat, i64), Error> {
    Ok(pg.number(seat, "SELECT revision FROM catalogue_revision").await?)
}

/// The number in a transaction.
pub async fn read(tx: &mut Tx) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!("SELECT revision FROM catalogue_revision").fetch_one(tx.conn()).await?)
}

/// Holds the row until the transaction ends: one import after the other.
pub async fn lock(tx: &mut Tx) -> Result<(), Error> {
    sqlx::query_scalar!("SELECT revision FROM catalogue_revision FOR UPDATE").fetch_one(tx.conn()).await?;
    Ok(())
}

/// The next number.
pub async fn grow(tx: &mut Tx) -> Result<(), Error> {
    let done =
        sqlx::query!("UPDATE catalogue_revision SET revision = revision + 1").execute(tx.conn()).await?;
    Ok(pg::exactly_one(done, "catalogue_revision")?)
}
