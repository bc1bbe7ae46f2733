//! A Postgres of the simulator's own: committed rows, row locks, the constraints of the migrations, work and its claims.

use std::collections::{BTreeMap, BTreeSet};

use ids::Uuid;
use payments::domain::{
    World,
    case::Case,
    journal::{Account, Journal},
    payment,
    receivable::{self, Receivable},
    world::{Ask, Question, Told, Work},
};
use time::{Duration, OffsetDateTime};

use super::{
    lane::Batch,
    needs::{Needs, Row},
    plan::Rule,
};

/// A stripe that nobody renews is free after this.
const LEASE: Duration = Duration::seconds(10);

/// A row of `work`.
#[derive(Clone, Debug)]
pub struct Item {
    pub question: Question,
    pub due_at: OffsetDateTime,
    pub claimed_until: Option<OffsetDateTime>,
    pub fence: i64,
    pub hints: i32,
    pub hints_seen: i32,
}

/// A first answer, and the batch that kept it.
#[derive(Clone, Debug)]
pub struct First {
    pub body: String,
    pub reply: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub stripe: i32,
    fence: i64,
}

#[derive(Debug)]
pub struct Store {
    without: Option<Rule>,
    pub world: World,
    pub work: BTreeMap<Uuid, Item>,
    last_fence: i64,
    pub first: BTreeMap<(String, String), First>,
    pub journals: Vec<Journal>,
    pub sources: BTreeSet<String>,
    /// Debits and credits by account and stripe.
    /// By account and stripe, posted and pending.
    pub balances: BTreeMap<(Account, i32), [(i64, i64); 2]>,
    pub cases: BTreeMap<(&'static str, String), Case>,
    pub outbox: Vec<Told>,
    /// Which of the outbox the broker has acknowledged.
    pub published: BTreeSet<usize>,
    kept: BTreeSet<u64>,
    stripes: BTreeMap<i32, (i64, OffsetDateTime)>,
    locks: BTreeMap<Row, usize>,
    /// Answers of providers that were written, by item and claim, in their order.
    pub accepted: Vec<(Uuid, i64)>,
}

impl Store {
    pub fn new(without: Option<Rule>) -> Store {
        Store {
            without,
            world: World::default(),
            work: BTreeMap::new(),
            last_fence: 0,
            first: BTreeMap::new(),
            journals: Vec::new(),
            sources: BTreeSet::new(),
            balances: BTreeMap::new(),
            cases: BTreeMap::new(),
            outbox: Vec::new(),
            published: BTreeSet::new(),
            kept: BTreeSet::new(),
            stripes: BTreeMap::new(),
            locks: BTreeMap::new(),
            accepted: Vec::new(),
        }
    }

    /// Holds a stripe and renews it; false when somebody else took it meanwhile.
    pub fn hold(&mut self, lease: Lease, now: OffsetDateTime) -> bool {
        let held = self.stripes.get_mut(&lease.stripe).filter(|(fence, _)| *fence == lease.fence);
        held.is_some_and(|(_, until)| {
            *until = now + LEASE;
            true
        })
    }

    pub fn take_stripe(&mut self, now: OffsetDateTime) -> Lease {
        let free = self.stripes.iter_mut().find(|(_, (_, until))| *until < now);
        if let Some((stripe, (fence, until))) = free {
            (*fence, *until) = (*fence + 1, now + LEASE);
            return Lease { stripe: *stripe, fence: *fence };
        }
        let stripe = self.stripes.last_key_value().map_or(0, |(last, _)| last + 1);
        self.stripes.insert(stripe, (1, now + LEASE));
        Lease { stripe, fence: 1 }
    }

    /// Locks the rows that exist; false, and nothing locked, when another transaction has one of them.
    pub fn lock(&mut self, lane: usize, needs: &Needs) -> bool {
        if self.without == Some(Rule::RowsAreLocked) {
            return true;
        }
        let theirs = |row: &Row| self.locks.get(row).is_some_and(|owner| *owner != lane);
        if needs.rows.iter().any(theirs) {
            return false;
        }
        let here: Vec<Row> = needs.rows.iter().copied().filter(|row| self.exists(*row)).collect();
        self.locks.extend(here.into_iter().map(|row| (row, lane)));
        true
    }

    pub fn unlock(&mut self, lane: usize) {
        self.locks.retain(|_, owner| *owner != lane);
    }

    fn exists(&self, row: Row) -> bool {
        self.version(row).is_some() || matches!(row, Row::Work(id) if self.work.contains_key(&id))
    }

