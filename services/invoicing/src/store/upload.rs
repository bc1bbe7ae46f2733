use ids::{AgencyId, UploadId};
use money::Money;
use pg::Tx;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::Error;
use crate::domain::fee_service::{LocalText, Seller};
use crate::domain::upload::{State, Upload};

struct Row {
    upload_id: Uuid,
    agency_id: String,
    file_name: String,
    sha256: Vec<u8>,
    encoding: String,
    delimiter: String,
    headers: Vec<String>,
    row_count: i32,
    judged_count: i32,
    valid_count: i32,
    restored_count: i32,
    error_count: i32,
    valid_total_fils: i64,
    reference_column: i32,
    agency_name_en: String,
    agency_name_ar: String,
    agency_vat_account: Option<String>,
    state: String,
    issued_count: i32,
    issue_on: Option<Date>,
    withdrawn_count: i32,
    created_at: OffsetDateTime,
}

/// Rows of a statement, whose columns stand between its beginning and its end.
macro_rules! uploads {
    ($begins:tt, $ends:tt, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            $begins + "upload_id, agency_id, file_name, sha256, encoding, delimiter, headers, row_count, judged_count, valid_count,
                       restored_count, error_count, valid_total_fils, reference_column, agency_name_en, agency_name_ar,
                       agency_vat_account, state, issued_count, issue_on, withdrawn_count, created_at" + $ends,
            $($value),+
        )
    };
}

impl TryFrom<Row> for Upload {
    type Error = Error;

    fn try_from(row: Row) -> Result<Upload, Error> {
        let state = State::ALL.into_iter().find(|state| state.name() == row.state);
        let corrupt = || Error::Corrupt { table: "upload" };
        Ok(Upload {
            id: UploadId(row.upload_id),
            agency: AgencyId(row.agency_id),
            file_name: row.file_name,
            sha256: row.sha256.try_into().ok().ok_or_else(corrupt)?,
            encoding: row.encoding,
            delimiter: row.delimiter,
            headers: row.headers,
            rows: row.row_count,
            judged: row.judged_count,
            valid: row.valid_count,
            restored: row.restored_count,
            errors: row.error_count,
            valid_total: Money::fils(row.valid_total_fils),
            reference_column: row.reference_column,
            seller: Seller {
                name: LocalText { en: row.agency_name_en, ar: row.agency_name_ar },
                vat_account: row.agency_vat_account,
            },
            state: state.ok_or_else(corrupt)?,
            issue_on: row.issue_on,
            issued: row.issued_count,
            withdrawn: row.withdrawn_count,
            created_at: row.created_at,
        })
    }
}

/// Adds an upload. False, and nothing written, when the agency has sent the same bytes before.
///
/// # Errors
/// As any write.
pub async fn insert(tx: &mut Tx, upload: &Upload, wrapped_key: &[u8]) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO upload (upload_id, agency_id, file_name, sha256, encoding, delimiter, headers, row_count,
                             judged_count, valid_count, restored_count, error_count, valid_total_fils,
                             reference_column, agency_name_en, agency_name_ar, wrapped_key, state, issued_count,
                             created_at, agency_vat_account)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
         ON CONFLICT (agency_id, sha256) WHERE state <> 'withdrawn' DO NOTHING",
        upload.id.0,
        upload.agency.as_str(),
        upload.file_name,
        upload.sha256.as_slice(),
        upload.encoding,
        upload.delimiter,
        &upload.headers,
        upload.rows,
        upload.judged,
        upload.valid,
        upload.restored,
        upload.errors,
        upload.valid_total.minor_units(),
        upload.reference_column,
        upload.seller.name.en,
        upload.seller.name.ar,
        wrapped_key,
        upload.state.name(),
        upload.issued,
        upload.created_at,
        upload.seller.vat_account,
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
    let row = uploads!(
        "SELECT ",
        " FROM upload WHERE agency_id = $1 AND sha256 = $2 AND state <> 'withdrawn'",
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
    let row =
        uploads!("SELECT ", " FROM upload WHERE agency_id = $1 AND upload_id = $2", agency.as_str(), id.0,)
            .fetch_optional(tx.conn())
            .await?;
    row.ok_or(Error::UploadUnknown)?.try_into()
}

/// As [`get`], locked until the transaction ends.
///
/// # Errors
/// `UploadUnknown`.
pub async fn lock(tx: &mut Tx, agency: &AgencyId, id: UploadId) -> Result<Upload, Error> {
    let row = uploads!(
        "SELECT ",
        " FROM upload WHERE agency_id = $1 AND upload_id = $2 FOR UPDATE",
        agency.as_str(),
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::UploadUnknown)?.try_into()
}

