//! The hash of a batch: over its row, its journals and their entries, chained to the batch before it. `mizan ledger verify`
//! computes it again from the rows.

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{domain::journal::Journal, store::lane::Sealed};

/// A hash in the making.
#[derive(Clone, Debug)]
pub struct Seal(Sha256);

/// What is hashed of a journal.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub journal_id: Uuid,
    pub kind: &'a str,
    pub source: &'a str,
    pub agency_id: &'a str,
    pub channel: &'a str,
    pub payment_id: Option<Uuid>,
    pub invoice_id: Option<Uuid>,
    pub posted_at: OffsetDateTime,
}

impl<'a> Facts<'a> {
    /// Of a journal that is about to be written.
    pub fn of(journal: &'a Journal) -> Facts<'a> {
        Facts {
            journal_id: journal.id.0,
            kind: journal.kind,
            source: &journal.source,
            agency_id: journal.agency.as_ref().map(ids::AgencyId::as_str).unwrap_or_default(),
            channel: journal.channel,
            payment_id: journal.payment_id.map(|id| id.0),
            invoice_id: journal.invoice_id.map(|id| id.0),
            posted_at: journal.posted_at,
        }
    }
}

impl Seal {
    /// Begins with the batch's own row and the hash before it. `batch.hash` is not read.
    pub fn begin(batch: &Sealed) -> Seal {
        let mut seal = Seal(Sha256::new());
        seal.bytes(b"mizan batch 1");
        seal.bytes(&batch.prev_hash);
        seal.bytes(batch.batch_id.as_bytes());
        seal.bytes(&batch.seq.to_be_bytes());
        seal.bytes(&batch.commands.to_be_bytes());
        seal.time(batch.sealed_at);
        seal
    }

    /// Takes a journal; its entries follow.
    pub fn journal(&mut self, facts: &Facts<'_>) {
        self.bytes(b"journal");
        self.bytes(facts.journal_id.as_bytes());
        for text in [facts.kind, facts.source, facts.agency_id, facts.channel] {
            self.bytes(text.as_bytes());
        }
        for id in [facts.payment_id, facts.invoice_id] {
            self.bytes(id.as_ref().map(Uuid::as_bytes).map_or(&[][..], |bytes| &bytes[..]));
        }
        self.time(facts.posted_at);
    }

    /// Takes an entry of the last journal.
    pub fn entry(&mut self, account: &str, amount_fils: i64) {
        self.bytes(b"entry");
        self.bytes(account.as_bytes());
        self.bytes(&amount_fils.to_be_bytes());
    }

    /// The hash.
    pub fn end(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }

    /// With its length, so that no two lists of fields read the same.
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }

    fn time(&mut self, at: OffsetDateTime) {
        self.bytes(&(at.unix_timestamp_nanos() / 1_000).to_be_bytes());
    }
}
