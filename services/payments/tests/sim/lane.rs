//! The posting engine, as `engine/lane.rs` and `engine/fold.rs` do it: begin, lock, fold, COMMIT, and read back in doubt.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use ids::Uuid;
use payments::domain::{
    Changes, Command, Moment, Refusal, World,
    case::Case,
    channel::Policies,
    decide,
    journal::Journal,
    world::{CashRow, Told, Work},
};
use time::OffsetDateTime;

use super::{
    needs::{Needs, Row},
    plan::{Fault, Rule},
    run::{Do, Sim},
    store::{self, First, Lease},
    worker::Asked,
};

/// A batch that meets another one is tried so often.
const TRIES: u32 = 5;
/// Why a batch is tried again whose COMMIT brought no answer, and was not kept.
const LOST: &str = "commit_lost";
/// So many jobs may wait before callers are turned away.
const ROOM: usize = 12;

/// Who waits for the outcome of a job.
#[derive(Clone, Debug)]
pub enum Asker {
    /// A call, and which of its tries.
    Caller(usize, u32),
    Worker(Asked),
    Mail(usize),
    /// The pull of a bill, before this message is tried again.
    Pull(usize),
}

#[derive(Clone, Debug)]
pub struct Key {
    pub name: (String, String),
    pub body: String,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub command: Command,
    pub key: Option<Key>,
    pub from: Asker,
}

/// What a job ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The reply, as every replay of the key gets it.
    Ok(String),
    Refused(Refusal),
    KeyReused,
    Constraint(&'static str),
    /// Postgres was away, or there was no room: nothing was begun.
    Unavailable,
    Unknown,
    /// Said to be over, and nothing written. Only an engine without a rule says so of a lost COMMIT.
    Failed,
}

/// A folded batch.
#[derive(Debug)]
pub struct Batch {
    pub id: u64,
    pub stripe: i32,
    pub now: OffsetDateTime,
    pub world: World,
    /// Changed rows, with the version that was read.
    pub touched: BTreeMap<Row, Option<i64>>,
    pub journals: Vec<Journal>,
    pub cases: Vec<Case>,
    pub cash: Vec<CashRow>,
    pub work: BTreeMap<Uuid, Work>,
    pub told: Vec<Told>,
    pub first: Vec<((String, String), First)>,
    pub accepted: Vec<(Uuid, i64)>,
    pub answers: Vec<Outcome>,
}

#[derive(Debug, Default)]
pub enum Stage {
    #[default]
    Idle,
    Begun(Vec<Job>, BTreeMap<(String, String), First>),
    Folded(Vec<Job>, Box<Batch>),
    Doubt(Vec<Job>, Box<Batch>),
}

#[derive(Debug, Default)]
pub struct Lane {
    pub inbox: VecDeque<Job>,
    /// Batches that are tried again, or one by one.
    again: VecDeque<Vec<Job>>,
    tries: u32,
    lease: Option<Lease>,
    pub stage: Stage,
    /// Its transaction was ended by Postgres.
    pub broken: bool,
    pub awake: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.touched.is_empty()
            && self.journals.is_empty()
            && self.cases.is_empty()
            && self.cash.is_empty()
            && self.work.is_empty()
            && self.told.is_empty()
            && self.first.is_empty()
    }

    fn add(&mut self, mut changes: Changes, read: &World) {
        let rows = changes.receivables.iter().map(|row| Row::Receivable(row.invoice_id.0));
        let rows = rows.chain(changes.payments.iter().map(|row| Row::Payment(row.id.0)));
        let rows = rows.chain(changes.attempts.iter().map(|row| Row::Attempt(row.id.0)));
        let rows = rows.chain(changes.refunds.iter().map(|row| Row::Refund(row.id.0)));
        let rows = rows.chain(changes.disputes.iter().map(|row| Row::Dispute(row.id.0)));
        let rows = rows.chain(changes.credits.iter().map(|row| Row::Credit(row.id.0)));
        let rows = rows.chain(changes.adjustments.iter().map(|row| Row::Adjustment(row.id.0)));
        self.touched.extend(rows.map(|row| (row, store::version(read, row))));
        self.world.absorb(&mut changes);
        self.journals.extend(changes.journals);
        self.cases.extend(changes.cases);
        self.cash.extend(changes.cash);
        self.work.extend(changes.work.map(|work| (work.id, work)));
        self.told.extend(changes.told);
    }
}

