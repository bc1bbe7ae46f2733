//! One thread, virtual time, one seed: everything that happens is an event in one queue.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration as Span,
};

use boot::Ids;
use ids::Uuid;
use money::Money;
use payments::domain::{attempt::Patience, decide::Rules, inquiry::Schedule};
use time::{Duration, OffsetDateTime, macros::datetime};

use super::{
    callers::Call,
    dice::{Dice, Sum},
    kiosk::{Kiosk, Message},
    lane::Lane,
    plan::{Fault, Plan},
    provider::{Provider, Said},
    store::Store,
    worker::{Asked, Order},
};

/// Shortly before midnight in Bahrain.
const START: OffsetDateTime = datetime!(2026-01-15 20:40:00 UTC);
/// Whatever is still open then, stays so.
const PATIENT_FOR: Duration = Duration::hours(30);
/// Nobody asks so often.
const RESTLESS: u64 = 15_000;
/// What a failing run shows of its end.
const SHOWN: usize = 50;

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Do {
    Act(usize),
    Lane(usize),
    Tick,
    Send(usize),
    Timeout(usize, u32),
    Call(Asked),
    Hear(Asked, Said),
    Order(Order),
    Payer(Uuid),
    LateMoney(Uuid),
    RefundDone(Uuid),
    /// A callback about an attempt, and the amount it claims.
    Hint(Uuid, i64),
    Mail(usize),
    Publish,
    Restart(usize),
}

#[derive(Debug)]
struct Event {
    /// The process, and which of its lives.
    of: Option<(usize, u32)>,
    what: Do,
}

#[derive(Debug)]
pub struct Process {
    life: u32,
    pub up: bool,
    paused_until: OffsetDateTime,
    pub skew: Duration,
    pub ids: Ids,
    /// When it looks for work next.
    looks_at: Option<OffsetDateTime>,
}

/// What a run ended in.
#[derive(Clone, Debug)]
pub struct Ended {
    pub sum: Sum,
    pub broken: Vec<String>,
    pub last: Vec<String>,
}

#[derive(Debug)]
pub struct Sim {
    pub plan: Plan,
    pub now: OffsetDateTime,
    pub steps: u64,
    queue: BTreeMap<(OffsetDateTime, u64), Event>,
    queued: u64,
    pub scheduling: Dice,
    faults: BTreeMap<Fault, Dice>,
    pub rules: Rules,
    pub store: Store,
    pub processes: Vec<Process>,
    /// Two a process.
    pub lanes: Vec<Lane>,
    pub batches: u64,
    pub provider: Provider,
    pub kiosk: Kiosk,
    pub mail: Vec<Message>,
    pub calls: Vec<Call>,
    /// What the bank paid out, by refund; nothing where it refused.
    pub bank: BTreeMap<Uuid, i64>,
    /// Events as a consumer sees them: places in the outbox, doubled and in any order.
    pub consumed: Vec<usize>,
    publishing: bool,
    calm_from: OffsetDateTime,
    sum: Sum,
    last: VecDeque<String>,
    pub broken: BTreeSet<String>,
}

pub fn rules() -> Rules {
    Rules {
        patience: Patience {
            poll_for: Span::from_secs(90),
            not_found_after: Span::from_mins(30),
            submits: 3,
            case_after: Span::from_hours(4),
        },
        schedule: Schedule {
            poll_every: Span::from_secs(15),
            unknown_first: Span::from_mins(10),
            unknown_longest: Span::from_hours(2),
        },
        refund_alone: Money::fils(0),
    }
}

impl Sim {
    /// Runs the plan, and drives until no work is due.
    pub fn run(plan: &Plan) -> Ended {
        let mut sim = Sim::new(plan.clone());
        sim.issue_bills();
        for (n, act) in plan.acts.iter().enumerate() {
            sim.at(START + Duration::milliseconds(act.at_ms), None, Do::Act(n));
        }
        while let Some(((at, _), event)) = sim.queue.pop_first() {
            if at > sim.calm_from + PATIENT_FOR {
                break;
            }
            if sim.steps > RESTLESS {
                sim.broke("it never comes to rest");
                break;
            }
            sim.now = at;
            sim.happen(event);
        }
        super::oracle::check(&mut sim);
        let Sim { sum, broken, last, .. } = sim;
        Ended { sum, broken: broken.into_iter().collect(), last: last.into_iter().collect() }
    }