    pub fn version(&self, row: Row) -> Option<i64> {
        version(&self.world, row)
    }

    pub fn was_kept(&self, batch: u64) -> bool {
        self.kept.contains(&batch)
    }

    /// Writes a batch, or names the constraint it breaks.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), &'static str> {
        self.check(batch)?;
        for row in batch.touched.keys() {
            self.put(&batch.world, *row);
        }
        for journal in &batch.journals {
            self.sources.insert(journal.source.clone());
            for entry in &journal.entries {
                let fils = entry.amount.minor_units();
                let [posted, pending] =
                    self.balances.entry((entry.account.clone(), batch.stripe)).or_default();
                let sums = if journal.is_pending() { pending } else { posted };
                *sums = (sums.0 + fils.max(0), sums.1 + (-fils).max(0));
            }
        }
        self.journals.extend(batch.journals.iter().cloned());
        self.cases
            .extend(batch.cases.iter().map(|case| ((case.kind.name(), case.source.clone()), case.clone())));
        for row in &batch.cash {
            self.world.cash.insert(row.key.clone());
            if row.kind == "closed" {
                self.world.closed.insert((row.key.device.0.clone(), row.session_id.clone()));
            }
        }
        for work in batch.work.values() {
            self.save_work(work, batch.now);
        }
        if self.without != Some(Rule::AnswersAreKept) {
            self.first.extend(batch.first.iter().cloned());
        }
        if self.without != Some(Rule::EventsAreInTheTransaction) {
            self.outbox.extend(batch.told.iter().cloned());
        }
        self.accepted.extend(batch.accepted.iter().copied());
        self.kept.insert(batch.id);
        Ok(())
    }

    fn put(&mut self, from: &World, row: Row) {
        match row {
            Row::Receivable(id) => {
                if let Some(row) = from.receivables.get(&id.into()) {
                    self.world.put_receivable(row.clone());
                }
            }
            Row::Payment(id) => {
                let Some(row) = from.payments.get(&id.into()) else { return };
                if let payment::By::Direct { provider, provider_reference, .. } = &row.by {
                    self.world.movements.insert((provider.clone(), provider_reference.clone()), row.id);
                }
                self.world.payments.insert(row.id, row.clone());
            }
            Row::Attempt(id) => {
                self.world.attempts.extend(from.attempts.get(&id.into()).map(|row| (row.id, row.clone())));
            }
            Row::Refund(id) => {
                self.world.refunds.extend(from.refunds.get(&id.into()).map(|row| (row.id, row.clone())));
            }
            Row::Dispute(id) => {
                self.world.disputes.extend(from.disputes.get(&id.into()).map(|row| (row.id, row.clone())));
            }
            Row::Credit(id) => {
                self.world.credits.extend(from.credits.get(&id.into()).map(|row| (row.id, row.clone())));
            }
            Row::Adjustment(id) => {
                self.world
                    .adjustments
                    .extend(from.adjustments.get(&id.into()).map(|row| (row.id, row.clone())));
            }
            Row::Work(_) => {}
        }
    }

    /// As `store/work.rs` saves: a hint that came while the provider was asked makes the item due at once.
    fn save_work(&mut self, work: &Work, now: OffsetDateTime) {
        let hints_wait = self.without != Some(Rule::HintsWait);
        let known = self.work.get_mut(&work.id);
        match (work.ask, known) {
            (Ask::Nothing, None) => {}
            (Ask::Nothing, Some(item)) if item.hints <= item.hints_seen || !hints_wait => {
                self.work.remove(&work.id);
            }
            (Ask::Nothing, Some(item)) => {
                item.question = match item.question {
                    Question::Refund | Question::InquireRefund => Question::InquireRefund,
                    Question::Initiate | Question::Capture | Question::Inquire | Question::Reverse => {
                        Question::Inquire
                    }
                };
                (item.due_at, item.claimed_until) = (now, None);
            }
            (Ask::For(question, due_at), Some(item)) => {
                item.question = question;
                item.due_at = if item.hints > item.hints_seen && hints_wait { now } else { due_at };
                item.claimed_until = None;
            }
            (Ask::For(question, due_at), None) => {
                let item = Item { question, due_at, claimed_until: None, fence: 0, hints: 0, hints_seen: 0 };
                self.work.insert(work.id, item);
            }
        }
    }

