use ids::{AgencyId, UploadId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;
use crate::domain::fee_service::LocalText;
use crate::domain::upload::{State, Upload};

/// The cells of a file, as stored.
#[derive(Debug)]
pub struct SealedSheet {
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
}

struct Row {
    upload_id: Uuid,
    agency_id: String,
    file_name: String,
    sha256: Vec<u8>,
    encoding: String,
    delimiter: String,
    row_count: i32,
    valid_count: i32,
    restored_count: i32,
    error_count: i32,
    valid_total_fils: i64,
    reference_column: i32,
    agency_name_en: String,
    agency_name_ar: String,
    state: String,
    issued_count: i32,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for Upload {
    type Error = Error;

    fn try_from(row: Row) -> Result<Upload, Error> {
        let state = [State::Checked, State::Issued].into_iter().find(|state| state.name() == row.state);
        let corrupt = || Error::Corrupt { table: "upload" };
        Ok(Upload {
            id: UploadId(row.upload_id),
            agency: AgencyId(row.agency_id),
            file_name: row.file_name,
            sha256: row.sha256.try_into().ok().ok_or_else(corrupt)?,
            encoding: row.encoding,
            delimiter: row.delimiter,
            rows: row.row_count,
            valid: row.valid_count,
            restored: row.restored_count,
            errors: row.error_count,
            valid_total: Money::fils(row.valid_total_fils),
            reference_column: row.reference_column,
            agency_name: LocalText { en: row.agency_name_en, ar: row.agency_name_ar },
            state: state.ok_or_else(corrupt)?,
            issued: row.issued_count,
            created_at: row.created_at,
        })
    }
}

/// Adds an upload. False, and nothing written, when the agency has sent the same bytes before.
///
/// # Errors
/// As any write.
pub async fn insert(tx: &mut Tx, upload: &Upload, sheet: &SealedSheet) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO upload (upload_id, agency_id, file_name, sha256, encoding, delimiter, row_count, valid_count,
                             restored_count, error_count, valid_total_fils, reference_column, agency_name_en,
                             agency_name_ar, wrapped_key, sheet_sealed, state, issued_count, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT ON CONSTRAINT upload_same_bytes_once DO NOTHING",
        upload.id.0,
        upload.agency.as_str(),
        upload.file_name,
        upload.sha256.as_slice(),
        upload.encoding,
        upload.delimiter,
        upload.rows,
        upload.valid,
        upload.restored,
        upload.errors,
        upload.valid_total.minor_units(),
        upload.reference_column,
        upload.agency_name.en,
        upload.agency_name.ar,
        sheet.wrapped_key,
        sheet.sealed,
        upload.state.name(),
        upload.issued,
        upload.created_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The agency's upload of these bytes.
///
/// # Errors
/// As any read.
pub async fn by_bytes(tx: &mut Tx, agency: &AgencyId, sha256: &[u8; 32]) -> Result<Option<Upload>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT upload_id, agency_id, file_name, sha256, encoding, delimiter, row_count, valid_count, restored_count,
                error_count, valid_total_fils, reference_column, agency_name_en, agency_name_ar, state, issued_count,
                created_at
           FROM upload WHERE agency_id = $1 AND sha256 = $2",
        agency.as_str(),
        sha256.as_slice(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Upload::try_from).transpose()
}

/// An upload of the agency.
///
/// # Errors
/// `UploadUnknown`.
pub async fn get(tx: &mut Tx, agency: &AgencyId, id: UploadId) -> Result<Upload, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT upload_id, agency_id, file_name, sha256, encoding, delimiter, row_count, valid_count, restored_count,
                error_count, valid_total_fils, reference_column, agency_name_en, agency_name_ar, state, issued_count,
                created_at
           FROM upload WHERE agency_id = $1 AND upload_id = $2",
        agency.as_str(),
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::UploadUnknown)?.try_into()
}

/// As [`get`], locked until the transaction ends.
///
/// # Errors
/// `UploadUnknown`.
pub async fn lock(tx: &mut Tx, agency: &AgencyId, id: UploadId) -> Result<Upload, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT upload_id, agency_id, file_name, sha256, encoding, delimiter, row_count, valid_count, restored_count,
                error_count, valid_total_fils, reference_column, agency_name_en, agency_name_ar, state, issued_count,
                created_at
           FROM upload WHERE agency_id = $1 AND upload_id = $2 FOR UPDATE",
        agency.as_str(),
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::UploadUnknown)?.try_into()
}

/// The sealed cells of an upload.
///
/// # Errors
/// `UploadUnknown`.
pub async fn sheet(tx: &mut Tx, agency: &AgencyId, id: UploadId) -> Result<SealedSheet, Error> {
    let row = sqlx::query!(
        "SELECT wrapped_key, sheet_sealed FROM upload WHERE agency_id = $1 AND upload_id = $2",
        agency.as_str(),
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    let row = row.ok_or(Error::UploadUnknown)?;
    Ok(SealedSheet { wrapped_key: row.wrapped_key, sealed: row.sheet_sealed })
}

/// Writes what may change of an upload: `after` over `before`.
///
/// # Errors
/// `Conflict` when the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Upload, after: &Upload) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE upload
            SET state = $5, issued_count = $6, valid_count = $7, valid_total_fils = $8, error_count = $9
          WHERE agency_id = $1 AND upload_id = $2 AND state = $3 AND valid_count = $4",
        before.agency.as_str(),
        before.id.0,
        before.state.name(),
        before.valid,
        after.state.name(),
        after.issued,
        after.valid,
        after.valid_total.minor_units(),
        after.errors,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "upload")?)
}
