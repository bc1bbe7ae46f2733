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

/// Errors of an upload behind the cell `after`, in the order of the file, `limit` at most.
///
/// # Errors
/// As any read.
pub async fn list(
    tx: &mut Tx,
    upload: UploadId,
    (row, column): (i32, i32),
    limit: i64,
) -> Result<Vec<UploadError>, Error> {
    let rows = sqlx::query!(
        "SELECT row_number, column_number, code, details FROM upload_error
          WHERE upload_id = $1 AND (row_number, column_number) > ($2, $3)
          ORDER BY row_number, column_number LIMIT $4",
        upload.0,
        row,
        column,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|row| error(row.row_number, row.column_number, row.code, row.details)).collect()
}

/// All errors of the rows `from` to `to`, in the order of the file.
///
/// # Errors
/// As any read.
pub async fn of_rows(
    tx: &mut Tx,
    upload: UploadId,
    (from, to): (i32, i32),
) -> Result<Vec<UploadError>, Error> {
    let rows = sqlx::query!(
        "SELECT row_number, column_number, code, details FROM upload_error
          WHERE upload_id = $1 AND row_number BETWEEN $2 AND $3
          ORDER BY row_number, column_number",
        upload.0,
        from,
        to,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|row| error(row.row_number, row.column_number, row.code, row.details)).collect()
}

fn error(row: i32, column: i32, code: String, details: serde_json::Value) -> Result<UploadError, Error> {
    let details = serde_json::from_value(details).ok().ok_or(Error::Corrupt { table: "upload_error" })?;
    Ok(UploadError { row, column, code, details })
}