    /// Makes an inquiry due at once. `None` while another transaction has the row.
    pub fn hint(&mut self, attempt: Uuid, now: OffsetDateTime) -> Option<()> {
        if !self.world.attempts.contains_key(&attempt.into()) {
            return Some(());
        }
        if self.locks.contains_key(&Row::Work(attempt)) {
            return None;
        }
        let fresh = Item {
            question: Question::Inquire,
            due_at: now,
            claimed_until: None,
            fence: 0,
            hints: 0,
            hints_seen: 0,
        };
        let item = self.work.entry(attempt).or_insert(fresh);
        item.due_at = item.due_at.min(now);
        item.hints += 1;
        Some(())
    }

    /// When something is due next, or its claim runs out.
    pub fn next_due(&self) -> Option<OffsetDateTime> {
        self.work.values().map(|item| item.due_at.max(item.claimed_until.unwrap_or(item.due_at))).min()
    }

    /// Claims what is due. An order whose claim ran out may have left: it becomes an inquiry.
    pub fn claim(&mut self, now: OffsetDateTime, until: OffsetDateTime) -> Vec<(Uuid, Question, i64)> {
        let mut claimed = Vec::new();
        for (id, item) in &mut self.work {
            let free = item.due_at <= now && item.claimed_until.is_none_or(|until| until <= now);
            if !free || self.locks.contains_key(&Row::Work(*id)) || claimed.len() >= 16 {
                continue;
            }
            self.last_fence += 1;
            item.fence = self.last_fence;
            item.hints_seen = item.hints;
            item.question = match (item.claimed_until, item.question) {
                (Some(_), Question::Initiate) => Question::Inquire,
                (Some(_), Question::Refund) => Question::InquireRefund,
                (_, question) => question,
            };
            item.claimed_until = Some(until);
            claimed.push((*id, item.question, item.fence));
        }
        claimed
    }