impl Sim {
    /// Hands a job to the lane of its process; turned away when there is no room.
    pub fn submit(&mut self, process: usize, job: Job) {
        let lane = lane_of(process, job.command.lane_key());
        let full = self.lanes.get(lane).unwrap().inbox.len() >= ROOM || self.fault(Fault::Overload, 10);
        if full && self.stands_still(process) {
            // Nobody is there to say so.
            return;
        }
        if full && job.command.may_be_shed() {
            return self.answered(process, &job, &Outcome::Unavailable);
        }
        self.lanes.get_mut(lane).unwrap().inbox.push_back(job);
        self.wake(lane);
    }

    fn wake(&mut self, lane: usize) {
        let sleeping = !std::mem::replace(&mut self.lanes.get_mut(lane).unwrap().awake, true);
        if sleeping {
            self.soon(Some(lane / 2), (1, 40), Do::Lane(lane));
        }
    }

    /// One step of a lane.
    pub fn lane(&mut self, n: usize) {
        let lane = self.lanes.get_mut(n).unwrap();
        let stage = std::mem::take(&mut lane.stage);
        match stage {
            Stage::Idle => {
                let room = 8.min(lane.inbox.len());
                let jobs = lane.again.pop_front().unwrap_or_else(|| lane.inbox.drain(..room).collect());
                if jobs.is_empty() {
                    lane.awake = false;
                    return;
                }
                self.begin(n, jobs);
            }
            Stage::Begun(jobs, early) => self.lock_and_fold(n, jobs, early),
            Stage::Folded(jobs, batch) => self.commit(n, jobs, batch),
            Stage::Doubt(jobs, batch) => self.read_back(n, jobs, batch),
        }
        // A crash meanwhile has put it to sleep.
        if self.lanes.get(n).unwrap().awake {
            self.soon(Some(n / 2), (1, 30), Do::Lane(n));
        }
    }

    fn begin(&mut self, n: usize, jobs: Vec<Job>) {
        let now = self.now;
        let lease = self.lanes.get(n).unwrap().lease.filter(|lease| self.store.hold(*lease, now));
        let lease = lease.unwrap_or_else(|| self.store.take_stripe(now));
        let known = if self.plan.without == Some(Rule::KeysAreReadUnderLocks) {
            self.known(&jobs)
        } else {
            BTreeMap::new()
        };
        let lane = self.lanes.get_mut(n).unwrap();
        lane.lease = Some(lease);
        lane.broken = false;
        lane.stage = Stage::Begun(jobs, known);
    }

    fn known(&self, jobs: &[Job]) -> BTreeMap<(String, String), First> {
        let names = jobs.iter().filter_map(|job| job.key.as_ref());
        names
            .filter_map(|key| self.store.first.get(&key.name).map(|first| (key.name.clone(), first.clone())))
            .collect()
    }

    fn lock_and_fold(&mut self, n: usize, jobs: Vec<Job>, early: BTreeMap<(String, String), First>) {
        if self.lanes.get(n).unwrap().broken {
            return self.all(n, &jobs, &Outcome::Unavailable);
        }
        let needs = Needs::of(jobs.iter().map(|job| &job.command)).found_in(&self.store.world);
        if !self.store.lock(n, &needs) {
            self.lanes.get_mut(n).unwrap().stage = Stage::Begun(jobs, early);
            return;
        }
        let known =
            if self.plan.without == Some(Rule::KeysAreReadUnderLocks) { early } else { self.known(&jobs) };
        let batch = self.fold(n, &jobs, &needs, known);
        if batch.is_empty() {
            return self.done(n, &jobs, &batch);
        }
        self.lanes.get_mut(n).unwrap().stage = Stage::Folded(jobs, Box::new(batch));
    }