/// The wrapped key of an upload's cells; empty when they were destroyed.
///
/// # Errors
/// `UploadUnknown`.
pub async fn key(tx: &mut Tx, id: UploadId) -> Result<Vec<u8>, Error> {
    let key = sqlx::query_scalar!("SELECT wrapped_key FROM upload WHERE upload_id = $1", id.0)
        .fetch_optional(tx.conn())
        .await?;
    key.ok_or(Error::UploadUnknown)
}

/// Writes what may change of an upload: `after` over `before`.
///
/// # Errors
/// `Conflict` when the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Upload, after: &Upload) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE upload
            SET state = $6, issued_count = $7, valid_count = $8, valid_total_fils = $9, error_count = $10,
                judged_count = $11, restored_count = $12, issue_on = $13, withdrawn_count = $14
          WHERE upload_id = $1 AND state = $2 AND valid_count = $3 AND judged_count = $4 AND issued_count = $5",
        before.id.0,
        before.state.name(),
        before.valid,
        before.judged,
        before.issued,
        after.state.name(),
        after.issued,
        after.valid,
        after.valid_total.minor_units(),
        after.errors,
        after.judged,
        after.restored,
        after.issue_on,
        after.withdrawn,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "upload")?)
}

/// One process's right to work on an upload, until it is renewed or runs out.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    pub worker: Uuid,
    pub now: OffsetDateTime,
    pub until: OffsetDateTime,
}

/// The upload, locked, for a worker who may go on; none when another one works on it, or nothing is left to do.
///
/// # Errors
/// As any write.
pub async fn lease(tx: &mut Tx, id: UploadId, lease: Lease) -> Result<Option<Upload>, Error> {
    let row = uploads!(
        "UPDATE upload SET worker = $2, worker_until = $4
          WHERE upload_id = $1 AND state IN ('checking', 'issuing', 'withdrawing')
            AND (worker IS NULL OR worker = $2 OR worker_until < $3)
         RETURNING ",
        "",
        id.0,
        lease.worker,
        lease.now,
        lease.until,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Upload::try_from).transpose()
}

/// Somebody else may go on at once.
///
/// # Errors
/// As any write.
pub async fn let_go(tx: &mut Tx, id: UploadId, worker: Uuid) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE upload SET worker = NULL, worker_until = NULL WHERE upload_id = $1 AND worker = $2",
        id.0,
        worker,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Uploads that are at work and whose worker is gone, oldest first.
///
/// # Errors
/// As any read.
pub async fn abandoned(tx: &mut Tx, now: OffsetDateTime) -> Result<Vec<UploadId>, Error> {
    let found = sqlx::query_scalar!(
        "SELECT upload_id FROM upload
          WHERE state IN ('checking', 'issuing', 'withdrawing') AND (worker IS NULL OR worker_until < $1) ORDER BY created_at",
        now,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(UploadId).collect())
}

/// Confirmed uploads whose day has come, oldest first.
///
/// # Errors
/// As any read.
pub async fn scheduled(tx: &mut Tx, today: Date) -> Result<Vec<(AgencyId, UploadId)>, Error> {
    let found = sqlx::query!(
        "SELECT agency_id, upload_id FROM upload WHERE state = 'scheduled' AND issue_on <= $1 ORDER BY created_at",
        today,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(|row| (AgencyId(row.agency_id), UploadId(row.upload_id))).collect())
}

/// Who takes an upload back, and why.
///
/// # Errors
/// As any write.
pub async fn withdrawn_by(tx: &mut Tx, id: UploadId, (actor, reason): (&str, &str)) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE upload SET withdrawn_by = $2, withdrawn_why = $3 WHERE upload_id = $1",
        id.0,
        actor,
        reason,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The same, read.
///
/// # Errors
/// `UploadUnknown`.
pub async fn who_withdrew(tx: &mut Tx, id: UploadId) -> Result<(String, String), Error> {
    let row = sqlx::query!("SELECT withdrawn_by, withdrawn_why FROM upload WHERE upload_id = $1", id.0)
        .fetch_optional(tx.conn())
        .await?
        .ok_or(Error::UploadUnknown)?;
    Ok((row.withdrawn_by, row.withdrawn_why))
}

/// Destroys the key of an upload's cells.
///
/// # Errors
/// As any write.
pub async fn destroy_key(tx: &mut Tx, id: UploadId) -> Result<(), Error> {
    sqlx::query!("UPDATE upload SET wrapped_key = '' WHERE upload_id = $1", id.0).execute(tx.conn()).await?;
    Ok(())
}
