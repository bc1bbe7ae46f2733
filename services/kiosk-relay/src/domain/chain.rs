//! Which record continues a journal, which is an old one, which is a second journal of the same device.

use standards::device_journal::{Body, Hash, RecordType, Signed, genesis};

/// The last record of a device's journal that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which journal, from 1.
    pub epoch: i64,
    /// Its last record; 0 before the first.
    pub seq: i64,
    /// That record's hash; of 0, the genesis.
    pub hash: Hash,
}

/// What to do with a record whose signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It continues the journal: store, post, advance to the head.
    Append(Head),
    /// We have exactly this one.
    Duplicate,
    /// There are two journals.
    Fork(Fork),
    /// Records before it are missing, from this place on.
    Gap { epoch: i64, need_from: i64 },
}

/// How a second journal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Another record stands at its place.
    OtherRecord,
    /// It does not follow the last record.
    OtherPast,
    /// Its epoch is closed: the old disk lives.
    ClosedEpoch,
    /// It closes the epoch at another place than where it ended.
    OtherEnd,
    /// A number below 1.
    NoPlace,
}

impl Fork {
    /// The sentence of the evidence.
    pub fn detail(self) -> &'static str {
        match self {
            Fork::OtherRecord => "another record with this number is stored",
            Fork::OtherPast => "its prev is not the hash of the last record",
            Fork::ClosedEpoch => "its epoch is closed and it was not known before",
            Fork::OtherEnd => "it closes the epoch at another place than where it ended",
            Fork::NoPlace => "its epoch or number is below 1",
        }
    }
}

impl Head {
    /// Before a device's first record.
    pub fn first(device_id: &str) -> Head {
        Head { epoch: 1, seq: 0, hash: genesis(device_id, 1) }
    }

    /// Judges a record by its place. `stored` is the hash of the record we have at that place, if any.
    pub fn judge(&self, signed: &Signed, stored: Option<Hash>) -> Verdict {
        let record = &signed.record;
        if record.epoch < 1 || record.seq < 1 {
            return Verdict::Fork(Fork::NoPlace);
        }
        if let Some(stored) = stored {
            return if stored == signed.hash { Verdict::Duplicate } else { Verdict::Fork(Fork::OtherRecord) };
        }
        if record.epoch < self.epoch {
            return Verdict::Fork(Fork::ClosedEpoch);
        }
        if record.epoch > self.epoch {
            return self.judge_new_epoch(signed);
        }
        if record.seq > self.seq + 1 {
            return Verdict::Gap { epoch: self.epoch, need_from: self.seq + 1 };
        }
        if record.prev == self.hash { append(signed) } else { Verdict::Fork(Fork::OtherPast) }
    }

    /// Only the next epoch, opened by a record that closes this one exactly where it ended.
    fn judge_new_epoch(&self, signed: &Signed) -> Verdict {
        let record = &signed.record;
        let missing = Verdict::Gap { epoch: self.epoch, need_from: self.seq + 1 };
        if record.epoch != self.epoch + 1 || record.seq != 1 || record.kind != RecordType::JournalEpoch {
            return missing;
        }
        let Ok(Body::JournalEpoch(body)) = record.read_body() else {
            return Verdict::Fork(Fork::OtherEnd);
        };
        if body.closed_epoch == self.epoch && body.last_seq > self.seq {
            return missing;
        }
        let closes = body.closed_epoch == self.epoch
            && body.last_seq == self.seq
            && body.last_hash == self.hash.to_string();
        if !closes {
            return Verdict::Fork(Fork::OtherEnd);
        }
        if record.prev == genesis(&record.device_id, record.epoch) {
            append(signed)
        } else {
            Verdict::Fork(Fork::OtherPast)
        }
    }
}

fn append(signed: &Signed) -> Verdict {
    Verdict::Append(Head { epoch: signed.record.epoch, seq: signed.record.seq, hash: signed.hash })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use standards::device_journal::{Record, SigningKey};

    use super::*;

    fn record(epoch: i64, seq: i64, prev: Hash, kind: &str, body: &serde_json::Value) -> Signed {
        let record = Record {
            at: "2026-10-05T11:30:01Z".into(),
            body: body.as_object().unwrap().clone(),
            boot_id: "b".into(),
            device_id: "KSK-1".into(),
            epoch,
            mono_ms: 0,
            prev,
            seq,
            kind: kind.to_owned().into(),
        };
        record.sign(&SigningKey::from_bytes(&[7; 32])).unwrap()
    }

    fn plain(epoch: i64, seq: i64, prev: Hash) -> Signed {
        record(epoch, seq, prev, "door.opened", &json!({}))
    }

    fn head() -> Head {
        Head { epoch: 2, seq: 5, hash: Hash([5; 32]) }
    }

    #[test]
    fn the_next_record_that_fits_is_appended() {
        let next = plain(2, 6, Hash([5; 32]));
        let Verdict::Append(after) = head().judge(&next, None) else { unreachable!() };
        assert_eq!(after, Head { epoch: 2, seq: 6, hash: next.hash });
        let first = Head::first("KSK-1");
        let Verdict::Append(_) = first.judge(&plain(1, 1, genesis("KSK-1", 1)), None) else { unreachable!() };
    }

    #[test]
    fn known_places_are_duplicates_or_forks() {
        let old = plain(2, 4, Hash([3; 32]));
        assert_eq!(head().judge(&old, Some(old.hash)), Verdict::Duplicate);
        assert_eq!(head().judge(&old, Some(Hash([9; 32]))), Verdict::Fork(Fork::OtherRecord));
        assert_eq!(head().judge(&plain(2, 6, Hash([4; 32])), None), Verdict::Fork(Fork::OtherPast));
        assert_eq!(head().judge(&plain(1, 9, Hash([4; 32])), None), Verdict::Fork(Fork::ClosedEpoch));
        assert_eq!(head().judge(&plain(2, 0, Hash([4; 32])), None), Verdict::Fork(Fork::NoPlace));
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        let gap = Verdict::Gap { epoch: 2, need_from: 6 };
        assert_eq!(head().judge(&plain(2, 7, Hash([5; 32])), None), gap);
        assert_eq!(head().judge(&plain(3, 1, genesis("KSK-1", 3)), None), gap);
        assert_eq!(head().judge(&plain(4, 1, genesis("KSK-1", 4)), None), gap);
    }

    #[test]
    fn an_epoch_is_closed_exactly_where_it_ended() {
        let closing = |seq: i64, hash: Hash| {
            let body = json!({"closed_epoch": 2, "last_seq": seq, "last_hash": hash.to_string()});
            record(3, 1, genesis("KSK-1", 3), "journal.epoch", &body)
        };
        assert!(matches!(
            head().judge(&closing(5, Hash([5; 32])), None),
            Verdict::Append(Head { epoch: 3, seq: 1, .. })
        ));
        assert_eq!(head().judge(&closing(5, Hash([6; 32])), None), Verdict::Fork(Fork::OtherEnd));
        assert_eq!(head().judge(&closing(4, Hash([4; 32])), None), Verdict::Fork(Fork::OtherEnd));
        assert_eq!(head().judge(&closing(6, Hash([6; 32])), None), Verdict::Gap { epoch: 2, need_from: 6 });
    }
}
