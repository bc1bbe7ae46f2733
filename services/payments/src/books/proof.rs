//! The proof of a payment: from its journals up to a signed head. It is verified without a database.

use std::{collections::BTreeSet, fmt, path::PathBuf};

use ed25519_dalek::VerifyingKey;
use ids::PaymentId;
use money::Money;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{BooksError, day, error::refused, heads, heads::Head, text};
use crate::{
    domain::{journal::PENDING, payment::Receipt},
    engine::seal::{self, Facts, Leaf},
    merkle::{self, Hash},
    store::lane::Sealed,
};

pub(super) const FORMAT: &str = "mizan proof 1";
pub(super) const SEAL_FORMAT: &str = "mizan seal 1";

/// The proof of one payment. It holds nothing of any other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub(super) format: String,
    pub(super) payment_id: Uuid,
    /// In the order in which they were posted.
    pub(super) journals: Vec<JournalProof>,
}

/// One journal, and its way up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalProof {
    pub journal: Journal,
    pub path_to_batch: Vec<Hash>,
    pub batch: Batch,
    pub path_to_day: Vec<Hash>,
    pub head: Head,
}

/// What a receipt carries: the payment's journals, each in its sealed batch. It holds nothing of any other payment. That the batch is
/// in the books is vouched for when the head of its day is signed, and not before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    pub(super) format: String,
    pub(super) payment_id: Uuid,
    /// In the order in which they were posted.
    pub(super) journals: Vec<SealedJournal>,
}

/// One journal, and its way up to its batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedJournal {
    pub journal: Journal,
    pub path_to_batch: Vec<Hash>,
    pub batch: Batch,
}

/// A sealed batch among all of them.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub lane: i32,
    pub seq: i64,
    /// Of the chain, up to this batch.
    pub hash: Hash,
}

/// A journal with its entries, as sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    pub journal_id: Uuid,
    pub position: i32,
    pub kind: String,
    pub source: String,
    pub agency_id: String,
    pub channel: String,
    pub payment_id: Option<Uuid>,
    pub invoice_id: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339")]
    pub posted_at: OffsetDateTime,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub line: i32,
    pub account: String,
    pub amount_fils: i64,
}

/// The row of a sealed batch; what it holds is named by the root alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    pub batch_id: Uuid,
    pub lane: i32,
    pub seq: i64,
    pub prev_hash: Hash,
    pub commands: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub sealed_at: OffsetDateTime,
    pub journals: i64,
    pub journals_root: Hash,
    pub hash: Hash,
}

/// What a proof proves.
#[derive(Clone, Debug)]
pub struct Proven {
    pub payment_id: String,
    /// None: a device numbered it, and signed it itself.
    pub receipt_number: Option<String>,
    pub journals: Vec<ProvenJournal>,
    /// What that comes to.
    end: &'static str,
}

/// A journal that is in the books, as signed.
#[derive(Clone, Debug)]
pub struct ProvenJournal {
    pub kind: String,
    pub source: String,
    pub posted_at: OffsetDateTime,
    pub amount: Money,
    /// Accounts with the fils that were debited (positive) or credited.
    pub entries: Vec<(String, i64)>,
    /// The batch it is in, and the day and key of the head that vouches for it.
    pub place: String,
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "payment {}", self.payment_id)?;
        match &self.receipt_number {
            Some(number) => writeln!(f, "receipt {number}")?,
            None => writeln!(f, "receipt: as printed by the source below, which numbers and signs its own")?,
        }
        for ProvenJournal { kind, source, posted_at, amount, entries, place } in &self.journals {
            writeln!(f, "{kind} of {amount}, posted {}, from {source}", day::show(*posted_at))?;
            for (account, fils) in entries {
                let (side, amount) = (if *fils < 0 { "credit" } else { "debit " }, fils.saturating_abs());
                writeln!(f, "  {side} {} {account}", Money::fils(amount))?;
            }
            writeln!(f, "  {place}")?;
        }
        f.write_str(self.end)
    }
}

/// The kinds of journals whose receipt we number, and the letter of the number.
const NUMBERED: [(&str, &str); 3] =
    [("wallet_captured", "W"), ("wallet_late", "W"), ("payment_recorded", "D")];

