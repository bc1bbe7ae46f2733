//! What a batch reads before it is folded, and writes after.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use boot::Ids;
use ids::{AttemptId, BatchId, InvoiceId, PaymentId};
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Job;
use crate::{
    Error,
    domain::{
        Changes, Command, World,
        attempt::Attempt,
        case::Case,
        command::CashKey,
        journal::Journal,
        payment::{self, Payment},
        receivable::Receivable,
        world::{CashRow, Told, Work},
    },
    events,
    store::{self, idempotency},
};

/// Every row the commands of a batch may touch.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub world: World,
    /// First answers by (scope, key).
    pub first: HashMap<(String, String), idempotency::Answer>,
    pub before: Before,
}

/// The versions of what was read.
#[derive(Debug, Default)]
pub(super) struct Before {
    receivables: HashMap<InvoiceId, i64>,
    payments: HashMap<PaymentId, i64>,
    attempts: HashMap<AttemptId, i64>,
}

#[derive(Default)]
struct Needs {
    keys: Vec<(String, String)>,
    invoices: Vec<Uuid>,
    bills: Vec<String>,
    payments: Vec<Uuid>,
    attempts: Vec<Uuid>,
    cash: Vec<CashKey>,
    sessions: Vec<(String, String)>,
}

impl Needs {
    fn of(jobs: &[Job]) -> Needs {
        let mut needs = Needs::default();
        for job in jobs {
            if let Some(key) = &job.key {
                needs.keys.push((key.scope.clone(), key.key.clone()));
            }
            match &job.command {
                Command::Open(open) => {
                    needs.invoices.push(open.invoice_id.0);
                    needs.bills.push(open.bill_reference.clone());
                }
                Command::Start(start) => needs.bills.push(start.bill_reference.clone()),
                Command::Record(record) => {
                    needs.invoices.push(record.invoice_id.0);
                    needs.payments.push(record.payment_id.0);
                    needs.attempts.push(record.attempt_id.0);
                }
                Command::Stack(stack) => needs.cash.push(stack.key.clone()),
                Command::Close(close) => {
                    needs.cash.push(close.key.clone());
                    needs.bills.push(close.bill_reference.clone());
                    needs.sessions.push((close.key.device.0.clone(), close.session_id.clone()));
                }
            }
        }
        needs
    }
}

/// Reads and locks what the commands need: always the same order of tables, and of ids within each.
pub(super) async fn load(tx: &mut Tx, jobs: &[Job]) -> Result<Loaded, Error> {
    let needs = Needs::of(jobs);
    let mut loaded = Loaded::default();
    for answer in idempotency::find(tx, &needs.keys).await? {
        loaded.first.insert((answer.scope.clone(), answer.key.clone()), answer);
    }
    if !needs.invoices.is_empty() || !needs.bills.is_empty() {
        for receivable in store::receivable::lock(tx, &needs.invoices, &needs.bills).await? {
            loaded.before.receivables.insert(receivable.invoice_id, receivable.version);
            loaded.world.put_receivable(receivable);
        }
    }
    for payment in store::payment::lock(tx, &needs.payments).await? {
        loaded.before.payments.insert(payment.id, payment.version);
        loaded.world.payments.insert(payment.id, payment);
    }
    for attempt in store::attempt::lock(tx, &needs.attempts).await? {
        loaded.before.attempts.insert(attempt.id, attempt.version);
        loaded.world.attempts.insert(attempt.id, attempt);
    }
    loaded.world.fences.extend(store::work::lock(tx, &needs.attempts).await?);
    loaded.world.cash.extend(store::cash::booked(tx, &needs.cash).await?);
    loaded.world.closed.extend(store::cash::closed(tx, &needs.sessions).await?);
    Ok(loaded)
}

/// Everything a batch writes.
#[derive(Debug, Default)]
pub(super) struct Writes {
    receivables: BTreeSet<InvoiceId>,
    payments: BTreeSet<PaymentId>,
    attempts: BTreeSet<AttemptId>,
    pub journals: Vec<Journal>,
    cases: Vec<Case>,
    cash: Vec<CashRow>,
    work: BTreeMap<AttemptId, (Work, Option<String>)>,
    told: Vec<(Told, Option<String>)>,
    pub first: Vec<idempotency::Answer>,
    pub world: World,
    pub before: Before,
}

