use ids::UploadId;
use pg::Tx;
use time::OffsetDateTime;

use crate::Error;

/// Adds the next piece of a file.
///
/// # Errors
/// As any write.
pub async fn insert(
    tx: &mut Tx,
    upload: UploadId,
    (number, sealed): (i32, &[u8]),
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO upload_piece (upload_id, number, sealed, received_at) VALUES ($1, $2, $3, $4)",
        upload.0,
        number,
        sealed,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A piece of a file, from 0; none after the last.
///
/// # Errors
/// As any read.
pub async fn get(tx: &mut Tx, upload: UploadId, number: i32) -> Result<Option<Vec<u8>>, Error> {
    let sealed = sqlx::query_scalar!(
        "SELECT sealed FROM upload_piece WHERE upload_id = $1 AND number = $2",
        upload.0,
        number,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(sealed)
}

/// Destroys the pieces of a file.
///
/// # Errors
/// As any write.
pub async fn forget(tx: &mut Tx, upload: UploadId) -> Result<(), Error> {
    sqlx::query!("DELETE FROM upload_piece WHERE upload_id = $1", upload.0).execute(tx.conn()).await?;
    Ok(())
}

/// Destroys pieces that came before `before` and belong to no upload: their sender broke off. How many.
///
/// # Errors
/// As any write.
pub async fn forget_strays(tx: &mut Tx, before: OffsetDateTime) -> Result<u64, Error> {
    let done = sqlx::query!(
        "DELETE FROM upload_piece WHERE received_at < $1
            AND NOT EXISTS (SELECT FROM upload WHERE upload.upload_id = upload_piece.upload_id)",
        before,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