/// The number of a receipt that we number ourselves, which follows from its payment's id. So whoever proves the payment proves
/// the number, and a proof need not hold it.
fn receipt_number<'a>(payment_id: Uuid, mut journals: impl Iterator<Item = &'a Journal>) -> Option<String> {
    let letter = |kind: &str| NUMBERED.into_iter().find(|(known, _)| *known == kind);
    let (_, letter) = journals.find_map(|journal| letter(&journal.kind))?;
    Some(Receipt::of(letter, PaymentId(payment_id), OffsetDateTime::UNIX_EPOCH).number)
}

/// Verifies a proof, or the seal that a receipt carries, by itself: no database, no network. A seal needs no key.
///
/// # Errors
/// `Refused`: what does not fit. `File`: a key cannot be read.
pub fn verify_proof(proof: &str, public_keys: &[PathBuf]) -> Result<Proven, BooksError> {
    let named: Option<Named> = serde_json::from_str(proof).ok();
    if named.is_some_and(|named| named.format == SEAL_FORMAT) {
        let seal = text::read::<Seal>(proof);
        return seal.and_then(|seal| seal.verify()).map_err(BooksError::Refused);
    }
    if public_keys.is_empty() {
        return refused("a proof is verified with the public key of the heads: give --public-key");
    }
    let keys = heads::public_keys(public_keys)?;
    let proof: Proof = text::read(proof).or_else(|why| refused(format!("this is no proof: {why}")))?;
    proof.verify(&keys).map_err(BooksError::Refused)
}

/// What a document says it is.
#[derive(Deserialize)]
struct Named {
    format: String,
}

impl Proof {
    /// The proof as it is kept and passed on.
    pub fn to_json(&self) -> String {
        text::write(self)
    }

    fn verify(&self, keys: &[VerifyingKey]) -> Result<Proven, String> {
        let Proof { format, payment_id, journals } = self;
        if format != FORMAT {
            return Err(format!("its format is \"{format}\", not \"{FORMAT}\""));
        }
        check_of_one(*payment_id, journals.iter().map(|proof| &proof.journal))?;
        for proof in journals {
            let JournalProof { journal, head, .. } = proof;
            proof.check_way().map_err(|why| format!("journal {}: {why}", journal.journal_id))?;
            head.check_signature(keys).map_err(|why| format!("head {}: {why}", head.date))?;
        }
        Ok(Proven {
            payment_id: payment_id.to_string(),
            receipt_number: receipt_number(*payment_id, journals.iter().map(|proof| &proof.journal)),
            journals: journals.iter().map(JournalProof::said).collect(),
            end: "the books hold this payment",
        })
    }
}

/// Whether there are journals, all of the one payment, and none twice.
fn check_of_one<'a>(payment_id: Uuid, journals: impl Iterator<Item = &'a Journal>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for journal in journals {
        if journal.payment_id != Some(payment_id) {
            return Err(format!("journal {} is not of payment {payment_id}", journal.journal_id));
        }
        if !seen.insert(journal.journal_id) {
            return Err(format!("journal {} is here twice", journal.journal_id));
        }
    }
    if seen.is_empty() { Err("it holds no journal".to_owned()) } else { Ok(()) }
}

impl Seal {
    /// The seal as a receipt carries it.
    pub fn to_json(&self) -> String {
        text::write(self)
    }

    /// The batch of the journal that brought the money; none: nothing has moved.
    pub fn mark(&self) -> Option<Mark> {
        let moved = self.journals.iter().find(|sealed| !PENDING.contains(&sealed.journal.kind.as_str()))?;
        let Batch { lane, seq, hash, .. } = moved.batch;
        Some(Mark { lane, seq, hash })
    }

