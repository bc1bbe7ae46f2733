//! Whether heads hold: by themselves, and against the rows.

use ed25519_dalek::VerifyingKey;
use pg::Tx;
use time::{Date, OffsetDateTime};

use super::{
    head::{Head, LaneEnd},
    sum::Sum,
};
use crate::{
    Error,
    books::{chain::Batch, day},
    merkle::Hash,
};

/// The first head that is not signed by one of `keys`, or does not follow the head before it.
pub fn chain_of(heads: &[Head], keys: &[VerifyingKey]) -> Option<String> {
    let mut before: Option<&Head> = None;
    for head in heads {
        let holds = head.check_signature(keys).and_then(|()| follows(head, before));
        if let Err(why) = holds {
            return Some(format!("head {}: {why}", head.date));
        }
        before = Some(head);
    }
    None
}

fn follows(head: &Head, before: Option<&Head>) -> Result<(), String> {
    match before {
        None if head.prev_head != Hash::default() => {
            return Err("it follows a head that is not here".to_owned());
        }
        Some(before) if head.prev_head != before.hash() => {
            return Err(format!("it does not follow the head of {}", before.date));
        }
        Some(before) if day::after(before.date) != Some(head.date) => {
            return Err(format!("it is not of the day after {}", before.date));
        }
        None | Some(_) => {}
    }
    let known = before.map(|before| before.lanes.as_slice()).unwrap_or_default();
    if let Some(gone) = known.iter().find(|was| head.range(was.lane).is_none()) {
        return Err(format!("lane {} is gone", gone.lane));
    }
    let goes_on = |end: &LaneEnd| {
        let was = known.iter().find(|was| was.lane == end.lane);
        let (seq, hash) = was.map(|was| (was.last_seq, was.last_hash)).unwrap_or_default();
        end.first_seq == seq + 1 && (end.last_seq > seq || end.last_seq == seq && end.last_hash == hash)
    };
    match head.lanes.iter().find(|end| !goes_on(end)) {
        Some(end) => Err(format!("lane {} does not go on where it ended the day before", end.lane)),
        None => Ok(()),
    }
}

/// The first day that is over and has no head.
pub async fn first_missing(
    tx: &mut Tx,
    heads: &[Head],
    now: OffsetDateTime,
) -> Result<Option<String>, Error> {
    let first = first_day(tx).await?.into_iter().chain(heads.first().map(|head| head.date)).min();
    let (Some(mut date), today) = (first, day::of(now)) else { return Ok(None) };
    while date < today {
        if heads.binary_search_by_key(&date, |head| head.date).is_err() {
            return Ok(Some(format!("there is no head of {date}")));
        }
        let Some(next) = day::after(date) else { break };
        date = next;
    }
    Ok(None)
}

/// The day on which the books begin.
pub(super) async fn first_day(tx: &mut Tx) -> Result<Option<Date>, Error> {
    let first = sqlx::query_scalar!("SELECT min(sealed_at) FROM posting_batch").fetch_one(tx.conn()).await?;
    Ok(first.map(day::of))
}

/// The sums that heads sign, computed again from the rows.
#[derive(Debug)]
pub struct Matches<'a> {
    days: Vec<(&'a Head, Sum)>,
}

impl<'a> Matches<'a> {
    pub fn of(heads: &'a [Head]) -> Matches<'a> {
        Matches { days: heads.iter().map(|head| (head, Sum::default())).collect() }
    }

    /// Takes the next batch of the walk. Batches after the last head are nobody's yet.
    pub fn add(&mut self, batch: &Batch) {
        let seq = batch.stored.seq;
        let later = |(head, _): &(&Head, Sum)| head.range(batch.lane).is_none_or(|(_, last)| last < seq);
        let at = self.days.partition_point(later);
        if let Some((_, sum)) = self.days.get_mut(at) {
            sum.add(batch);
        }
    }

    /// The first head whose day is no longer what was signed.
    pub fn first_bad(&self) -> Option<String> {
        self.days.iter().find_map(|(head, sum)| {
            let why = differs(head, sum)?;
            Some(format!("head {}: {why}", head.date))
        })
    }
}

fn differs(head: &Head, sum: &Sum) -> Option<String> {
    let with_batches = head.lanes.iter().filter(|end| end.first_seq <= end.last_seq);
    for LaneEnd { lane, last_seq, last_hash, .. } in with_batches {
        match sum.ends.get(lane) {
            Some((seq, hash)) if seq == last_seq && hash == last_hash => {}
            Some((seq, _)) if seq == last_seq => {
                return Some(format!("batch {last_seq} of lane {lane} is not the one that was signed"));
            }
            Some(_) | None => {
                return Some(format!("lane {lane} has lost batch {last_seq}, which was signed"));
            }
        }
    }
    let numbers = [
        ("batches", i128::from(head.batches), i128::from(sum.batches.size())),
        ("journals", i128::from(head.journals), i128::from(sum.journals)),
        ("fils debited", i128::from(head.debit_fils), sum.debit_fils),
    ];
    if let Some((what, signed, found)) = numbers.into_iter().find(|(_, signed, found)| signed != found) {
        return Some(format!("{signed} {what} were signed, the entries give {found}"));
    }
    (head.root != sum.batches.root()).then(|| "one of its batches is not the one that was signed".to_owned())
}
