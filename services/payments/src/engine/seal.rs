//! What a sealed batch is hashed from: its row, the hash of the batch before it, and the root of a Merkle tree over its
//! journals, each with its entries. So one journal can be proven without showing the others. `mizan ledger verify` computes
//! it all again from the rows.
//!
//! Every field goes in with its length before it, and every hash begins with what it is of: no two things read the same.

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    domain::journal::Journal,
    merkle::{self, Hash, Tree},
    store::lane::Sealed,
};

/// What is hashed of a journal besides its entries.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub journal_id: Uuid,
    /// In its batch, from 1.
    pub position: i32,
    pub kind: &'a str,
    pub source: &'a str,
    pub agency_id: &'a str,
    pub channel: &'a str,
    pub payment_id: Option<Uuid>,
    pub invoice_id: Option<Uuid>,
    pub posted_at: OffsetDateTime,
}

/// A journal's leaf in the making.
#[derive(Clone, Debug)]
pub struct Leaf(Fields);

impl<'a> Facts<'a> {
    /// Of a journal that is about to be written.
    pub fn of(journal: &'a Journal, position: i32) -> Facts<'a> {
        Facts {
            journal_id: journal.id.0,
            position,
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

impl Leaf {
    /// Begins with the facts; the entries follow in their order.
    pub fn begin(facts: &Facts<'_>) -> Leaf {
        let mut fields = Fields(merkle::leaf());
        fields.bytes(b"mizan journal 1");
        fields.bytes(facts.journal_id.as_bytes());
        fields.bytes(&facts.position.to_be_bytes());
        for text in [facts.kind, facts.source, facts.agency_id, facts.channel] {
            fields.bytes(text.as_bytes());
        }
        for id in [&facts.payment_id, &facts.invoice_id] {
            fields.bytes(id.as_ref().map_or(&[][..], |id| &id.as_bytes()[..]));
        }
        fields.time(facts.posted_at);
        Leaf(fields)
    }

    /// Takes an entry; `line` counts from 1.
    pub fn entry(&mut self, line: i32, account: &str, amount_fils: i64) {
        self.0.bytes(&line.to_be_bytes());
        self.0.bytes(account.as_bytes());
        self.0.bytes(&amount_fils.to_be_bytes());
    }

    /// The leaf.
    pub fn end(self) -> Hash {
        Hash::of(self.0.0)
    }
}

/// The hash of a batch of `lane` over its row and its journals. `batch.hash` is not read.
pub fn batch(lane: i32, batch: &Sealed, journals: &Tree) -> Hash {
    batch_of(lane, batch, (journals.size(), journals.root()))
}

/// As [`batch`], of a tree that is not at hand: the number of its journals, and its root.
pub fn batch_of(lane: i32, batch: &Sealed, (journals, root): (i64, Hash)) -> Hash {
    let mut fields = Fields(Sha256::new());
    fields.bytes(b"mizan batch 2");
    fields.bytes(batch.batch_id.as_bytes());
    fields.bytes(&lane.to_be_bytes());
    fields.bytes(&batch.seq.to_be_bytes());
    fields.bytes(&batch.prev_hash);
    fields.bytes(&batch.commands.to_be_bytes());
    fields.time(batch.sealed_at);
    fields.bytes(&journals.to_be_bytes());
    fields.bytes(&root.0);
    Hash::of(fields.0)
}

/// The leaf of a batch in the tree of its day.
pub fn day_leaf(batch: Hash) -> Hash {
    let mut fields = Fields(merkle::leaf());
    fields.bytes(b"mizan day 1");
    fields.bytes(&batch.0);
    Hash::of(fields.0)
}

#[derive(Clone, Debug)]
struct Fields(Sha256);

impl Fields {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }

    /// To the microsecond, as Postgres keeps it.
    fn time(&mut self, at: OffsetDateTime) {
        self.bytes(&(at.unix_timestamp_nanos() / 1_000).to_be_bytes());
    }
}
