//! Making the proof of a payment.

use std::path::Path;

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    BooksError,
    chain::{self, Ranges},
    day,
    error::refused,
    heads::{self, Found, Head},
    proof::{Batch, Entry, FORMAT, Journal, JournalProof, Proof, SEAL_FORMAT, Seal, SealedJournal},
    snapshot,
};
use crate::{
    Error,
    engine::seal,
    merkle::{self, Hash},
};

/// A journal of the payment, and where it is sealed.
struct Posted {
    journal: Journal,
    lane: i32,
    seq: i64,
    sealed_at: OffsetDateTime,
}

/// Makes the proof of a payment, which is named by its receipt number or its id.
///
/// # Errors
/// `Refused`: no such payment; it has no journal; the head of its day is not signed yet; the books do not fit the head.
pub async fn prove(database_url: &str, what: &str, heads_dir: &Path) -> Result<Proof, BooksError> {
    let Found { heads, first_bad } = heads::read_all(heads_dir)?;
    if let Some(bad) = first_bad {
        return refused(format!("{bad}; nothing can be proven by heads that do not hold"));
    }
    let mut tx = snapshot(database_url).await?;
    let payment_id = payment(&mut tx, what).await?;
    let mut journals = Vec::new();
    for found in journals_of(&mut tx, payment_id).await? {
        journals.push(way(&mut tx, found, &heads).await?);
    }
    if journals.is_empty() {
        return refused(format!("payment {payment_id} has moved no money: there is nothing to prove"));
    }
    Ok(Proof { format: FORMAT.to_owned(), payment_id, journals })
}

/// Where the journals of a payment are sealed; of one that moved nothing there are none.
///
/// # Errors
/// `Corrupt`: a batch is not as it was sealed; the database.
pub(crate) async fn seal(tx: &mut Tx, payment_id: Uuid) -> Result<Seal, Error> {
    let mut journals = Vec::new();
    for found in journals_of(tx, payment_id).await? {
        let id = found.journal.journal_id;
        let corrupt = || Error::Corrupt { table: "journal", id: id.to_string() };
        journals.push(sealed(tx, found).await?.ok_or_else(corrupt)?);
    }
    Ok(Seal { format: SEAL_FORMAT.to_owned(), payment_id, journals })
}

/// A journal with its way up to its batch; none: the batch is not as it was sealed.
async fn sealed(tx: &mut Tx, found: Posted) -> Result<Option<SealedJournal>, Error> {
    let Posted { journal, lane, seq, .. } = found;
    let Some(sealed) = batch(tx, lane, seq).await? else { return Ok(None) };
    let position = usize::try_from(journal.position - 1).unwrap_or(usize::MAX);
    let path_to_batch = merkle::path(&sealed.leaves, position);
    let prev_hash = Hash::stored(&sealed.stored.prev_hash);
    let (Some(path_to_batch), Some(prev_hash)) = (path_to_batch, prev_hash) else { return Ok(None) };
    let batch = Batch {
        batch_id: sealed.stored.batch_id,
        lane,
        seq,
        prev_hash,
        commands: sealed.stored.commands,
        sealed_at: sealed.stored.sealed_at,
        journals: sealed.journals.size(),
        journals_root: sealed.journals.root(),
        hash: sealed.hash,
    };
    Ok(Some(SealedJournal { journal, path_to_batch, batch }))
}

/// The payment with this receipt number or id.
pub(super) async fn payment(tx: &mut Tx, what: &str) -> Result<Uuid, BooksError> {
    let rows = sqlx::query_scalar!(
        "SELECT payment_id FROM payment
          WHERE payment_id = $1 OR receipt_number = $2
          ORDER BY payment_id LIMIT 2",
        what.parse::<Uuid>().ok(),
        what,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (Some(payment_id), None) => Ok(payment_id),
        (None, _) => refused(format!("no payment has the receipt number or id {what}")),
        (Some(_), Some(_)) => {
            refused(format!("several payments have the receipt number {what}: give the payment's id"))
        }
    }
}

