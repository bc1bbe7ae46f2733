use std::collections::BTreeMap;

use ids::UploadId;
use pg::Tx;

use crate::Error;

/// A cell at fault, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadError {
    /// As the clerk's spreadsheet numbers it.
    pub row: i32,
    /// From 1.
    pub column: i32,
    pub code: String,
    /// What the sentence names.
    pub details: BTreeMap<String, String>,
}

/// Adds the errors of an upload.
///
/// # Errors
/// As any write.
pub async fn insert(tx: &mut Tx, upload: UploadId, errors: &[UploadError]) -> Result<(), Error> {
    let rows: Vec<i32> = errors.iter().map(|error| error.row).collect();
    let columns: Vec<i32> = errors.iter().map(|error| error.column).collect();
    let codes: Vec<String> = errors.iter().map(|error| error.code.clone()).collect();
    let details: Vec<serde_json::Value> =
        errors.iter().map(|error| serde_json::json!(error.details)).collect();
    sqlx::query!(
        "INSERT INTO upload_error (upload_id, row_number, column_number, code, details)
         SELECT $1, row_number, column_number, code, details
           FROM UNNEST($2::int[], $3::int[], $4::text[], $5::jsonb[])
             AS new (row_number, column_number, code, details)",
        upload.0,
        &rows,
        &columns,
        &codes,
        &details,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// All errors of an upload, in the order of the file.
///
/// # Errors
/// As any read.
pub async fn list(tx: &mut Tx, upload: UploadId) -> Result<Vec<UploadError>, Error> {
    let rows = sqlx::query!(
        "SELECT row_number, column_number, code, details FROM upload_error
          WHERE upload_id = $1 ORDER BY row_number, column_number",
        upload.0,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let details = serde_json::from_value(row.details).ok();
            let details = details.ok_or(Error::Corrupt { table: "upload_error" })?;
            Ok(UploadError { row: row.row_number, column: row.column_number, code: row.code, details })
        })
        .collect()
}
