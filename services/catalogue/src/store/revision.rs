//! `catalogue_revision`: one number that grows with every change.
use pg::Tx;

use crate::Error;

/// The number now.
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
