//! The table `device`.

use ids::DeviceId;
use pg::Tx;
use standards::device_journal::Hash;
use time::OffsetDateTime;

use crate::{
    Error,
    domain::{
        chain::Head,
        device::{Device, State},
    },
};

/// A device, the head of its journal, and when it was last heard.
#[derive(Clone, Debug)]
pub struct Known {
    pub device: Device,
    pub head: Head,
    pub last_seen_at: Option<OffsetDateTime>,
    /// Records kept apart after a fork.
    pub quarantined_records: i64,
}

struct Row {
    device_id: String,
    place: String,
    state: String,
    registered_by: String,
    public_key: Option<Vec<u8>>,
    activated_by: Option<String>,
    quarantined_at: Option<OffsetDateTime>,
    epoch: i64,
    last_seq: i64,
    last_hash: Vec<u8>,
    last_seen_at: Option<OffsetDateTime>,
    version: i64,
    quarantined_records: i64,
}

impl TryFrom<Row> for Known {
    type Error = Error;

    fn try_from(row: Row) -> Result<Known, Error> {
        let corrupt = || Error::Corrupt { table: "device", id: row.device_id.clone() };
        let key = row.public_key.clone().map(<[u8; 32]>::try_from).transpose().ok().ok_or_else(corrupt)?;
        let state = match (row.state.as_str(), key, row.activated_by.clone(), row.quarantined_at) {
            ("registered", None, None, None) => State::Registered,
            ("pending", Some(key), None, None) => State::Pending { key },
            ("active", Some(key), Some(activated_by), None) => State::Active { key, activated_by },
            ("quarantined", Some(key), Some(activated_by), Some(since)) => {
                State::Quarantined { key, activated_by, since }
            }
            _ => return Err(corrupt()),
        };
        let hash = Hash(row.last_hash.clone().try_into().ok().ok_or_else(corrupt)?);
        Ok(Known {
            device: Device {
                device_id: row.device_id.parse().ok().ok_or_else(corrupt)?,
                place: row.place.clone(),
                registered_by: row.registered_by.clone(),
                state,
                version: row.version,
            },
            head: Head { epoch: row.epoch, seq: row.last_seq, hash },
            last_seen_at: row.last_seen_at,
            quarantined_records: row.quarantined_records,
        })
    }
}

/// Reads a device without a lock: for answers, never for a decision that writes.
pub async fn find(tx: &mut Tx, device_id: &DeviceId) -> Result<Known, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT device_id, place, state, registered_by, public_key, activated_by, quarantined_at,
                  epoch, last_seq, last_hash, last_seen_at, version,
                  (SELECT count(*) FROM journal_quarantine AS kept
                    WHERE kept.device_id = device.device_id) AS "quarantined_records!"
             FROM device
            WHERE device_id = $1"#,
        device_id.as_str(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::DeviceUnknown)?.try_into()
}

/// Reads a device and holds its row until the end of `tx`: two batches of one device come after each other.
pub async fn lock(tx: &mut Tx, device_id: &DeviceId) -> Result<Known, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT device_id, place, state, registered_by, public_key, activated_by, quarantined_at,
                  epoch, last_seq, last_hash, last_seen_at, version,
                  0::bigint AS "quarantined_records!"
             FROM device
            WHERE device_id = $1
              FOR UPDATE"#,
        device_id.as_str(),
    )
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Error::DeviceUnknown)?.try_into()
}

/// All devices, by serial.
pub async fn all(tx: &mut Tx) -> Result<Vec<Known>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT device_id, place, state, registered_by, public_key, activated_by, quarantined_at,
                  epoch, last_seq, last_hash, last_seen_at, version,
                  (SELECT count(*) FROM journal_quarantine AS kept
                    WHERE kept.device_id = device.device_id) AS "quarantined_records!"
             FROM device
            ORDER BY device_id"#,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Known::try_from).collect()
}