    fn fold(
        &mut self,
        n: usize,
        jobs: &[Job],
        needs: &Needs,
        mut known: BTreeMap<(String, String), First>,
    ) -> Batch {
        let mut read = needs.load(&self.store.world);
        let work = needs.rows.iter().filter_map(|row| if let Row::Work(id) = row { Some(*id) } else { None });
        read.fences.extend(work.filter_map(|id| self.store.work.get(&id).map(|item| (id, item.fence))));
        self.batches += 1;
        let stripe = self.lanes.get(n).unwrap().lease.map_or(0, |lease| lease.stripe);
        let now = self.clock(n / 2);
        let mut batch = Batch {
            id: self.batches,
            stripe,
            now,
            world: read.clone(),
            touched: BTreeMap::new(),
            journals: vec![],
            cases: vec![],
            cash: vec![],
            work: BTreeMap::new(),
            told: vec![],
            first: vec![],
            accepted: vec![],
            answers: vec![],
        };
        let ids = self.processes.get(n / 2).unwrap().ids.clone();
        for job in jobs {
            if let Some(answer) = replayed(&known, job) {
                batch.answers.push(answer);
                continue;
            }
            let claim = claim_of(&job.command);
            if let (Some(Rule::FencesHold), Some((id, fence))) = (self.plan.without, claim) {
                batch.world.fences.insert(id, fence);
            }
            match decide(
                &batch.world,
                &job.command,
                &Moment { now, ids: &ids, rules: &self.rules, policies: &Policies::default() },
            ) {
                Err(refusal) => batch.answers.push(Outcome::Refused(refusal)),
                Ok((changes, reply)) => {
                    batch.add(changes, &read);
                    batch.accepted.extend(claim);
                    let reply = format!("{reply:?}");
                    if let Some(key) = &job.key {
                        let first = First { body: key.body.clone(), reply: reply.clone() };
                        known.insert(key.name.clone(), first.clone());
                        batch.first.push((key.name.clone(), first));
                    }
                    batch.answers.push(Outcome::Ok(reply));
                }
            }
        }
        for (job, answer) in jobs.iter().zip(&mut batch.answers) {
            if let (Outcome::Refused(_), Some(done @ Outcome::Ok(_))) = (&answer, replayed(&known, job)) {
                *answer = done;
            }
        }
        batch
    }

    fn commit(&mut self, n: usize, jobs: Vec<Job>, batch: Box<Batch>) {
        if self.lanes.get(n).unwrap().broken {
            self.lanes.get_mut(n).unwrap().stage = Stage::Doubt(jobs, batch);
            return;
        }
        if self.fault(Fault::CommitFails, 5) {
            self.say(|| format!("lane {n}: COMMIT fails, batch {}", batch.id));
            return self.all(n, &jobs, &Outcome::Unavailable);
        }
        let crashes = self.fault(Fault::CrashAtCommit, 4);
        let lost = crashes || self.fault(Fault::CommitLost, 8);
        if lost {
            let applied = self.scheduling.percent(60) && self.write(n, &batch).is_ok();
            self.say(|| format!("lane {n}: COMMIT without answer, batch {} applied: {applied}", batch.id));
            self.store.unlock(n);
            if crashes {
                return self.crash(n / 2);
            }
            if self.plan.without == Some(Rule::UnknownIsReadBack) {
                return self.all(n, &jobs, &Outcome::Failed);
            }
            self.lanes.get_mut(n).unwrap().stage = Stage::Doubt(jobs, batch);
            return;
        }
        match self.write(n, &batch) {
            Ok(()) => {
                if self.plan.without == Some(Rule::EventsAreInTheTransaction) && !self.fault(Fault::Crash, 10)
                {
                    self.store.outbox.extend(batch.told.iter().cloned());
                }
                self.done(n, &jobs, &batch);
            }
            Err(constraint) => self.again(n, jobs, constraint),
        }
    }

