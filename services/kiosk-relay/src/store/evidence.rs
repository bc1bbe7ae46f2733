//! The table `evidence`: what a person must be able to look at later.

use ids::DeviceId;
use pg::Tx;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::Error;

/// One odd thing a device said.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub kind: Kind,
    /// What is odd.
    pub detail: String,
    /// What it said, cut to a length a row can have.
    pub said: String,
}

/// What is odd about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    BadSignature,
    ForeignRecord,
    Fork,
    UnreadableCash,
    OddSession,
}

/// A record has at most about a kilobyte; what is longer was not written by a kiosk.
const SAID_MAX: usize = 8_192;

impl Kind {
    /// All there are.
    pub const ALL: [Kind; 5] =
        [Kind::BadSignature, Kind::ForeignRecord, Kind::Fork, Kind::UnreadableCash, Kind::OddSession];

    /// The word for it, here, in the database and in the metric.
    pub fn name(self) -> &'static str {
        match self {
            Kind::BadSignature => "bad_signature",
            Kind::ForeignRecord => "foreign_record",
            Kind::Fork => "fork",
            Kind::UnreadableCash => "unreadable_cash",
            Kind::OddSession => "odd_session",
        }
    }
}

impl Evidence {
    /// Evidence of `kind`; `said` is cut, and cleaned of what Postgres cannot hold.
    pub fn new(kind: Kind, detail: impl Into<String>, said: &str) -> Evidence {
        let said = said.chars().filter(|c| *c != '\0').take(SAID_MAX).collect();
        Evidence { kind, detail: detail.into(), said }
    }
}

/// Keeps evidence. The same thing said again is the same row, so a device that repeats itself fills no disk.
pub async fn keep(
    tx: &mut Tx,
    device_id: &DeviceId,
    found: &[Evidence],
    now: OffsetDateTime,
) -> Result<(), Error> {
    for evidence in found {
        let fingerprint: [u8; 32] = Sha256::digest(&evidence.said).into();
        sqlx::query!(
            "INSERT INTO evidence (device_id, kind, fingerprint, detail, said, first_at)
             VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT DO NOTHING",
            device_id.as_str(),
            evidence.kind.name(),
            fingerprint.as_slice(),
            evidence.detail,
            evidence.said,
            now,
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
