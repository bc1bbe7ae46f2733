//! What a batch reads before it is folded, and writes after.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use boot::Ids;
use ids::{AdjustmentId, AttemptId, BatchId, CreditId, DisputeId, InvoiceId, PaymentId, RefundId};
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Job;
use crate::{
    Error,
    domain::{
        Changes, World,
        case::Case,
        journal::Journal,
        needs::Needs,
        world::{Ask, CashRow, ExceptionUse, Told, Work},
    },
    events,
    store::{self, idempotency},
};

/// First answers by (scope, key).
pub(super) type First = HashMap<(String, String), idempotency::Answer>;

/// Every row the commands of a batch may touch.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub world: World,
    pub first: First,
    pub before: Before,
}

/// The versions of what was read.
#[derive(Debug, Default)]
pub(super) struct Before {
    receivables: HashMap<InvoiceId, i64>,
    payments: HashMap<PaymentId, i64>,
    attempts: HashMap<AttemptId, i64>,
    refunds: HashMap<RefundId, i64>,
    disputes: HashMap<DisputeId, i64>,
    credits: HashMap<CreditId, i64>,
    adjustments: HashMap<AdjustmentId, i64>,
}

/// Reads and locks what the commands need: always the same order of tables, and of ids within each.
pub(super) async fn load(tx: &mut Tx, jobs: &[Job]) -> Result<Loaded, Error> {
    let needs = Needs::of(jobs.iter().map(|job| &job.command));
    let mut loaded = Loaded::default();
    let (world, before) = (&mut loaded.world, &mut loaded.before);
    for row in store::receivable::lock(tx, &needs.invoices, &needs.bills).await? {
        before.receivables.insert(row.invoice_id, row.version);
        world.put_receivable(row);
    }
    world.movements.extend(store::payment::movements(tx, &needs.movements).await?);
    let mut payments = needs.payments;
    payments.extend(world.movements.values().map(|payment| payment.0));
    for row in store::payment::lock(tx, &payments).await? {
        before.payments.insert(row.id, row.version);
        world.payments.insert(row.id, row);
    }
    for row in store::attempt::lock(tx, &needs.attempts).await? {
        before.attempts.insert(row.id, row.version);
        world.attempts.insert(row.id, row);
    }
    for row in store::credit::lock(tx, &needs.credits).await? {
        before.credits.insert(row.id, row.version);
        world.credits.insert(row.id, row);
    }
    for row in store::refund::lock(tx, &needs.refunds).await? {
        before.refunds.insert(row.id, row.version);
        world.refunds.insert(row.id, row);
    }
    for row in store::dispute::lock(tx, &needs.disputes).await? {
        before.disputes.insert(row.id, row.version);
        world.disputes.insert(row.id, row);
    }
    for row in store::adjustment::lock(tx, &needs.adjustments).await? {
        before.adjustments.insert(row.id, row.version);
        world.adjustments.insert(row.id, row);
    }
    world.fences.extend(store::work::lock(tx, &needs.work).await?);
    world.cash.extend(store::cash::booked(tx, &needs.cash).await?);
    world.closed.extend(store::cash::closed(tx, &needs.sessions).await?);
    // Last: a twin at another replica waited above for the first one's rows, and must see the answer it left.
    let keys = jobs.iter().filter_map(|job| job.key.as_ref());
    let keys: Vec<_> = keys.map(|key| (key.scope.clone(), key.key.clone())).collect();
    for answer in idempotency::find(tx, &keys).await? {
        loaded.first.insert((answer.scope.clone(), answer.key.clone()), answer);
    }
    Ok(loaded)
}

/// Everything a batch writes.
#[derive(Debug, Default)]
pub(super) struct Writes {
    receivables: BTreeSet<InvoiceId>,
    payments: BTreeSet<PaymentId>,
    attempts: BTreeSet<AttemptId>,
    refunds: BTreeSet<RefundId>,
    disputes: BTreeSet<DisputeId>,
    credits: BTreeSet<CreditId>,
    adjustments: BTreeSet<AdjustmentId>,
    pub journals: Vec<Journal>,
    cases: Vec<Case>,
    cash: Vec<CashRow>,
    exception_uses: Vec<ExceptionUse>,
    work: BTreeMap<Uuid, (Work, Option<String>)>,
    told: Vec<(Told, Option<String>)>,
    /// In which trace each payment took its step.
    traces: HashMap<PaymentId, String>,
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

    /// Adds what one command changed, and makes it part of the world that the next one sees.
    pub fn add(&mut self, mut changes: Changes, traceparent: Option<&String>) {
        self.receivables.extend(changes.receivables.iter().map(|row| row.invoice_id));
        self.payments.extend(changes.payments.iter().map(|row| row.id));
        if let Some(trace_id) = traceparent.and_then(|traceparent| traceparent.split('-').nth(1)) {
            self.traces.extend(changes.payments.iter().map(|row| (row.id, trace_id.to_owned())));
        }
        self.attempts.extend(changes.attempts.iter().map(|row| row.id));
        self.refunds.extend(changes.refunds.iter().map(|row| row.id));
        self.disputes.extend(changes.disputes.iter().map(|row| row.id));
        self.credits.extend(changes.credits.iter().map(|row| row.id));
        self.adjustments.extend(changes.adjustments.iter().map(|row| row.id));
        self.world.absorb(&mut changes);
        self.journals.extend(changes.journals);
        self.cases.extend(changes.cases);
        self.cash.extend(changes.cash);
        self.exception_uses.extend(changes.exception_uses);
        if let Some(work) = changes.work {
            self.work.insert(work.id, (work, traceparent.cloned()));
        }
        self.told.extend(changes.told.into_iter().map(|told| (told, traceparent.cloned())));
    }