    fn check(&self, batch: &Batch) -> Result<(), &'static str> {
        let locked = self.without != Some(Rule::RowsAreLocked);
        if locked && batch.touched.iter().any(|(row, before)| self.version(*row) != *before) {
            return Err("version");
        }
        self.check_once(batch)?;
        for row in batch.touched.keys() {
            match *row {
                Row::Receivable(id) => check_receivable(batch.world.receivables.get(&id.into()))?,
                Row::Payment(id) => self.check_payment(batch, id)?,
                Row::Attempt(id) => self.check_attempt(batch, id)?,
                Row::Credit(id) => {
                    let credit = batch.world.credits.get(&id.into()).unwrap();
                    let [amount, reserved, used] =
                        [credit.amount, credit.reserved, credit.used].map(money::Money::minor_units);
                    let fits = amount > 0 && reserved >= 0 && used >= 0 && reserved + used <= amount;
                    let once =
                        self.world.credits.values().all(|c| c.id == credit.id || c.source != credit.source);
                    fits.then_some(()).ok_or("payer_credit_within_amount")?;
                    once.then_some(()).ok_or("payer_credit_source_once")?;
                }
                Row::Dispute(id) => {
                    let new = batch.world.disputes.get(&id.into()).unwrap();
                    let key = (&new.provider, &new.provider_reference);
                    let mut all = self.world.disputes.values();
                    let once =
                        all.all(|old| old.id == new.id || (&old.provider, &old.provider_reference) != key);
                    once.then_some(()).ok_or("dispute_once")?;
                }
                Row::Refund(_) | Row::Adjustment(_) | Row::Work(_) => {}
            }
        }
        Ok(())
    }

    fn check_once(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut sources = BTreeSet::new();
        if batch.journals.iter().any(|j| self.sources.contains(&j.source) || !sources.insert(&j.source)) {
            return Err("journal_source_once");
        }
        let mut cases = BTreeSet::new();
        let case = |case: &Case| (case.kind.name(), case.source.clone());
        if batch.cases.iter().any(|c| self.cases.contains_key(&case(c)) || !cases.insert(case(c))) {
            return Err("open_case_once");
        }
        for row in &batch.cash {
            let session = (row.key.device.0.clone(), row.session_id.clone());
            if self.world.cash.contains(&row.key) {
                return Err("cash_record_once");
            }
            if row.kind == "closed" && self.world.closed.contains(&session) {
                return Err("cash_record_session_closed_once");
            }
        }
        if batch.first.iter().any(|(key, _)| self.first.contains_key(key)) {
            return Err("idempotency_pkey");
        }
        Ok(())
    }

    fn check_payment(&self, batch: &Batch, id: Uuid) -> Result<(), &'static str> {
        let new = batch.world.payments.get(&id.into()).unwrap();
        let back = new.back;
        let parts =
            [back.refunding, back.refunded, back.disputed, back.charged_back].map(money::Money::minor_units);
        let kept = new.amount.minor_units() - new.credited.minor_units();
        if parts.iter().any(|part| *part < 0) || parts.iter().sum::<i64>() > kept {
            return Err("payment_gives_back_within_captured");
        }
        if new.amount.minor_units() <= 0 || new.credited.is_negative() || kept < 0 {
            return Err("payment_amounts");
        }
        let others = || {
            let others = self.world.payments.values().filter(|old| old.id != new.id);
            others.map(|old| batch.world.payments.get(&old.id).unwrap_or(old))
        };
        if is_live(&new.state) && others().any(|old| old.invoice_id == new.invoice_id && is_live(&old.state))
        {
            return Err("payment_one_live");
        }
        if let payment::By::Direct { provider, provider_reference, .. } = &new.by {
            let known = self.world.movements.get(&(provider.clone(), provider_reference.clone()));
            if known.is_some_and(|known| *known != new.id) {
                return Err("payment_movement_once");
            }
        }
        let number = |state: &payment::State| match state {
            payment::State::Captured(receipt)
            | payment::State::PartiallyRefunded(receipt)
            | payment::State::Refunded(receipt)
            | payment::State::Late(receipt) => Some(receipt.number.clone()),
            payment::State::Created
            | payment::State::ActionRequired(_)
            | payment::State::Processing
            | payment::State::Authorised
            | payment::State::Failed { .. }
            | payment::State::Expired
            | payment::State::Cancelled => None,
        };
        let own = number(&new.state);
        if own.is_some() && others().any(|old| number(&old.state) == own) {
            return Err("payment_receipt_once");
        }
        Ok(())
    }

    fn check_attempt(&self, batch: &Batch, id: Uuid) -> Result<(), &'static str> {
        use payments::domain::attempt::{Attempt, State};
        let reference = |attempt: &Attempt| match &attempt.state {
            State::Authorised { provider_reference }
            | State::Capturing { provider_reference, .. }
            | State::Paid { provider_reference }
            | State::Mismatched { provider_reference, .. } => {
                Some((attempt.provider.clone(), provider_reference.clone()))
            }
            State::Submitting
            | State::Pending
            | State::Unknown { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled => None,
        };
        let new = batch.world.attempts.get(&id.into()).unwrap();
        let own = reference(new);
        let mut others = self.world.attempts.values().filter(|old| old.id != new.id);
        let mut within = batch.world.attempts.values().filter(|other| other.id != new.id);
        let twice =
            own.is_some() && (others.any(|o| reference(o) == own) || within.any(|o| reference(o) == own));
        if twice { Err("attempt_provider_reference_once") } else { Ok(()) }
    }
}

fn is_live(state: &payment::State) -> bool {
    use payment::State as S;
    matches!(state, S::Created | S::ActionRequired(_) | S::Processing)
}

fn check_receivable(row: Option<&Receivable>) -> Result<(), &'static str> {
    use receivable::State as S;
    let row = row.unwrap();
    let [due, paid, returned] = [row.due, row.paid, row.returned].map(money::Money::minor_units);
    if !(due > 0 && paid >= 0 && paid <= due && returned >= 0 && returned <= paid) {
        return Err("receivable_paid_within_due");
    }
    let fits = match row.state {
        S::Open | S::Cancelled => paid == 0,
        S::Held { .. } | S::WrittenOff => paid < due,
        S::PartiallyPaid => paid > 0 && paid < due,
        S::Paid { .. } => paid == due,
    };
    if fits { Ok(()) } else { Err("receivable_state_fits") }
}

/// The version of a row, if it is there.
pub fn version(world: &World, row: Row) -> Option<i64> {
    match row {
        Row::Receivable(id) => world.receivables.get(&id.into()).map(|row| row.version),
        Row::Payment(id) => world.payments.get(&id.into()).map(|row| row.version),
        Row::Attempt(id) => world.attempts.get(&id.into()).map(|row| row.version),
        Row::Refund(id) => world.refunds.get(&id.into()).map(|row| row.version),
        Row::Dispute(id) => world.disputes.get(&id.into()).map(|row| row.version),
        Row::Credit(id) => world.credits.get(&id.into()).map(|row| row.version),
        Row::Adjustment(id) => world.adjustments.get(&id.into()).map(|row| row.version),
        Row::Work(_) => None,
    }
}