    fn new(plan: Plan) -> Sim {
        let (seed, without) = (plan.seed, plan.without);
        let faults = (100..).zip(&plan.faults).map(|(_, fault)| *fault);
        let stream = |fault: Fault| (100..).zip(Fault::ALL).find(|(_, f)| *f == fault).map_or(0, |(n, _)| n);
        let faults = faults.map(|fault| (fault, Dice::of(seed, stream(fault)))).collect();
        let last = plan.acts.last().map_or(0, |act| act.at_ms);
        let process = |n: u64| Process {
            life: 0,
            up: true,
            paused_until: START,
            skew: Duration::ZERO,
            ids: Ids::seeded(seed.wrapping_mul(1_000).wrapping_add(n)),
            looks_at: None,
        };
        Sim {
            plan,
            now: START,
            steps: 0,
            queue: BTreeMap::new(),
            queued: 0,
            scheduling: Dice::of(seed, 2),
            faults,
            rules: rules(),
            store: Store::new(without),
            processes: vec![process(1), process(2)],
            lanes: (0..4).map(|_| Lane::default()).collect(),
            batches: 0,
            provider: Provider::default(),
            kiosk: Kiosk::default(),
            mail: vec![],
            calls: vec![],
            bank: BTreeMap::new(),
            consumed: vec![],
            publishing: false,
            calm_from: START + Duration::milliseconds(last) + Duration::minutes(20),
            sum: Sum::START,
            last: VecDeque::new(),
            broken: BTreeSet::new(),
        }
    }

    fn happen(&mut self, event: Event) {
        if let Some((process, life)) = event.of {
            let of = self.processes.get(process).unwrap();
            if of.life != life || !of.up {
                return;
            }
            if of.paused_until > self.now {
                return self.queue_at(of.paused_until, event);
            }
        }
        let process = event.of.map_or(0, |(process, _)| process);
        let looks_at = self.processes.get(process).unwrap().looks_at;
        if matches!(event.what, Do::Tick) && looks_at.is_some_and(|at| at > self.now) {
            return;
        }
        self.steps += 1;
        match event.what {
            Do::Act(n) => self.act(n),
            Do::Lane(n) => self.lane(n),
            Do::Tick => {
                self.processes.get_mut(process).unwrap().looks_at = None;
                self.tick(process);
            }
            Do::Send(call) => self.send(call),
            Do::Timeout(call, number) => self.timeout(call, number),
            Do::Call(asked) => self.call(process, asked),
            Do::Hear(asked, said) => self.hear(process, &asked, &said),
            Do::Order(order) => drop(self.provider_does(&order)),
            Do::Payer(attempt) => self.payer(attempt),
            Do::LateMoney(attempt) => self.late_money(attempt),
            Do::RefundDone(refund) => self.provider.refund_done(refund),
            Do::Hint(attempt, claimed) => self.hint(attempt, claimed),
            Do::Mail(message) => self.deliver(message),
            Do::Publish => self.publish(),
            Do::Restart(process) => self.restart(process),
        }
    }

    fn queue_at(&mut self, at: OffsetDateTime, event: Event) {
        self.queued += 1;
        self.queue.insert((at, self.queued), event);
    }

    fn at(&mut self, at: OffsetDateTime, process: Option<usize>, what: Do) {
        let of = process.map(|process| (process, self.processes.get(process).unwrap().life));
        self.queue_at(at, Event { of, what });
    }

    /// Some time from now, within `span` of milliseconds; in the process if there is one, and lost with it.
    pub fn soon(&mut self, process: Option<usize>, span: (i64, i64), what: Do) {
        let wait = Duration::milliseconds(self.scheduling.between(span.0, span.1));
        self.at(self.now + wait, process, what);
    }