/// Where and when a batch is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub batch_id: BatchId,
    pub stripe: i32,
    pub now: OffsetDateTime,
    pub ids: &'a Ids,
}

impl Writes {
    /// Nothing yet, over what was read.
    pub fn over(world: World, before: Before) -> Writes {
        Writes { world, before, ..Writes::default() }
    }

    /// Adds what one command changed.
    pub fn add(&mut self, changes: Changes, traceparent: Option<&String>) {
        self.receivables.extend(changes.receivable.map(|row| row.invoice_id));
        self.payments.extend(changes.payment.map(|row| row.id));
        self.attempts.extend(changes.attempt.map(|row| row.id));
        self.journals.extend(changes.journal);
        self.cases.extend(changes.case);
        self.cash.extend(changes.cash);
        if let Some(work) = changes.work {
            self.work.insert(work.attempt_id, (work, traceparent.cloned()));
        }
        self.told.extend(changes.told.into_iter().map(|told| (told, traceparent.cloned())));
    }

    /// Refusals and replays write nothing.
    pub fn is_empty(&self) -> bool {
        self.receivables.is_empty()
            && self.payments.is_empty()
            && self.attempts.is_empty()
            && self.journals.is_empty()
            && self.cases.is_empty()
            && self.cash.is_empty()
            && self.work.is_empty()
            && self.told.is_empty()
            && self.first.is_empty()
    }

    /// Writes it, a statement a table. The batch's row is there already.
    pub async fn store(mut self: Box<Self>, tx: &mut Tx, at: At<'_>) -> Result<(), pg::Error> {
        self.store_rows(tx).await?;
        store::journal::insert(tx, &self.journals, at.batch_id.0).await?;
        store::journal::add_to_balances(tx, &self.journals, at.stripe).await?;
        store::case::insert(tx, &self.cases).await?;
        store::cash::insert(tx, &self.cash).await?;
        let work: Vec<_> = self.work.into_values().collect();
        store::work::save(tx, &work, at.now).await?;
        self.first.sort_by(|a, b| (&a.scope, &a.key).cmp(&(&b.scope, &b.key)));
        idempotency::keep(tx, &self.first, at.batch_id.0, at.now).await?;
        let told = self.told.into_iter();
        let told = told.map(|(told, traceparent)| (events::event(&told, at.ids.uuid(at.now)), traceparent));
        bus::outbox::push_traced(tx, told.collect(), at.now).await
    }

    async fn store_rows(&self, tx: &mut Tx) -> Result<(), pg::Error> {
        let (mut new, mut changed): (Vec<&Receivable>, Vec<(i64, &Receivable)>) = (vec![], vec![]);
        for row in self.receivables.iter().filter_map(|id| self.world.receivables.get(id)) {
            match self.before.receivables.get(&row.invoice_id) {
                None => new.push(row),
                Some(before) => changed.push((*before, row)),
            }
        }
        store::receivable::insert(tx, &new).await?;
        store::receivable::update(tx, &changed).await?;

        let (mut new, mut changed): (Vec<&Payment>, Vec<(i64, &Payment)>) = (vec![], vec![]);
        for row in self.payments.iter().filter_map(|id| self.world.payments.get(id)) {
            match self.before.payments.get(&row.id) {
                None => {
                    new.push(row);
                    // New rows are written as `created`; cash is captured at once.
                    if row.state != payment::State::Created {
                        changed.push((1, row));
                    }
                }
                Some(before) => changed.push((*before, row)),
            }
        }
        store::payment::insert(tx, &new).await?;
        store::payment::update(tx, &changed).await?;

        let (mut new, mut changed): (Vec<&Attempt>, Vec<(i64, &Attempt)>) = (vec![], vec![]);
        for row in self.attempts.iter().filter_map(|id| self.world.attempts.get(id)) {
            match self.before.attempts.get(&row.id) {
                None => new.push(row),
                Some(before) if *before != row.version => changed.push((*before, row)),
                Some(_unchanged) => {}
            }
        }
        store::attempt::insert(tx, &new).await?;
        store::attempt::update(tx, &changed).await
    }
}
