//! The signed journal on the kiosk's disk: a record is there before anybody acts on it.
use std::io;
use std::path::{Path, PathBuf};

use standards::device_journal::{Body, Hash, Record, Signed, SigningKey, genesis};

use super::disk;

/// All records of the kiosk, oldest first.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    device_id: String,
    key: SigningKey,
    records: Vec<Signed>,
}

/// When something happened, in the kiosk's own clocks.
#[derive(Clone, Debug)]
pub struct Moment {
    pub at: String,
    pub boot_id: String,
    pub mono_ms: i64,
}

/// Journals begin with this one; a new disk would begin the next.
pub const EPOCH: i64 = 1;

impl Journal {
    /// What is on the disk.
    pub fn open(folder: &Path, device_id: &str, key: SigningKey) -> io::Result<Journal> {
        let path = folder.join("journal.jsonl");
        let read = |line: String| serde_json::from_str(&line).map_err(io::Error::other);
        let records = disk::lines(&path)?.into_iter().map(read).collect::<io::Result<Vec<Signed>>>()?;
        Ok(Journal { path, device_id: device_id.to_owned(), key, records })
    }

    /// Signs and appends a record; returns when it is on the disk.
    pub fn write(&mut self, moment: Moment, body: &Body) -> io::Result<()> {
        let record = Record {
            at: moment.at,
            body: body.to_fields(),
            boot_id: moment.boot_id,
            device_id: self.device_id.clone(),
            epoch: EPOCH,
            mono_ms: moment.mono_ms,
            prev: self.head().1,
            seq: self.head().0 + 1,
            kind: body.kind(),
        };
        let signed = record.sign(&self.key).map_err(io::Error::other)?;
        disk::append(&self.path, &serde_json::to_string(&signed)?)?;
        self.records.push(signed);
        Ok(())
    }

    /// The last record's place and hash.
    pub fn head(&self) -> (i64, Hash) {
        let last = self.records.last().map(|signed| (signed.record.seq, signed.hash));
        last.unwrap_or_else(|| (0, genesis(&self.device_id, EPOCH)))
    }

    /// Records after a place.
    pub fn after(&self, seq: i64) -> &[Signed] {
        let skipped = usize::try_from(seq).unwrap_or(0).min(self.records.len());
        self.records.get(skipped..).unwrap_or_default()
    }

    /// The bodies, oldest first.
    pub fn bodies(&self) -> impl Iterator<Item = Body> {
        self.records.iter().filter_map(|signed| signed.record.read_body().ok())
    }

    /// Signs anything of the kiosk's: its receipts.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use standards::device_journal::DeviceBooted;

    use super::*;

    fn moment() -> Moment {
        Moment { at: "2026-01-15T06:00:00Z".to_owned(), boot_id: "b-1".to_owned(), mono_ms: 1 }
    }

    #[test]
    fn the_chain_goes_on_after_a_power_cut_and_a_torn_line_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::from_bytes(&[7; 32]);
        let booted = Body::DeviceBooted(DeviceBooted { fw: "1".to_owned() });
        let mut journal = Journal::open(folder.path(), "KSK-0001", key.clone()).unwrap();
        journal.write(moment(), &booted).unwrap();
        journal.write(moment(), &booted).unwrap();
        let head = journal.head();

        let path = folder.path().join("journal.jsonl");
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"record\":")).unwrap();
        let mut journal = Journal::open(folder.path(), "KSK-0001", key.clone()).unwrap();
        assert_eq!(journal.head(), head);
        journal.write(moment(), &booted).unwrap();
        let journal = Journal::open(folder.path(), "KSK-0001", key.clone()).unwrap();
        for signed in journal.after(0) {
            signed.verify(&key.verifying_key()).unwrap();
        }
        let [_, second, third] = journal.after(0) else { panic!("three records") };
        assert_eq!((third.record.seq, third.record.prev), (3, second.hash));
    }
}
