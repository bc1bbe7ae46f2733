//! Ids and randomness are handed in, so that a failing seed repeats.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{RngCore as _, SeedableRng as _, rngs::StdRng};
use time::OffsetDateTime;
use uuid::Uuid;

/// The one source of ids and randomness of a service. Clones share it.
#[derive(Clone, Debug)]
pub struct Ids(Arc<Source>);

#[derive(Debug)]
enum Source {
    System,
    Seeded(Box<Mutex<StdRng>>),
}

impl Ids {
    /// The operating system's randomness, good for keys too.
    pub fn random() -> Ids {
        Ids(Arc::new(Source::System))
    }

    /// The same sequence for the same seed. For tests and simulation only.
    pub fn seeded(seed: u64) -> Ids {
        Ids(Arc::new(Source::Seeded(Box::new(Mutex::new(StdRng::seed_from_u64(seed))))))
    }

    /// A version 7 id: sorts by `now`, to the millisecond.
    pub fn uuid(&self, now: OffsetDateTime) -> Uuid {
        let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness: nothing safe can go on then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self.0.as_ref() {
            Source::System => {
                aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives randomness");
            }
            Source::Seeded(rng) => {
                rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_seed_repeats_and_random_does_not() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        assert_eq!(Ids::seeded(7).uuid(now), Ids::seeded(7).uuid(now));
        assert_ne!(Ids::seeded(7).uuid(now), Ids::seeded(8).uuid(now));
        assert_ne!(Ids::random().bytes::<16>(), Ids::random().bytes::<16>());
    }

    #[test]
    fn uuids_are_version_seven_and_sort_by_time() {
        let ids = Ids::random();
        let early = ids.uuid(datetime!(2026-01-01 00:00:00 UTC));
        let late = ids.uuid(datetime!(2026-01-01 00:00:00.001 UTC));
        assert_eq!(early.get_version_num(), 7);
        assert!(early < late);
    }
}
