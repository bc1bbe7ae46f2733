//! `writer_fence`: the largest number that each writer has written with.
use pg::Tx;

use crate::Error;
use crate::app::Fence;

/// Takes the number; `FenceStale`, and nothing written, if its writer has written with a larger one.
pub async fn pass(tx: &mut Tx, fence: &Fence) -> Result<(), Error> {
    let passed = sqlx::query_scalar!(
        "INSERT INTO writer_fence AS known (writer, fence) VALUES ($1, $2)
             ON CONFLICT (writer) DO UPDATE SET fence = excluded.fence WHERE known.fence <= excluded.fence
         RETURNING fence",
        fence.writer,
        fence.number,
    )
    .fetch_optional(tx.conn())
    .await?;
    if passed.is_some() {
        return Ok(());
    }
    let seen = sqlx::query_scalar!("SELECT fence FROM writer_fence WHERE writer = $1", fence.writer)
        .fetch_one(tx.conn())
        .await?;
    Err(Error::FenceStale { writer: fence.writer.clone(), seen })
}