async fn journals_of(tx: &mut Tx, payment_id: Uuid) -> Result<Vec<Posted>, Error> {
    let rows = sqlx::query!(
        r#"SELECT journal_id, position, kind, source, agency_id, channel, payment_id, invoice_id, posted_at,
                  lane, seq, sealed_at, line AS "line?", account AS "account?", amount_fils AS "amount_fils?"
             FROM journal
             JOIN posting_batch USING (batch_id)
             LEFT JOIN any_entry USING (journal_id)
            WHERE payment_id = $1
            ORDER BY sealed_at, lane, seq, position, journal_id, line"#,
        payment_id,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut journals: Vec<Posted> = Vec::new();
    for row in rows {
        if journals.last().is_none_or(|last| last.journal.journal_id != row.journal_id) {
            let journal = Journal {
                journal_id: row.journal_id,
                position: row.position,
                kind: row.kind,
                source: row.source,
                agency_id: row.agency_id,
                channel: row.channel,
                payment_id: row.payment_id,
                invoice_id: row.invoice_id,
                posted_at: row.posted_at,
                entries: Vec::new(),
            };
            journals.push(Posted { journal, lane: row.lane, seq: row.seq, sealed_at: row.sealed_at });
        }
        if let (Some(last), Some(line), Some(account), Some(amount_fils)) =
            (journals.last_mut(), row.line, row.account, row.amount_fils)
        {
            last.journal.entries.push(Entry { line, account, amount_fils });
        }
    }
    Ok(journals)
}

/// The way of a journal up to its head.
async fn way(tx: &mut Tx, found: Posted, heads: &[Head]) -> Result<JournalProof, BooksError> {
    let (lane, seq, sealed_at) = (found.lane, found.seq, found.sealed_at);
    let has = |head: &&Head| head.range(lane).is_some_and(|(after, upto)| after < seq && seq <= upto);
    let Some(head) = heads.iter().find(has) else {
        let date = day::of(sealed_at);
        return refused(format!(
            "the head of {date} is not signed yet: it can be proven from {} on, after \
             `mizan ledger sign-heads --date {date}`",
            day::show(day::ends(date))
        ));
    };
    let broken = || {
        let why = "the books do not fit the signed head of";
        BooksError::Refused(format!("{why} {}: see `mizan ledger verify --heads-dir`", head.date))
    };
    let SealedJournal { journal, path_to_batch, batch } = sealed(tx, found).await?.ok_or_else(broken)?;
    let day = day_leaves(tx, head).await?;
    let (place, _) = batch.place_in(head).ok_or_else(broken)?;
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    let path_to_day = merkle::path(&day, place).ok_or_else(broken)?;
    let proof = JournalProof { journal, path_to_batch, batch, path_to_day, head: head.clone() };
    proof.check_way().map(|()| proof).map_err(|_misfit| broken())
}

async fn batch(tx: &mut Tx, lane: i32, seq: i64) -> Result<Option<chain::Batch>, Error> {
    let mut one = Ranges::default();
    one.add(lane, seq - 1, seq + 1);
    let mut found = None;
    one.walk(tx, |batch| found = Some(batch)).await?;
    Ok(found)
}

async fn day_leaves(tx: &mut Tx, head: &Head) -> Result<Vec<Hash>, Error> {
    let lanes: Vec<i32> = head.lanes.iter().map(|end| end.lane).collect();
    let first: Vec<i64> = head.lanes.iter().map(|end| end.first_seq).collect();
    let last: Vec<i64> = head.lanes.iter().map(|end| end.last_seq).collect();
    let hashes = sqlx::query_scalar!(
        "SELECT hash
           FROM posting_batch
           JOIN UNNEST($1::int[], $2::bigint[], $3::bigint[]) AS day (lane, first_seq, last_seq)
             ON posting_batch.lane = day.lane AND seq BETWEEN first_seq AND last_seq
          ORDER BY posting_batch.lane, seq",
        &lanes,
        &first,
        &last,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(hashes.iter().map(|hash| seal::day_leaf(Hash::stored(hash).unwrap_or_default())).collect())
}