    /// Refusals and replays write nothing.
    pub fn is_empty(&self) -> bool {
        self.receivables.is_empty()
            && self.payments.is_empty()
            && self.attempts.is_empty()
            && self.refunds.is_empty()
            && self.disputes.is_empty()
            && self.credits.is_empty()
            && self.adjustments.is_empty()
            && self.journals.is_empty()
            && self.cases.is_empty()
            && self.cash.is_empty()
            && self.work.is_empty()
            && self.told.is_empty()
            && self.first.is_empty()
    }

    /// Whether somebody must be asked something now. What is due later the worker finds by itself.
    pub fn leaves_work(&self, now: OffsetDateTime) -> bool {
        self.work.values().any(|(work, _)| matches!(work.ask, Ask::For(_, due_at) if due_at <= now))
    }

    /// The channel and the step of each payment that took one.
    pub fn steps(&self) -> Vec<(&'static str, &'static str)> {
        let of_payment = |told: &Told| match told {
            Told::Payment { what, payment, .. } => Some((payment.by.channel(), *what)),
            Told::Receivable { .. }
            | Told::Refund { .. }
            | Told::Dispute { .. }
            | Told::Credit { .. }
            | Told::Case(_) => None,
        };
        self.told.iter().filter_map(|(told, _)| of_payment(told)).collect()
    }

    /// Writes it, a statement a table.
    pub async fn store(mut self: Box<Self>, tx: &mut Tx, at: At<'_>) -> Result<(), pg::Error> {
        self.store_rows(tx).await?;
        store::journal::insert(tx, &self.journals, at.batch_id.0).await?;
        store::journal::add_to_balances(tx, &self.journals, at.stripe).await?;
        store::case::insert(tx, &self.cases).await?;
        store::cash::insert(tx, &self.cash).await?;
        store::channel::insert_uses(tx, &self.exception_uses).await?;
        let work: Vec<_> = self.work.into_values().collect();
        store::work::save(tx, &work, at.now).await?;
        self.first.sort_by(|a, b| (&a.scope, &a.key).cmp(&(&b.scope, &b.key)));
        idempotency::keep(tx, &self.first, at.batch_id.0, at.now).await?;
        let told = self.told.into_iter();
        let told = told.map(|(told, traceparent)| (events::event(&told, at.ids.uuid(at.now)), traceparent));
        bus::outbox::push_traced(tx, told.collect(), at.now).await
    }

    async fn store_rows(&self, tx: &mut Tx) -> Result<(), pg::Error> {
        let (world, before) = (&self.world, &self.before);
        let (new, changed) = sorted(&self.receivables, &world.receivables, &before.receivables);
        store::receivable::insert(tx, &new).await?;
        store::receivable::update(tx, &changed).await?;
        let (new, changed) = sorted(&self.payments, &world.payments, &before.payments);
        store::payment::insert(tx, &new, &self.traces).await?;
        store::payment::update(tx, &changed, &self.traces).await?;
        let (new, mut changed) = sorted(&self.attempts, &world.attempts, &before.attempts);
        changed.retain(|(before, attempt)| *before != attempt.version);
        store::attempt::insert(tx, &new).await?;
        store::attempt::update(tx, &changed).await?;
        let (new, changed) = sorted(&self.credits, &world.credits, &before.credits);
        store::credit::insert(tx, &new).await?;
        store::credit::update(tx, &changed).await?;
        let (new, changed) = sorted(&self.refunds, &world.refunds, &before.refunds);
        store::refund::insert(tx, &new).await?;
        store::refund::update(tx, &changed).await?;
        let (new, changed) = sorted(&self.disputes, &world.disputes, &before.disputes);
        store::dispute::insert(tx, &new).await?;
        store::dispute::update(tx, &changed).await?;
        let (new, changed) = sorted(&self.adjustments, &world.adjustments, &before.adjustments);
        store::adjustment::insert(tx, &new).await?;
        store::adjustment::update(tx, &changed).await
    }
}

/// Rows that are new, and rows that are changed with the version that was read; both in the order of their ids.
type Sorted<'a, T> = (Vec<&'a T>, Vec<(i64, &'a T)>);

fn sorted<'a, I: Eq + Hash, T>(
    touched: &BTreeSet<I>,
    rows: &'a HashMap<I, T>,
    before: &HashMap<I, i64>,
) -> Sorted<'a, T> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for (id, row) in touched.iter().filter_map(|id| rows.get(id).map(|row| (id, row))) {
        match before.get(id) {
            None => new.push(row),
            Some(version) => changed.push((*version, row)),
        }
    }
    (new, changed)
}