    fn verify(&self) -> Result<Proven, String> {
        let Seal { format, payment_id, journals } = self;
        if format != SEAL_FORMAT {
            return Err(format!("its format is \"{format}\", not \"{SEAL_FORMAT}\""));
        }
        check_of_one(*payment_id, journals.iter().map(|sealed| &sealed.journal))?;
        for SealedJournal { journal, path_to_batch, batch } in journals {
            batch
                .check(journal, path_to_batch)
                .map_err(|why| format!("journal {}: {why}", journal.journal_id))?;
        }
        let said = journals.iter().map(|SealedJournal { journal, batch, .. }| {
            let Batch { lane, seq, hash, .. } = batch;
            journal.said(format!(
                "in batch {seq} of lane {lane} with the hash {hash}; no head of its day vouches for it here"
            ))
        });
        Ok(Proven {
            payment_id: payment_id.to_string(),
            receipt_number: receipt_number(*payment_id, journals.iter().map(|sealed| &sealed.journal)),
            journals: said.collect(),
            end: "the receipt's seal fits; `mizan ledger prove` has the whole proof once the day is signed",
        })
    }
}

impl JournalProof {
    /// From the journal up to the root of the head; says where it does not fit.
    pub fn check_way(&self) -> Result<(), String> {
        let JournalProof { journal, path_to_batch, batch, path_to_day, head } = self;
        batch.check(journal, path_to_batch)?;
        let Some(place) = batch.place_in(head) else {
            return Err(format!(
                "the head of {} does not have batch {} of lane {}",
                head.date, batch.seq, batch.lane
            ));
        };
        if merkle::climb(seal::day_leaf(batch.hash), place, path_to_day) != Some(head.root) {
            return Err(format!("the path of its batch does not lead to the root of {}", head.date));
        }
        Ok(())
    }

    fn said(&self) -> ProvenJournal {
        let JournalProof { journal, batch, head, .. } = self;
        journal.said(format!(
            "in batch {} of lane {}, head of {}, signed by key {}",
            batch.seq, batch.lane, head.date, head.key_id
        ))
    }
}

impl Journal {
    fn said(&self, place: String) -> ProvenJournal {
        let debits = self.entries.iter().filter(|entry| entry.amount_fils > 0);
        ProvenJournal {
            kind: self.kind.clone(),
            source: self.source.clone(),
            posted_at: self.posted_at,
            amount: Money::fils(debits.fold(0, |sum, entry| entry.amount_fils.saturating_add(sum))),
            entries: self.entries.iter().map(|entry| (entry.account.clone(), entry.amount_fils)).collect(),
            place,
        }
    }

    pub fn leaf(&self) -> Hash {
        let mut leaf = Leaf::begin(&Facts {
            journal_id: self.journal_id,
            position: self.position,
            kind: &self.kind,
            source: &self.source,
            agency_id: &self.agency_id,
            channel: &self.channel,
            payment_id: self.payment_id,
            invoice_id: self.invoice_id,
            posted_at: self.posted_at,
        });
        for Entry { line, account, amount_fils } in &self.entries {
            leaf.entry(*line, account, *amount_fils);
        }
        leaf.end()
    }
}

impl Batch {
    /// Whether the journal leads to this batch, and the batch's row to its hash.
    fn check(&self, journal: &Journal, path: &[Hash]) -> Result<(), String> {
        let place = (i64::from(journal.position) - 1, self.journals);
        if merkle::climb(journal.leaf(), place, path) != Some(self.journals_root) {
            return Err("its facts, entries or path do not lead to the root of its batch".to_owned());
        }
        if self.computed() != self.hash {
            return Err(format!("the row of batch {} does not have the hash that is given", self.batch_id));
        }
        Ok(())
    }

    fn computed(&self) -> Hash {
        let row = Sealed {
            batch_id: self.batch_id,
            seq: self.seq,
            prev_hash: self.prev_hash.0.to_vec(),
            hash: Vec::new(),
            commands: self.commands,
            sealed_at: self.sealed_at,
        };
        seal::batch_of(self.lane, &row, (self.journals, self.journals_root))
    }

    /// Its number among the day's batches, and how many these are.
    pub fn place_in(&self, head: &Head) -> Option<(i64, i64)> {
        let (after, upto) = head.range(self.lane)?;
        let before = head.lanes.iter().filter(|end| end.lane < self.lane);
        let before: i64 = before.map(|end| end.last_seq - end.first_seq + 1).sum();
        (after < self.seq && self.seq <= upto).then_some((before + self.seq - after - 1, head.batches))
    }
}
