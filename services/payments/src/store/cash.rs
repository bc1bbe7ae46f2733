//! Records of devices that are booked.

use ids::DeviceId;
use pg::Tx;
use time::OffsetDateTime;

use crate::{
    Error,
    domain::{command::CashKey, world::CashRow},
};

/// What is booked already of `keys`.
///
/// # Errors
/// As any read of `tx`.
pub async fn booked(tx: &mut Tx, keys: &[CashKey]) -> Result<Vec<CashKey>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let devices: Vec<String> = keys.iter().map(|key| key.device.0.clone()).collect();
    let epochs: Vec<i64> = keys.iter().map(|key| key.epoch).collect();
    let seqs: Vec<i64> = keys.iter().map(|key| key.seq).collect();
    let rows = sqlx::query!(
        "SELECT device_id, epoch, seq
           FROM cash_record
           JOIN UNNEST($1::text[], $2::bigint[], $3::bigint[]) AS asked (device_id, epoch, seq)
          USING (device_id, epoch, seq)",
        &devices,
        &epochs,
        &seqs,
    )
    .fetch_all(tx.conn())
    .await?;
    let keys = rows.into_iter().map(|row| CashKey {
        device: DeviceId(row.device_id),
        epoch: row.epoch,
        seq: row.seq,
    });
    Ok(keys.collect())
}

/// Which of `sessions` (device, session) are over.
///
/// # Errors
/// As any read of `tx`.
pub async fn closed(tx: &mut Tx, sessions: &[(String, String)]) -> Result<Vec<(String, String)>, Error> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let (devices, ids): (Vec<String>, Vec<String>) = sessions.iter().cloned().unzip();
    let rows = sqlx::query!(
        "SELECT device_id, session_id
           FROM cash_record
           JOIN UNNEST($1::text[], $2::text[]) AS asked (device_id, session_id)
          USING (device_id, session_id)
          WHERE kind = 'closed'",
        &devices,
        &ids,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.device_id, row.session_id)).collect())
}

/// Writes records as booked.
///
/// # Errors
/// As any write of `tx`; the constraints `cash_record_once` and `cash_record_session_closed_once`.
pub async fn insert(tx: &mut Tx, rows: &[CashRow]) -> Result<(), pg::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let devices: Vec<String> = rows.iter().map(|row| row.key.device.0.clone()).collect();
    let epochs: Vec<i64> = rows.iter().map(|row| row.key.epoch).collect();
    let seqs: Vec<i64> = rows.iter().map(|row| row.key.seq).collect();
    let kinds: Vec<String> = rows.iter().map(|row| row.kind.to_owned()).collect();
    let sessions: Vec<String> = rows.iter().map(|row| row.session_id.clone()).collect();
    let at: Vec<OffsetDateTime> = rows.iter().map(|row| row.booked_at).collect();
    sqlx::query!(
        "INSERT INTO cash_record (device_id, epoch, seq, kind, session_id, booked_at)
         SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])",
        &devices,
        &epochs,
        &seqs,
        &kinds,
        &sessions,
        &at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
