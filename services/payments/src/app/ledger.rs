//! Looking at the books: what an account stood at, and every change as it is sealed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use boot::{Clock, Problem};
use futures::{Stream, stream};
use ids::AgencyId;
use time::OffsetDateTime;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    Error, Payments,
    store::{
        self,
        batch::{Batch, Journal},
        ledger::Balance,
    },
};

/// Batches of one lane that are read at once, each of up to `MIZAN_PAYMENTS_MAX_BATCH` journals.
const AT_ONCE: i64 = 16;
/// Who follows looks so often for what is new.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A sealed batch with its journals.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub batch: Batch,
    pub journals: Vec<Journal>,
}

/// What an account stood at, with everything until `at`.
///
/// # Errors
/// A `Problem`: no such account; the database.
pub async fn balance_at(svc: &Payments, account: &str, at: OffsetDateTime) -> Result<Balance, Error> {
    let mut tx = svc.pg.read().await?;
    let found = store::ledger::balance_before(&mut tx, account, at + time::Duration::MICROSECOND).await?;
    tx.rollback().await?;
    found.ok_or_else(|| {
        let detail = "Nothing was ever posted to this account: write it as the trial balance does.";
        Problem::new(Code::NotFound, "account_unknown", detail).field("account").into()
    })
}

/// Whose journals a reader sees, how far it has come, and whether it goes on.
#[derive(Clone, Debug)]
pub struct Reader {
    pub agency: Option<AgencyId>,
    /// The number of the last batch it has, by lane.
    pub marks: BTreeMap<i32, i64>,
    pub follow: bool,
}

/// Every batch after the reader's marks. It ends when all is read, or the service stops; with `follow` only then.
pub fn batches(svc: Payments, reader: Reader) -> impl Stream<Item = Result<Sealed, Status>> + Send {
    stream::try_unfold((svc, reader, VecDeque::new()), |(svc, mut reader, mut read)| async move {
        loop {
            if let Some(next) = read.pop_front() {
                return Ok(Some((next, (svc, reader, read))));
            }
            read = next(&svc, &mut reader).await?;
            if !read.is_empty() {
                continue;
            }
            if !reader.follow {
                return Ok(None);
            }
            let (stopping, clock) = (svc.tasks.stopping(), Clock::system());
            tokio::select! {
                () = clock.sleep(LOOK_EVERY) => {}
                () = stopping.cancelled() => return Ok(None),
            }
        }
    })
}

async fn next(svc: &Payments, reader: &mut Reader) -> Result<VecDeque<Sealed>, Error> {
    let marks: Vec<(i32, i64)> = reader.marks.iter().map(|(lane, seq)| (*lane, *seq)).collect();
    let mut tx = svc.pg.read().await?;
    let batches = store::batch::next(&mut tx, &marks, AT_ONCE).await?;
    let ids: Vec<_> = batches.iter().map(|batch| batch.batch_id).collect();
    let agency = reader.agency.as_ref().map(AgencyId::as_str);
    let mut journals: HashMap<Uuid, Vec<Journal>> = HashMap::new();
    for journal in store::batch::journals(&mut tx, &ids, agency).await? {
        journals.entry(journal.batch_id).or_default().push(journal);
    }
    tx.rollback().await?;
    reader.marks.extend(batches.iter().map(|batch| (batch.lane, batch.seq)));
    let sealed = batches.into_iter().map(|batch| {
        let journals = journals.remove(&batch.batch_id).unwrap_or_default();
        Sealed { batch, journals }
    });
    Ok(sealed.collect())
}