/// Writes a new device; false, and nothing written, if the serial is taken.
pub async fn insert(tx: &mut Tx, device: &Device, now: OffsetDateTime) -> Result<bool, Error> {
    let head = Head::first(device.device_id.as_str());
    let done = sqlx::query!(
        "INSERT INTO device (device_id, place, state, registered_by, registered_at, epoch, last_seq, last_hash, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (device_id) DO NOTHING",
        device.device_id.as_str(),
        device.place,
        device.state.name(),
        device.registered_by,
        now,
        head.epoch,
        head.seq,
        head.hash.0.as_slice(),
        device.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes `after` over `before`; `Conflict`, and nothing written, if the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Device, after: &Device) -> Result<(), Error> {
    let (activated_by, quarantined_at) = match &after.state {
        State::Registered | State::Pending { .. } => (None, None),
        State::Active { activated_by, .. } => (Some(activated_by), None),
        State::Quarantined { activated_by, since, .. } => (Some(activated_by), Some(*since)),
    };
    let done = sqlx::query!(
        "UPDATE device
            SET place = $4, state = $5, version = $6, public_key = $7, activated_by = $8, quarantined_at = $9
          WHERE device_id = $1
            AND state = $2
            AND version = $3",
        before.device_id.as_str(),
        before.state.name(),
        before.version,
        after.place,
        after.state.name(),
        after.version,
        after.state.key().map(<[u8; 32]>::as_slice),
        activated_by,
        quarantined_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "device")?)
}

/// Moves the head of a device's journal; `Conflict` if it no longer stands at `before`.
pub async fn advance(tx: &mut Tx, device_id: &DeviceId, before: &Head, after: &Head) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE device
            SET epoch = $4, last_seq = $5, last_hash = $6
          WHERE device_id = $1
            AND epoch = $2
            AND last_seq = $3",
        device_id.as_str(),
        before.epoch,
        before.seq,
        after.epoch,
        after.seq,
        after.hash.0.as_slice(),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "device")?)
}

/// Notes that a device was heard.
pub async fn seen(tx: &mut Tx, device_id: &DeviceId, now: OffsetDateTime) -> Result<(), Error> {
    sqlx::query!("UPDATE device SET last_seen_at = $2 WHERE device_id = $1", device_id.as_str(), now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Devices of one state, as an SRE sees them.
#[derive(Clone, Debug)]
pub struct Group {
    pub state: String,
    pub devices: i64,
    /// Of them: not heard since the time that was asked for, or never.
    pub silent: i64,
    pub most_silent_since: Option<OffsetDateTime>,
}

/// How many devices are in each state, and how many of them were not heard since `heard_after`.
pub async fn groups(tx: &mut Tx, heard_after: OffsetDateTime) -> Result<Vec<Group>, Error> {
    let groups = sqlx::query_as!(
        Group,
        r#"SELECT state, count(*) AS "devices!",
                  count(*) FILTER (WHERE coalesce(last_seen_at, registered_at) < $1) AS "silent!",
                  min(coalesce(last_seen_at, registered_at)) AS most_silent_since
             FROM device
            GROUP BY state"#,
        heard_after,
    );
    Ok(groups.fetch_all(tx.conn()).await?)
}

/// When the oldest note came that lies in a device: since its units were last taken out, or ever.
pub async fn oldest_cash(tx: &mut Tx) -> Result<Option<OffsetDateTime>, Error> {
    let oldest = sqlx::query_scalar!(
        "SELECT min(note.received_at)
           FROM device
           LEFT JOIN LATERAL (SELECT epoch, seq FROM journal_record
                               WHERE journal_record.device_id = device.device_id AND kind = 'unit.removed'
                               ORDER BY epoch DESC, seq DESC LIMIT 1) AS emptied ON true
          CROSS JOIN LATERAL (SELECT received_at FROM journal_record
                               WHERE journal_record.device_id = device.device_id AND kind = 'cash.stacked'
                                 AND (journal_record.epoch, journal_record.seq)
                                   > (coalesce(emptied.epoch, 0), coalesce(emptied.seq, 0))
                               ORDER BY journal_record.epoch, journal_record.seq LIMIT 1) AS note",
    );
    Ok(oldest.fetch_one(tx.conn()).await?)
}