    /// Writes a line of the log. It costs nothing to call it often: only its hash is kept, and the end.
    pub fn say(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:>10} {}", (self.now - START).whole_milliseconds(), line());
        self.sum.add(&line);
        if self.last.len() == SHOWN {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// Whether something goes wrong now. Never once the world is calm.
    pub fn fault(&mut self, fault: Fault, percent: u64) -> bool {
        let calm = self.calm();
        self.faults.get_mut(&fault).is_some_and(|dice| dice.percent(percent)) && !calm
    }

    pub fn calm(&self) -> bool {
        self.now >= self.calm_from
    }

    /// What a process takes for the time.
    pub fn clock(&self, process: usize) -> OffsetDateTime {
        self.now + if self.calm() { Duration::ZERO } else { self.processes.get(process).unwrap().skew }
    }

    pub fn stands_still(&self, process: usize) -> bool {
        self.processes.get(process).unwrap().paused_until > self.now
    }

    /// Rings the bell of a process's worker.
    pub fn look_for_work(&mut self, process: usize) {
        self.look_at(process, self.now + Duration::milliseconds(100));
    }

    /// Looks again when something is due: sooner rather than later, its clock may be another.
    pub fn look_later(&mut self, process: usize) {
        let ahead = self.clock(process) - self.now;
        let Some(due) = self.store.next_due() else { return };
        let soonest = self.now + Duration::seconds(1);
        self.look_at(process, (due - ahead).clamp(soonest, soonest + Duration::hours(2)));
    }

    fn look_at(&mut self, process: usize, at: OffsetDateTime) {
        let of = self.processes.get_mut(process).unwrap();
        if of.up && of.looks_at.is_none_or(|other| other > at) {
            of.looks_at = Some(at);
            self.at(at, Some(process), Do::Tick);
        }
    }

    /// Everything a process had in mind is gone; Postgres ends its transactions.
    pub fn crash(&mut self, process: usize) {
        self.say(|| format!("process {process} dies"));
        for n in [process * 2, process * 2 + 1] {
            self.store.unlock(n);
            *self.lanes.get_mut(n).unwrap() = Lane::default();
        }
        let of = self.processes.get_mut(process).unwrap();
        of.up = false;
        of.life += 1;
        self.soon(None, (500, 30_000), Do::Restart(process));
    }

    fn restart(&mut self, process: usize) {
        self.say(|| format!("process {process} starts"));
        let of = self.processes.get_mut(process).unwrap();
        (of.up, of.looks_at, of.paused_until) = (true, None, self.now);
        self.look_for_work(process);
    }

    /// A process stands still. Postgres ends what it had begun.
    pub fn pause(&mut self, process: usize, span: Duration) {
        self.say(|| format!("process {process} stands still for {span}"));
        for n in [process * 2, process * 2 + 1] {
            self.store.unlock(n);
            self.lanes.get_mut(n).unwrap().broken = true;
        }
        self.processes.get_mut(process).unwrap().paused_until = self.now + span;
    }

    pub fn publish_soon(&mut self) {
        if !std::mem::replace(&mut self.publishing, true) {
            self.soon(None, (50, 2_000), Do::Publish);
        }
    }

    /// The relay: at least once, in any order. A crash between the broker's word and the mark sends it again.
    fn publish(&mut self) {
        self.publishing = false;
        let mut waiting: Vec<usize> =
            (0..self.store.outbox.len()).filter(|place| !self.store.published.contains(place)).collect();
        if self.fault(Fault::Broker, 50) {
            waiting.reverse();
        }
        for place in waiting {
            if self.fault(Fault::Broker, 10) {
                self.publish_soon();
                continue;
            }
            self.consumed.push(place);
            if self.fault(Fault::Broker, 10) {
                self.publish_soon();
            } else {
                self.store.published.insert(place);
            }
        }
    }

    /// Notes that a rule is broken.
    pub fn broke(&mut self, rule: impl Into<String>) {
        let rule = rule.into();
        self.say(|| format!("BROKEN: {rule}"));
        self.broken.insert(rule);
    }
}
