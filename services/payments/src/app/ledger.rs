//! Looking at the books: what an account stood at, and every change as it is sealed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use boot::{Clock, Problem};
use futures::{Stream, stream};
use ids::{AgencyId, PaymentId};
use money::Money;
use time::{Date, OffsetDateTime};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    Error, Payments,
    books::{self, Mark, Seal, day},
    store::{
        self,
        batch::{Batch, Journal},
        ledger::{Balance, StatementLine},
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

/// The longest statement, in days.
const STATEMENT_DAYS: i64 = 92;

/// What an agency was owed before, what came and went, and what it is owed after.
#[derive(Clone, Debug)]
pub struct Statement {
    pub account: String,
    pub opening: Money,
    pub lines: Vec<StatementLine>,
    pub closing: Money,
}

/// The statement of an agency over business days, both included.
///
/// # Errors
/// A `Problem` `period_invalid`; `Corrupt` when lines and balances do not fit each other; the database.
pub async fn statement(
    svc: &Payments,
    agency: &AgencyId,
    (from, to): (Date, Date),
) -> Result<Statement, Error> {
    if to < from || (to - from).whole_days() >= STATEMENT_DAYS {
        let detail =
            format!("A statement is over 1 to {STATEMENT_DAYS} days; the last is not before the first.");
        return Err(Problem::new(Code::InvalidArgument, "period_invalid", detail).field("to").into());
    }
    let account = format!("agency_payable:{agency}");
    let (begins, ends) = (day::begins(from), day::ends(to));
    // One snapshot for all of it: payments go on meanwhile.
    let mut tx = svc.pg.read().await?;
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(tx.conn()).await?;
    let opening = owed(store::ledger::balance_before(&mut tx, &account, begins).await?)?;
    let lines = store::ledger::statement(&mut tx, &account, (begins, ends)).await?;
    let closing = owed(store::ledger::balance_before(&mut tx, &account, ends).await?)?;
    tx.commit().await?;
    let after = lines.iter().try_fold(opening, |owed, line| {
        owed.checked_add(Money::fils(line.credit_fils))?.checked_sub(Money::fils(line.debit_fils))
    });
    if after.map_err(Problem::internal)? != closing {
        return Err(Error::Corrupt { table: "entry", id: account });
    }
    Ok(Statement { account, opening, lines, closing })
}

/// Where a payment's journals are sealed, and the place of the one that brought the money.
///
/// # Errors
/// `PaymentUnknown`; a `Problem` `payment_not_posted`; the database.
pub async fn seal(svc: &Payments, payment: PaymentId) -> Result<(Seal, Mark), Error> {
    let mut tx = svc.pg.read().await?;
    store::payment::by_id(&mut tx, payment).await?.ok_or(Error::PaymentUnknown)?;
    let seal = books::seal(&mut tx, payment.0).await?;
    tx.commit().await?;
    let mark = seal.mark().ok_or_else(|| {
        let detail = "No money of this payment is in the books yet.";
        Problem::new(Code::FailedPrecondition, "payment_not_posted", detail)
    })?;
    Ok((seal, mark))
}

/// What we owe by an account; nothing was ever posted to it: nothing.
fn owed(balance: Option<Balance>) -> Result<Money, Error> {
    let Some(balance) = balance else { return Ok(Money::fils(0)) };
    let owed = Money::fils(balance.credit_fils).checked_sub(Money::fils(balance.debit_fils));
    Ok(owed.map_err(Problem::internal)?)
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
