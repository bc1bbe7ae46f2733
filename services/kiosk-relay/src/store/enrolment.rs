//! The table `enrolment_code`.

use ids::DeviceId;
use pg::Tx;
use time::OffsetDateTime;

use crate::{Error, domain::device::PublicKey};

/// A code that was given out. Only its hash is known.
#[derive(Clone, Debug)]
pub struct Code {
    pub device_id: DeviceId,
    pub expires_at: OffsetDateTime,
    /// The key it was used for, and the certificate that key got.
    pub used_for: Option<(Vec<u8>, String)>,
}

/// Keeps the device's new code; the one before is worth nothing from here on.
pub async fn replace(
    tx: &mut Tx,
    device_id: &DeviceId,
    code_hash: &[u8; 32],
    expires_at: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO enrolment_code AS code (device_id, code_hash, expires_at)
         VALUES ($1, $2, $3)
             ON CONFLICT (device_id) DO UPDATE
            SET code_hash = excluded.code_hash, expires_at = excluded.expires_at
          WHERE code.used_at IS NULL",
        device_id.as_str(),
        code_hash.as_slice(),
        expires_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Finds a code and holds its row: of two who use it at once, one is first.
pub async fn lock(tx: &mut Tx, code_hash: &[u8; 32]) -> Result<Code, Error> {
    let row = sqlx::query!(
        "SELECT device_id, expires_at, public_key, certificate_pem
           FROM enrolment_code
          WHERE code_hash = $1
            FOR UPDATE",
        code_hash.as_slice(),
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or(Error::CodeInvalid)?;
    let corrupt = || Error::Corrupt { table: "enrolment_code", id: row.device_id.clone() };
    Ok(Code {
        device_id: row.device_id.parse().ok().ok_or_else(corrupt)?,
        expires_at: row.expires_at,
        used_for: row.public_key.zip(row.certificate_pem),
    })
}

/// Uses a code up; `Conflict` if somebody did.
pub async fn use_up(
    tx: &mut Tx,
    device_id: &DeviceId,
    key: &PublicKey,
    certificate_pem: &str,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE enrolment_code
            SET used_at = $2, public_key = $3, certificate_pem = $4
          WHERE device_id = $1
            AND used_at IS NULL",
        device_id.as_str(),
        now,
        key.as_slice(),
        certificate_pem,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "enrolment_code")?)
}
