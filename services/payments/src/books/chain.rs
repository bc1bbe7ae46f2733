//! Sealed batches, computed again from the rows, and the chain they must form.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error,
    domain::journal::PENDING,
    engine::seal::{self, Facts, Leaf},
    merkle::{Hash, Tree},
    store::lane::Sealed,
};

/// A batch with one of its lines; a batch without journals has one row without a line.
struct Row {
    lane: i32,
    batch_id: Uuid,
    seq: i64,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    commands: i32,
    sealed_at: OffsetDateTime,
    journal_id: Option<Uuid>,
    position: Option<i32>,
    kind: Option<String>,
    source: Option<String>,
    agency_id: Option<String>,
    channel: Option<String>,
    payment_id: Option<Uuid>,
    invoice_id: Option<Uuid>,
    posted_at: Option<OffsetDateTime>,
    line: Option<i32>,
    account: Option<String>,
    amount_fils: Option<i64>,
}

/// A batch as its rows say it is.
#[derive(Debug)]
pub(super) struct Batch {
    pub lane: i32,
    /// Its row.
    pub stored: Sealed,
    /// What its hash must be, by the rows.
    pub hash: Hash,
    /// The leaves of its journals, in their order.
    pub leaves: Vec<Hash>,
    pub journals: Tree,
    pub debit_fils: i128,
}

/// Which batches to read: of each lane those after `after` and before `before`.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    lanes: Vec<i32>,
    after: Vec<i64>,
    before: Vec<i64>,
}

impl Ranges {
    pub fn add(&mut self, lane: i32, after: i64, before: i64) {
        self.lanes.push(lane);
        self.after.push(after);
        self.before.push(before);
    }

    /// Each lane, and after which of its batches it begins.
    pub fn lanes(&self) -> impl Iterator<Item = (i32, i64)> {
        self.lanes.iter().copied().zip(self.after.iter().copied())
    }

    /// Everything.
    pub async fn all(tx: &mut Tx) -> Result<Ranges, Error> {
        let lanes = sqlx::query_scalar!(
            r#"SELECT lane AS "lane!" FROM lane UNION SELECT lane FROM posting_batch ORDER BY 1"#
        );
        let mut ranges = Ranges::default();
        for lane in lanes.fetch_all(tx.conn()).await? {
            ranges.add(lane, i64::MIN, i64::MAX);
        }
        Ok(ranges)
    }

    /// Reads them in the order of (lane, number), and gives each to `each`. Keeps one batch in memory.
    pub async fn walk(&self, tx: &mut Tx, mut each: impl FnMut(Batch)) -> Result<(), Error> {
        let mut rows = sqlx::query_as!(
            Row,
            r#"SELECT posting_batch.lane, batch_id, seq, prev_hash, hash, commands, sealed_at,
                      journal_id AS "journal_id?", position AS "position?", kind AS "kind?", source AS "source?",
                      agency_id AS "agency_id?", channel AS "channel?", payment_id, invoice_id,
                      posted_at AS "posted_at?", line AS "line?", account AS "account?", amount_fils AS "amount_fils?"
                 FROM posting_batch
                 JOIN UNNEST($1::int[], $2::bigint[], $3::bigint[]) AS wanted (lane, after_seq, before_seq)
                   ON posting_batch.lane = wanted.lane AND seq > after_seq AND seq < before_seq
                 LEFT JOIN journal USING (batch_id)
                 LEFT JOIN any_entry USING (journal_id)
                ORDER BY posting_batch.lane, seq, batch_id, position, journal_id, line"#,
            &self.lanes,
            &self.after,
            &self.before,
        )
        .fetch(tx.conn());
        let mut open: Option<Open> = None;
        while let Some(row) = rows.try_next().await? {
            if open.as_ref().is_some_and(|open| open.stored.batch_id != row.batch_id)
                && let Some(done) = open.take()
            {
                each(done.end());
            }
            open.get_or_insert_with(|| Open::begin(&row)).add(&row);
        }
        if let Some(done) = open {
            each(done.end());
        }
        Ok(())
    }
}

