//! Signing a day that is over.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use ed25519_dalek::VerifyingKey;
use pg::Tx;
use time::{Date, OffsetDateTime};

use super::{
    SignedHeads, check,
    file::{self, Found},
    head::{Head, LaneEnd},
    key, public_keys,
    sum::Sum,
};
use crate::{
    Error,
    books::{
        BooksError,
        chain::{Chain, Ranges},
        day,
        error::refused,
        snapshot,
    },
    merkle::Hash,
};

/// A day to sign.
#[derive(Clone, Debug)]
pub struct Sign {
    pub date: Date,
    /// The private key, PKCS 8 in PEM.
    pub key: PathBuf,
    /// The folder, and the public keys of earlier heads that another key has signed.
    pub heads: SignedHeads,
}

/// A day that is signed.
#[derive(Clone, Debug)]
pub struct Signed {
    pub head: Head,
    /// Its file, when it was written just now.
    pub written: Option<PathBuf>,
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { date, batches, journals, root, .. } = &self.head;
        match &self.written {
            Some(path) => {
                write!(f, "{date}: {batches} batches, {journals} journals, root {root}: {}", path.display())
            }
            None => write!(f, "{date}: was signed before, and is unchanged"),
        }
    }
}

/// Signs the head of a day. The same day again changes nothing.
///
/// # Errors
/// The day is not over, is signed already and differently, or does not follow the last head; the books or the heads do not
/// hold; something cannot be read or written.
pub async fn sign_heads(database_url: &str, sign: &Sign, now: OffsetDateTime) -> Result<Signed, BooksError> {
    let Sign { date, heads: SignedHeads { dir, public_keys: known }, .. } = sign;
    if now < day::ends(*date) {
        let ends = day::show(day::ends(*date));
        return refused(format!("{date} is not over: sign it from {ends} on"));
    }
    let key = key::private(&sign.key)?;
    let mut keys = public_keys(known)?;
    keys.push(key.verifying_key());
    let heads = heads_that_hold(dir, &keys)?;
    let mut tx = snapshot(database_url).await?;
    if let Ok(at) = heads.binary_search_by_key(date, |head| head.date)
        && let (upto, Some(head)) = (heads.split_at(at).0, heads.get(at))
    {
        return signed_before(&mut tx, head, upto.last()).await;
    }
    let last = heads.last();
    let wanted = match last {
        Some(head) => day::after(head.date),
        None => check::first_day(&mut tx).await?,
    };
    match wanted {
        None => return refused("there is nothing to sign: the books have no batch"),
        Some(wanted) if wanted != *date => {
            return refused(format!("{date} would leave a gap: the next day to sign is {wanted}"));
        }
        Some(_) => {}
    }
    let facts = facts(&mut tx, *date, last).await?;
    let head = Head::sign(facts, &key);
    let written = Some(file::write(dir, &head)?);
    Ok(Signed { head, written })
}

fn heads_that_hold(dir: &Path, keys: &[VerifyingKey]) -> Result<Vec<Head>, BooksError> {
    let Found { heads, first_bad } = file::read_all(dir)?;
    match first_bad.or_else(|| check::chain_of(&heads, keys)) {
        Some(bad) => refused(format!("{bad}; nothing is signed after heads that do not hold")),
        None => Ok(heads),
    }
}

async fn signed_before(tx: &mut Tx, head: &Head, before: Option<&Head>) -> Result<Signed, BooksError> {
    let mut ranges = Ranges::default();
    for LaneEnd { lane, first_seq, last_seq, .. } in &head.lanes {
        ranges.add(*lane, first_seq - 1, last_seq + 1);
    }
    let mut matches = check::Matches::of(std::slice::from_ref(head));
    let mut chain = Chain::after(ends(before));
    ranges
        .walk(tx, |batch| {
            chain.add(&batch);
            matches.add(&batch);
        })
        .await?;
    match matches.first_bad().or(chain.first_bad()) {
        Some(bad) => refused(format!("{} was signed already, and differently: {bad}", head.date)),
        None => Ok(Signed { head: head.clone(), written: None }),
    }
}

/// What there is to sign of a day, from the rows.
async fn facts(tx: &mut Tx, date: Date, last: Option<&Head>) -> Result<Head, BooksError> {
    let mut chain = Chain::after(ends(last));
    let mut sum = Sum::default();
    let ranges = of_day(tx, date, last).await?;
    ranges
        .walk(tx, |batch| {
            chain.add(&batch);
            sum.add(&batch);
        })
        .await?;
    if let Some(bad) = chain.first_bad() {
        return refused(format!("{bad}; nothing is signed of books that do not hold: `mizan ledger verify`"));
    }
    let lanes = ranges.lanes().map(|(lane, after)| {
        let before = last.and_then(|head| head.lanes.iter().find(|end| end.lane == lane));
        let before = before.map_or((0, Hash::default()), |end| (end.last_seq, end.last_hash));
        let (last_seq, last_hash) = sum.ends.get(&lane).copied().unwrap_or(before);
        LaneEnd { lane, first_seq: after + 1, last_seq, last_hash }
    });
    let Ok(debit_fils) = i64::try_from(sum.debit_fils) else {
        return refused(format!("the debits of {date} are more than a head can hold"));
    };
    Ok(Head {
        format: String::new(),
        date,
        lanes: lanes.collect(),
        batches: sum.batches.size(),
        root: sum.batches.root(),
        journals: sum.journals,
        debit_fils,
        prev_head: last.map(Head::hash).unwrap_or_default(),
        key_id: String::new(),
        signature: String::new(),
    })
}

fn ends(head: Option<&Head>) -> impl Iterator<Item = (i32, (i64, Hash))> {
    let lanes = head.map(|head| head.lanes.as_slice()).unwrap_or_default();
    lanes.iter().map(|end| (end.lane, (end.last_seq, end.last_hash)))
}

/// A lane's part of a day goes on from the last head up to where the closed day ended, or else to the first batch of a later
/// day. A batch that comes after that with an
/// earlier time, from a replica whose clock is behind, is part of the next head: so no batch is left out.
async fn of_day(tx: &mut Tx, date: Date, last: Option<&Head>) -> Result<Ranges, Error> {
    let known = last.map(|head| head.lanes.as_slice()).unwrap_or_default();
    let lanes: Vec<i32> = known.iter().map(|end| end.lane).collect();
    let seqs: Vec<i64> = known.iter().map(|end| end.last_seq).collect();
    let rows = sqlx::query!(
        r#"WITH signed AS (SELECT * FROM UNNEST($1::int[], $2::bigint[]) AS head (lane, last_seq)),
                known AS (SELECT lane FROM lane UNION SELECT lane FROM signed),
                begun AS (SELECT lane, coalesce(last_seq, 0) AS after_seq FROM known LEFT JOIN signed USING (lane))
           SELECT lane AS "lane!", after_seq AS "after_seq!",
                  coalesce((SELECT last_seq + 1 FROM day_close_lane
                             WHERE day_close_lane.lane = begun.lane AND business_date = $4 AND last_seq >= after_seq),
                           (SELECT seq FROM posting_batch
                             WHERE posting_batch.lane = begun.lane AND seq > after_seq AND sealed_at >= $3
                             ORDER BY seq LIMIT 1)) AS before_seq
             FROM begun
            ORDER BY lane"#,
        &lanes,
        &seqs,
        day::ends(date),
        date,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut ranges = Ranges::default();
    for row in rows {
        ranges.add(row.lane, row.after_seq, row.before_seq.unwrap_or(i64::MAX));
    }
    Ok(ranges)
}
