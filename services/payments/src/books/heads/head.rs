//! What is signed of a day.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::Date;

use super::key;
use crate::merkle::Hash;

const FORMAT: &str = "mizan head 1";

/// The head of a business day: what the books were when it was over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub format: String,
    #[serde(with = "iso_date")]
    pub date: Date,
    /// By number.
    pub lanes: Vec<LaneEnd>,
    /// Sealed on the day.
    pub batches: i64,
    /// Of the Merkle tree over their hashes, in the order of (lane, number).
    pub root: Hash,
    pub journals: i64,
    /// Sum of the debits of the day's journals, which is that of their credits.
    pub debit_fils: i64,
    /// The hash of the head before; zeros: there is none.
    pub prev_head: Hash,
    pub key_id: String,
    pub signature: String,
}

/// Where a lane stood at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneEnd {
    pub lane: i32,
    /// The day's first batch; `last_seq + 1` when it has none.
    pub first_seq: i64,
    pub last_seq: i64,
    /// Of batch `last_seq`; zeros when there was none yet.
    pub last_hash: Hash,
}

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");

impl Head {
    /// What `facts` say, signed. Its format, key and signature are those given here, whatever they were.
    pub fn sign(facts: Head, key: &SigningKey) -> Head {
        let key_id = key::id(&key.verifying_key());
        let head = Head { format: FORMAT.to_owned(), key_id, ..facts };
        let signature = hex::encode(key.sign(&head.signed_bytes()).to_bytes());
        Head { signature, ..head }
    }

    /// Whether one of `keys` has signed it.
    ///
    /// # Errors
    /// Why not.
    pub fn check_signature(&self, keys: &[VerifyingKey]) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its format is \"{}\", not \"{FORMAT}\"", self.format));
        }
        let Some(key) = keys.iter().find(|known| key::id(known) == self.key_id) else {
            let known: Vec<_> = keys.iter().map(key::id).collect();
            return Err(format!("it names the key {}; given was {}", self.key_id, known.join(", ")));
        };
        let mut signature = [0; 64];
        let decoded = hex::decode_to_slice(&self.signature, &mut signature);
        let holds = decoded.is_ok()
            // One form, as for everything that is signed.
            && hex::encode(signature) == self.signature
            && key.verify_strict(&self.signed_bytes(), &Signature::from_bytes(&signature)).is_ok();
        if holds { Ok(()) } else { Err(format!("its signature is not of the key {}", self.key_id)) }
    }

    /// What the next head names it by: covers its signature too.
    pub fn hash(&self) -> Hash {
        let mut bytes = self.signed_bytes();
        field(&mut bytes, self.signature.as_bytes());
        Hash::of(Sha256::new().chain_update(bytes))
    }

    /// The range of a lane's batches that are the day's: after the first number, up to the second.
    pub fn range(&self, lane: i32) -> Option<(i64, i64)> {
        self.lanes.iter().find(|end| end.lane == lane).map(|end| (end.first_seq - 1, end.last_seq))
    }

    /// Every field but the signature, each with its length before it; numbers are big-endian.
    fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        field(&mut bytes, self.format.as_bytes());
        field(&mut bytes, self.date.to_string().as_bytes());
        let lanes = u64::try_from(self.lanes.len()).unwrap_or(u64::MAX);
        field(&mut bytes, &lanes.to_be_bytes());
        for end in &self.lanes {
            field(&mut bytes, &end.lane.to_be_bytes());
            field(&mut bytes, &end.first_seq.to_be_bytes());
            field(&mut bytes, &end.last_seq.to_be_bytes());
            field(&mut bytes, &end.last_hash.0);
        }
        field(&mut bytes, &self.batches.to_be_bytes());
        field(&mut bytes, &self.root.0);
        field(&mut bytes, &self.journals.to_be_bytes());
        field(&mut bytes, &self.debit_fils.to_be_bytes());
        field(&mut bytes, &self.prev_head.0);
        field(&mut bytes, self.key_id.as_bytes());
        bytes
    }
}

fn field(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    to.extend_from_slice(bytes);
}
