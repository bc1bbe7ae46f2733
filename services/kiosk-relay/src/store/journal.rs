//! The tables `journal_record` and `journal_quarantine`.

use std::collections::BTreeMap;

use ids::DeviceId;
use pg::Tx;
use standards::device_journal::{Hash, Signed};
use time::OffsetDateTime;

use crate::Error;

/// A record with the text that was hashed.
#[derive(Clone, Debug)]
pub struct Checked {
    pub signed: Signed,
    pub canonical: String,
}

/// The columns of some records, ready for UNNEST.
struct Columns {
    epochs: Vec<i64>,
    seqs: Vec<i64>,
    hashes: Vec<Vec<u8>>,
    sigs: Vec<Vec<u8>>,
    kinds: Vec<String>,
    canonicals: Vec<String>,
}

impl Columns {
    fn of(records: &[&Checked]) -> Columns {
        let each = records.iter();
        Columns {
            epochs: each.clone().map(|r| r.signed.record.epoch).collect(),
            seqs: each.clone().map(|r| r.signed.record.seq).collect(),
            hashes: each.clone().map(|r| r.signed.hash.0.to_vec()).collect(),
            sigs: each.clone().map(|r| r.signed.sig.0.to_vec()).collect(),
            // The word of a newer firmware is kept as it came, but for what Postgres cannot hold.
            kinds: each.clone().map(|r| r.signed.record.kind.as_str().replace('\0', "")).collect(),
            canonicals: each.map(|r| r.canonical.clone()).collect(),
        }
    }
}

/// The hashes of those of `places` (epoch, seq) that are stored.
pub async fn stored(
    tx: &mut Tx,
    device_id: &DeviceId,
    places: &[(i64, i64)],
) -> Result<BTreeMap<(i64, i64), Hash>, Error> {
    let (epochs, seqs): (Vec<i64>, Vec<i64>) = places.iter().copied().unzip();
    let rows = sqlx::query!(
        r#"SELECT record.epoch, record.seq, record.hash
             FROM journal_record AS record
             JOIN UNNEST($2::bigint[], $3::bigint[]) AS wanted (epoch, seq)
               ON record.epoch = wanted.epoch AND record.seq = wanted.seq
            WHERE record.device_id = $1"#,
        device_id.as_str(),
        &epochs,
        &seqs,
    )
    .fetch_all(tx.conn())
    .await?;
    let read = rows.into_iter().map(|row| {
        let hash = row.hash.try_into().ok();
        let corrupt = || Error::Corrupt {
            table: "journal_record",
            id: format!("{device_id}/{}/{}", row.epoch, row.seq),
        };
        Ok(((row.epoch, row.seq), Hash(hash.ok_or_else(corrupt)?)))
    });
    read.collect()
}

/// Appends records to the device's journal. The primary key refuses a second record at a place.
pub async fn append(
    tx: &mut Tx,
    device_id: &DeviceId,
    records: &[&Checked],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let columns = Columns::of(records);
    sqlx::query!(
        "INSERT INTO journal_record (device_id, epoch, seq, hash, sig, kind, canonical, received_at)
         SELECT $1, epoch, seq, hash, sig, kind, canonical, $8
           FROM UNNEST($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::text[])
             AS said (epoch, seq, hash, sig, kind, canonical)",
        device_id.as_str(),
        &columns.epochs,
        &columns.seqs,
        &columns.hashes,
        &columns.sigs,
        &columns.kinds,
        &columns.canonicals,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps records apart. The same record again is the same row.
pub async fn quarantine(
    tx: &mut Tx,
    device_id: &DeviceId,
    records: &[&Checked],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let columns = Columns::of(records);
    sqlx::query!(
        "INSERT INTO journal_quarantine (device_id, epoch, seq, hash, sig, kind, canonical, received_at)
         SELECT $1, epoch, seq, hash, sig, kind, canonical, $8
           FROM UNNEST($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::text[])
             AS said (epoch, seq, hash, sig, kind, canonical)
             ON CONFLICT DO NOTHING",
        device_id.as_str(),
        &columns.epochs,
        &columns.seqs,
        &columns.hashes,
        &columns.sigs,
        &columns.kinds,
        &columns.canonicals,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