impl Row {
    fn begin_journal(&self) -> Option<(Uuid, Leaf)> {
        let journal_id = self.journal_id?;
        let leaf = Leaf::begin(&Facts {
            journal_id,
            position: self.position?,
            kind: self.kind.as_deref()?,
            source: self.source.as_deref()?,
            agency_id: self.agency_id.as_deref()?,
            channel: self.channel.as_deref()?,
            payment_id: self.payment_id,
            invoice_id: self.invoice_id,
            posted_at: self.posted_at?,
        });
        Some((journal_id, leaf))
    }
}

/// The batch that is being computed.
struct Open {
    lane: i32,
    stored: Sealed,
    journal: Option<(Uuid, Leaf)>,
    leaves: Vec<Hash>,
    debit_fils: i128,
}

impl Open {
    fn begin(row: &Row) -> Open {
        let stored = Sealed {
            batch_id: row.batch_id,
            seq: row.seq,
            prev_hash: row.prev_hash.clone(),
            hash: row.hash.clone(),
            commands: row.commands,
            sealed_at: row.sealed_at,
        };
        Open { lane: row.lane, stored, journal: None, leaves: Vec::new(), debit_fils: 0 }
    }

    fn add(&mut self, row: &Row) {
        if self.journal.as_ref().map(|(open, _)| *open) != row.journal_id {
            self.end_journal();
            self.journal = row.begin_journal();
        }
        if let (Some((_, leaf)), Some(line), Some(account), Some(fils)) =
            (&mut self.journal, row.line, &row.account, row.amount_fils)
        {
            leaf.entry(line, account, fils);
            // What is pending has not moved.
            if row.kind.as_deref().is_some_and(|kind| !PENDING.contains(&kind)) {
                self.debit_fils += i128::from(fils.max(0));
            }
        }
    }

    fn end_journal(&mut self) {
        self.leaves.extend(self.journal.take().map(|(_, leaf)| leaf.end()));
    }

    fn end(mut self) -> Batch {
        self.end_journal();
        let mut journals = Tree::default();
        for leaf in &self.leaves {
            journals.add(*leaf);
        }
        let Open { lane, stored, leaves, debit_fils, .. } = self;
        Batch { lane, hash: seal::batch(lane, &stored, &journals), stored, leaves, journals, debit_fils }
    }
}

/// The chain of each lane: every batch follows the one before it, and is what was sealed.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Number and hash of each lane's last batch.
    ends: BTreeMap<i32, (i64, Hash)>,
    first_bad: Option<String>,
}

impl Chain {
    /// Chains that go on after known ends.
    pub fn after(ends: impl IntoIterator<Item = (i32, (i64, Hash))>) -> Chain {
        Chain { ends: ends.into_iter().collect(), first_bad: None }
    }

    pub fn add(&mut self, batch: &Batch) {
        let (seq, hash) = self.ends.get(&batch.lane).copied().unwrap_or_default();
        let Batch { lane, stored, .. } = batch;
        let wrong = if stored.seq != seq + 1 {
            Some("a batch before it is missing")
        } else if stored.prev_hash != hash.0 {
            Some("it does not follow the batch before it")
        } else if stored.hash != batch.hash.0 {
            Some("its entries are not those that were sealed")
        } else {
            None
        };
        self.ends.insert(*lane, (stored.seq, Hash::stored(&stored.hash).unwrap_or_default()));
        if let (None, Some(wrong)) = (&self.first_bad, wrong) {
            let what = format!("batch {} (lane {lane}, number {}): {wrong}", stored.batch_id, stored.seq);
            self.first_bad = Some(what);
        }
    }

    pub fn first_bad(self) -> Option<String> {
        self.first_bad
    }

    /// As [`Chain::first_bad`], and that no lane forgot its last batches.
    pub async fn first_bad_to_the_end(self, tx: &mut Tx) -> Result<Option<String>, Error> {
        if self.first_bad.is_some() {
            return Ok(self.first_bad);
        }
        let lanes = sqlx::query!("SELECT lane, last_seq, last_hash FROM lane ORDER BY lane");
        let lanes = lanes.fetch_all(tx.conn()).await?;
        let forgot = lanes.into_iter().find(|lane| {
            let (seq, hash) = self.ends.get(&lane.lane).copied().unwrap_or_default();
            seq != lane.last_seq || hash.0 != *lane.last_hash
        });
        Ok(forgot
            .map(|lane| format!("lane {}: the chain does not end at batch {}", lane.lane, lane.last_seq)))
    }
}