    fn write(&mut self, n: usize, batch: &Batch) -> Result<(), &'static str> {
        let written = self.store.commit(batch);
        self.say(|| {
            let sources: Vec<&str> = batch.journals.iter().map(|journal| journal.source.as_str()).collect();
            let (told, cases) = (batch.told.len(), batch.cases.len());
            format!("lane {n}: batch {} {written:?}, {sources:?}, {cases} cases, {told} told", batch.id)
        });
        (0..self.processes.len()).for_each(|process| self.look_for_work(process));
        self.publish_soon();
        written
    }

    fn again(&mut self, n: usize, jobs: Vec<Job>, constraint: &'static str) {
        self.store.unlock(n);
        let lane = self.lanes.get_mut(n).unwrap();
        lane.tries += 1;
        if lane.tries < TRIES {
            lane.again.push_front(jobs);
        } else if jobs.len() > 1 {
            lane.tries = 0;
            for job in jobs.into_iter().rev() {
                lane.again.push_front(vec![job]);
            }
        } else {
            let lost = constraint == LOST;
            self.all(n, &jobs, &if lost { Outcome::Unavailable } else { Outcome::Constraint(constraint) });
        }
    }

    fn read_back(&mut self, n: usize, jobs: Vec<Job>, batch: Box<Batch>) {
        if self.fault(Fault::CommitLost, 30) {
            if self.fault(Fault::CommitLost, 20) {
                return self.all(n, &jobs, &Outcome::Unknown);
            }
            self.lanes.get_mut(n).unwrap().stage = Stage::Doubt(jobs, batch);
            return;
        }
        if self.store.was_kept(batch.id) {
            return self.done(n, &jobs, &batch);
        }
        self.again(n, jobs, LOST);
    }

    fn done(&mut self, n: usize, jobs: &[Job], batch: &Batch) {
        self.store.unlock(n);
        self.lanes.get_mut(n).unwrap().tries = 0;
        for (job, answer) in jobs.iter().zip(&batch.answers) {
            self.answered(n / 2, job, answer);
        }
    }

    fn all(&mut self, n: usize, jobs: &[Job], outcome: &Outcome) {
        self.store.unlock(n);
        self.lanes.get_mut(n).unwrap().tries = 0;
        for job in jobs {
            self.answered(n / 2, job, outcome);
        }
    }

    /// Lets whoever asked know.
    pub fn answered(&mut self, process: usize, job: &Job, outcome: &Outcome) {
        match &job.from {
            Asker::Caller(call, number) => self.caller_hears(*call, *number, outcome),
            Asker::Worker(asked) => self.worker_hears(process, asked, outcome),
            Asker::Mail(message) => self.consumer_hears(process, *message, outcome),
            Asker::Pull(message) => self.pulled(process, *message, outcome),
        }
    }
}

fn lane_of(process: usize, key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    process * 2 + usize::try_from(hasher.finish() % 2).unwrap()
}

/// The claim that a command names.
fn claim_of(command: &Command) -> Option<(Uuid, i64)> {
    match command {
        Command::Record(record) => Some((record.attempt_id.0, record.fence)),
        Command::Refund(step) => step.fence.map(|fence| (step.refund_id.0, fence)),
        Command::Open(_)
        | Command::Change(_)
        | Command::Start(_)
        | Command::Retry(_)
        | Command::Capture(_)
        | Command::GiveUp(_)
        | Command::Receive(_)
        | Command::Stack(_)
        | Command::Close(_)
        | Command::Quarantine(_)
        | Command::RequestRefund(_)
        | Command::OpenDispute(_)
        | Command::Dispute(_)
        | Command::ApplyCredit(_)
        | Command::RequestAdjustment(_)
        | Command::Adjust(_) => None,
    }
}

/// The answer that a command's key has already, if it has one.
fn replayed(known: &BTreeMap<(String, String), First>, job: &Job) -> Option<Outcome> {
    let key = job.key.as_ref()?;
    let first = known.get(&key.name)?;
    let same = first.body == key.body;
    Some(if same { Outcome::Ok(first.reply.clone()) } else { Outcome::KeyReused })
}
