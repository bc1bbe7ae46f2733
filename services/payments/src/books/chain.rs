//! The chain of sealed batches, computed again from the rows.

use futures::TryStreamExt as _;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error,
    engine::seal::{Facts, Seal},
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
    kind: Option<String>,
    source: Option<String>,
    agency_id: Option<String>,
    channel: Option<String>,
    payment_id: Option<Uuid>,
    invoice_id: Option<Uuid>,
    posted_at: Option<OffsetDateTime>,
    account: Option<String>,
    amount_fils: Option<i64>,
}

/// The batch that is being computed.
struct Open {
    lane: i32,
    sealed: Sealed,
    seal: Seal,
    journal: Option<Uuid>,
}

/// The last batch of a lane that was right.
#[derive(Default)]
struct Walk {
    lane: Option<i32>,
    seq: i64,
    hash: Vec<u8>,
}

/// The first batch whose hash, number or predecessor is not what its rows say; or a lane that forgot its last batches.
pub(super) async fn first_bad(tx: &mut Tx) -> Result<Option<String>, Error> {
    let heads =
        sqlx::query!("SELECT lane, last_seq, last_hash FROM lane ORDER BY lane").fetch_all(tx.conn()).await?;
    let mut rows = sqlx::query_as!(
        Row,
        r#"SELECT lane, batch_id, seq, prev_hash, hash, commands, sealed_at,
                  journal_id AS "journal_id?", kind AS "kind?", source AS "source?", agency_id AS "agency_id?",
                  channel AS "channel?", payment_id, invoice_id, posted_at AS "posted_at?", account AS "account?",
                  amount_fils AS "amount_fils?"
             FROM posting_batch
             LEFT JOIN journal USING (batch_id)
             LEFT JOIN entry USING (journal_id)
            ORDER BY lane, seq, position, line"#
    )
    .fetch(tx.conn());
    let mut walk = Walk::default();
    let mut ends: Vec<(i32, i64, Vec<u8>)> = Vec::new();
    let mut open: Option<Open> = None;
    loop {
        let row = rows.try_next().await?;
        let same =
            open.as_ref().zip(row.as_ref()).is_some_and(|(open, row)| open.sealed.batch_id == row.batch_id);
        if !same && let Some(done) = open.take() {
            if let Some(bad) = walk.take(done) {
                return Ok(Some(bad));
            }
            ends.retain(|(lane, ..)| Some(*lane) != walk.lane);
            ends.extend(walk.lane.map(|lane| (lane, walk.seq, walk.hash.clone())));
        }
        let Some(row) = row else { break };
        open.get_or_insert_with(|| Open::begin(&row)).add(&row);
    }
    let forgot = heads.into_iter().find(|head| {
        let end = ends.iter().find(|(lane, ..)| *lane == head.lane);
        end.map_or(head.last_seq != 0, |(_, seq, hash)| *seq != head.last_seq || *hash != head.last_hash)
    });
    Ok(forgot.map(|head| format!("lane {}: the chain does not end at batch {}", head.lane, head.last_seq)))
}

impl Open {
    fn begin(row: &Row) -> Open {
        let sealed = Sealed {
            batch_id: row.batch_id,
            seq: row.seq,
            prev_hash: row.prev_hash.clone(),
            hash: row.hash.clone(),
            commands: row.commands,
            sealed_at: row.sealed_at,
        };
        Open { lane: row.lane, seal: Seal::begin(&sealed), sealed, journal: None }
    }

    fn add(&mut self, row: &Row) {
        let (Some(journal_id), Some(posted_at)) = (row.journal_id, row.posted_at) else { return };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        if self.journal != Some(journal_id) {
            self.journal = Some(journal_id);
            self.seal.journal(&Facts {
                journal_id,
                kind: &text(&row.kind),
                source: &text(&row.source),
                agency_id: &text(&row.agency_id),
                channel: &text(&row.channel),
                payment_id: row.payment_id,
                invoice_id: row.invoice_id,
                posted_at,
            });
        }
        if let (Some(account), Some(amount_fils)) = (&row.account, row.amount_fils) {
            self.seal.entry(account, amount_fils);
        }
    }
}

impl Walk {
    /// Steps to the next batch; says what is wrong with it.
    fn take(&mut self, open: Open) -> Option<String> {
        if self.lane != Some(open.lane) {
            *self = Walk { lane: Some(open.lane), seq: 0, hash: vec![0; 32] };
        }
        let Open { sealed, seal, lane, .. } = open;
        let wrong = if sealed.seq != self.seq + 1 {
            Some("a batch before it is missing")
        } else if sealed.prev_hash != self.hash {
            Some("it does not follow the batch before it")
        } else if seal.end() != sealed.hash {
            Some("its entries are not those that were sealed")
        } else {
            None
        };
        self.seq = sealed.seq;
        self.hash = sealed.hash;
        wrong.map(|wrong| format!("batch {} (lane {lane}, number {}): {wrong}", sealed.batch_id, sealed.seq))
    }
}
