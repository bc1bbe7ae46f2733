use ids::{AgencyId, UploadId};
use pg::Tx;
use time::Date;

use crate::Error;

/// A part as stored.
#[derive(Debug)]
pub struct SealedPart {
    /// From 0, in the order of the file.
    pub number: i32,
    pub sealed: Vec<u8>,
}

/// Adds a part.
///
/// # Errors
/// As any write.
pub async fn insert(
    tx: &mut Tx,
    upload: UploadId,
    part: &SealedPart,
    (references, earliest_due): (&[String], Option<Date>),
) -> Result<(), Error> {
    sqlx::query!(
        r#"INSERT INTO upload_part (upload_id, number, "references", sealed, issued, earliest_due)
           VALUES ($1, $2, $3, $4, false, $5)"#,
        upload.0,
        part.number,
        references,
        part.sealed,
        earliest_due,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The earliest due date of all valid rows; none when there are none, or when an earlier release judged them.
///
/// # Errors
/// As any read.
pub async fn earliest_due(tx: &mut Tx, upload: UploadId) -> Result<Option<Date>, Error> {
    let earliest =
        sqlx::query_scalar!("SELECT min(earliest_due) FROM upload_part WHERE upload_id = $1", upload.0);
    Ok(earliest.fetch_one(tx.conn()).await?)
}

/// The first part whose number is at least `from`; none after the last.
///
/// # Errors
/// As any read.
pub async fn next(tx: &mut Tx, upload: UploadId, from: i32) -> Result<Option<SealedPart>, Error> {
    let part = sqlx::query_as!(
        SealedPart,
        "SELECT number, sealed FROM upload_part WHERE upload_id = $1 AND number >= $2 ORDER BY number LIMIT 1",
        upload.0,
        from,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(part)
}

/// The first part that is not issued.
///
/// # Errors
/// As any read.
pub async fn next_to_issue(tx: &mut Tx, upload: UploadId) -> Result<Option<SealedPart>, Error> {
    let part = sqlx::query_as!(
        SealedPart,
        "SELECT number, sealed FROM upload_part WHERE upload_id = $1 AND NOT issued ORDER BY number LIMIT 1",
        upload.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(part)
}

/// Parts with a valid row whose reference a bill of the agency has by now.
///
/// # Errors
/// As any read.
pub async fn with_used_references(
    tx: &mut Tx,
    agency: &AgencyId,
    upload: UploadId,
) -> Result<Vec<i32>, Error> {
    let parts = sqlx::query_scalar!(
        r#"SELECT number FROM upload_part
            WHERE upload_id = $1
              AND EXISTS (SELECT FROM unnest("references") AS valid (reference)
                            JOIN invoice ON invoice.agency_id = $2 AND invoice.reference = valid.reference
                                        AND invoice.state NOT IN ('cancelled', 'expired'))
            ORDER BY number"#,
        upload.0,
        agency.as_str(),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(parts)
}

/// Whether every part is issued.
///
/// # Errors
/// As any read.
pub async fn all_issued(tx: &mut Tx, upload: UploadId) -> Result<bool, Error> {
    let left = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM upload_part WHERE upload_id = $1 AND NOT issued) AS "left!""#,
        upload.0,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(!left)
}

/// Writes a part anew, after rows of it changed. The caller has locked its upload.
///
/// # Errors
/// `Conflict` when the part is gone.
pub async fn save(
    tx: &mut Tx,
    upload: UploadId,
    part: &SealedPart,
    references: &[String],
) -> Result<(), Error> {
    let done = sqlx::query!(
        r#"UPDATE upload_part SET sealed = $3, "references" = $4 WHERE upload_id = $1 AND number = $2"#,
        upload.0,
        part.number,
        part.sealed,
        references,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "upload_part")?)
}

/// Writes that the part's valid rows are invoices; what stays of it is sealed.
///
/// # Errors
/// `Conflict` when the part was issued before.
pub async fn issued(tx: &mut Tx, upload: UploadId, part: &SealedPart) -> Result<(), Error> {
    let done = sqlx::query!(
        r#"UPDATE upload_part SET sealed = $3, "references" = '{}', issued = true
            WHERE upload_id = $1 AND number = $2 AND NOT issued"#,
        upload.0,
        part.number,
        part.sealed,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "upload_part")?)
}

/// Forgets what was judged of a file, to judge it anew.
///
/// # Errors
/// As any write.
pub async fn forget(tx: &mut Tx, upload: UploadId) -> Result<(), Error> {
    sqlx::query!("DELETE FROM upload_part WHERE upload_id = $1", upload.0).execute(tx.conn()).await?;
    sqlx::query!("DELETE FROM upload_error WHERE upload_id = $1", upload.0).execute(tx.conn()).await?;
    Ok(())
}
