//! What an SRE sees of payments.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use boot::Context;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry},
};
use tokio::sync::mpsc;

use crate::domain::payment::Direct;

type By<const N: usize> = [(&'static str, &'static str); N];
type ByProvider = [(&'static str, String); 1];

/// The metrics of payments. Clones share them, and are small: everything in the service holds one.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Measured>);

impl std::ops::Deref for Metrics {
    type Target = Measured;

    fn deref(&self) -> &Measured {
        &self.0
    }
}

/// What is measured.
#[derive(Debug)]
pub struct Measured {
    /// Seconds since the oldest unknown attempt became so; 0 when there is none.
    pub unknown_oldest_seconds: Gauge,
    /// Work items that are due.
    work_due: Family<ByProvider, Gauge>,
    /// Seconds since the oldest of them became due.
    work_oldest_due_seconds: Family<ByProvider, Gauge>,
    /// Seconds since the oldest sign of money that is not in the books; 0 when there is none.
    pub unposted_oldest_seconds: Gauge,
    /// Seconds since the end of the oldest business day that is over and not closed.
    pub day_unclosed_seconds: Gauge,
    /// By how many fils debits and credits of all accounts differ.
    pub books_difference_fils: Gauge,
    /// Payments turned away because they waited too long.
    pub shed: Counter,
    /// COMMITs without an answer that were read back.
    pub read_back: Counter,
    /// Seconds since the catalogue last confirmed which channels may take money.
    pub channel_rules_age_seconds: Gauge,
    batch_commands: Histogram,
    lane_wait_seconds: Histogram,
    posting_seconds: Family<By<1>, Histogram, fn() -> Histogram>,
    known_seconds: Family<By<1>, Histogram, fn() -> Histogram>,
    outcomes: Family<By<2>, Counter>,
    cases: Family<By<1>, Gauge>,
    cases_oldest_seconds: Family<By<1>, Gauge>,
    provider_calls: Family<[(&'static str, String); 2], Counter>,
    provider_resting: Family<ByProvider, Gauge>,
    queues: Queues,
}

/// Commands that wait in all lanes, read from the queues themselves.
#[derive(Clone, Debug, Default)]
struct Queues {
    lengths: Arc<Mutex<Vec<Arc<dyn Length>>>>,
    seen: Gauge<i64, AtomicI64>,
}

trait Length: Send + Sync + std::fmt::Debug {
    fn waiting(&self) -> usize;
}

impl<T: Send + std::fmt::Debug> Length for mpsc::WeakSender<T> {
    fn waiting(&self) -> usize {
        self.upgrade().map_or(0, |queue| queue.max_capacity().saturating_sub(queue.capacity()))
    }
}

/// From a lone command to a queue that is given up.
fn posting_histogram() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0])
}

/// From a payer who is quick to an outcome that needed a person.
fn known_histogram() -> Histogram {
    Histogram::new([1.0, 5.0, 15.0, 30.0, 60.0, 90.0, 180.0, 600.0, 3_600.0, 14_400.0, 86_400.0])
}

fn add(registry: &mut Registry, name: &str, help: &str, metric: &(impl Metric + Clone)) {
    registry.register(name, help, metric.clone());
}

impl Metrics {
    /// Registers them. What is known beforehand starts at zero, so that the first time is seen as a step.
    pub fn register(ctx: &Context, providers: &[String]) -> Metrics {
        let metrics = Metrics(Arc::new(Measured {
            unknown_oldest_seconds: Gauge::default(),
            work_due: Family::default(),
            work_oldest_due_seconds: Family::default(),
            unposted_oldest_seconds: Gauge::default(),
            day_unclosed_seconds: Gauge::default(),
            books_difference_fils: Gauge::default(),
            shed: Counter::default(),
            read_back: Counter::default(),
            channel_rules_age_seconds: Gauge::default(),
            batch_commands: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
            lane_wait_seconds: posting_histogram(),
            posting_seconds: Family::new_with_constructor(posting_histogram),
            known_seconds: Family::new_with_constructor(known_histogram),
            outcomes: Family::default(),
            cases: Family::default(),
            cases_oldest_seconds: Family::default(),
            provider_calls: Family::default(),
            provider_resting: Family::default(),
            queues: Queues::default(),
        }));
        let mut registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.register_doubt(&mut registry);
        metrics.register_engine(&mut registry);
        metrics.register_words(&mut registry);
        metrics.begin(providers);
        metrics
    }

    fn begin(&self, providers: &[String]) {
        for outcome in ["done", "refused", "overloaded", "unknown", "failed"] {
            drop(self.posting_seconds.get_or_create(&[("outcome", outcome)]));
        }
        for outcome in ["paid", "declined", "expired"] {
            drop(self.known_seconds.get_or_create(&[("outcome", outcome)]));
        }
        for channel in Direct::ALL.map(Direct::name).into_iter().chain(["kiosk_cash"]) {
            for outcome in ["captured", "failed", "expired"] {
                drop(self.outcomes.get_or_create(&[("channel", channel), ("outcome", outcome)]));
            }
        }
        for provider in providers {
            for answered in ["yes", "no"] {
                let labels = [("provider", provider.clone()), ("answered", answered.to_owned())];
                drop(self.provider_calls.get_or_create(&labels));
            }
        }
        self.resting(providers, &[]);
    }

    /// What is not known, not done, or not written yet.
    fn register_doubt(&self, registry: &mut Registry) {
        add(
            registry,
            "mizan_payments_channel_rules_age_seconds",
            "Time since the catalogue last confirmed which channels may take money",
            &self.channel_rules_age_seconds,
        );
        add(
            registry,
            "mizan_payments_unknown_oldest_seconds",
            "Age of the oldest attempt whose outcome is unknown",
            &self.unknown_oldest_seconds,
        );
        add(registry, "mizan_payments_work_due", "Calls to providers that are due", &self.work_due);
        add(
            registry,
            "mizan_payments_work_oldest_due_seconds",
            "Time since the oldest call to a provider became due that is not done",
            &self.work_oldest_due_seconds,
        );
        add(
            registry,
            "mizan_payments_unposted_oldest_seconds",
            "Age of the oldest sign of money that is not in the books: a callback nobody followed, a capture without an answer",
            &self.unposted_oldest_seconds,
        );
        add(
            registry,
            "mizan_payments_day_unclosed_seconds",
            "Time since the end of the oldest business day that is over and not closed",
            &self.day_unclosed_seconds,
        );
        add(
            registry,
            "mizan_payments_books_difference_fils",
            "By how many fils debits and credits of all accounts differ: 0 while the books hold",
            &self.books_difference_fils,
        );
    }

    fn register_engine(&self, registry: &mut Registry) {
        add(registry, "mizan_payments_shed", "Payments turned away after waiting too long", &self.shed);
        add(registry, "mizan_payments_commits_read_back", "COMMITs without an answer", &self.read_back);
        add(registry, "mizan_payments_batch_commands", "Commands committed together", &self.batch_commands);
        add(registry, "mizan_payments_lane_waiting", "Commands waiting in the lanes", &self.queues.seen);
        add(
            registry,
            "mizan_payments_lane_wait_seconds",
            "Time a command waited in its lane before its batch began",
            &self.lane_wait_seconds,
        );
        add(
            registry,
            "mizan_payments_posting_seconds",
            "Time from handing a command in until its outcome was durable, by what became of it",
            &self.posting_seconds,
        );
    }

    fn register_words(&self, registry: &mut Registry) {
        add(
            registry,
            "mizan_payments_outcomes",
            "Steps of payments that are in the books, by channel and by what happened",
            &self.outcomes,
        );
        add(
            registry,
            "mizan_payments_known_seconds",
            "Time from the start of an attempt at a provider until its outcome was known",
            &self.known_seconds,
        );
        add(
            registry,
            "mizan_payments_cases",
            "Questions a person must decide, by kind; those whose correction is done do not count",
            &self.cases,
        );
        add(
            registry,
            "mizan_payments_cases_oldest_seconds",
            "Age of the oldest of them, by kind",
            &self.cases_oldest_seconds,
        );
        add(
            registry,
            "mizan_payments_provider_calls",
            "Calls to providers, by provider and by whether an answer came",
            &self.provider_calls,
        );
        add(
            registry,
            "mizan_payments_provider_resting",
            "1 while a provider is not asked because it did not answer",
            &self.provider_resting,
        );
    }

    /// A batch begins.
    pub fn batch(&self, commands: usize) {
        self.batch_commands.observe(u32::try_from(commands).map_or(f64::MAX, f64::from));
        self.look_at_queues();
    }

    /// A command's wait in its lane is over.
    pub fn waited(&self, wait: Duration) {
        self.lane_wait_seconds.observe(wait.as_secs_f64());
    }

    /// A command was handed in, and became this.
    pub fn posted(&self, outcome: &'static str, took: Duration) {
        self.posting_seconds.get_or_create(&[("outcome", outcome)]).observe(took.as_secs_f64());
    }

    /// A provider's definite word about an attempt came so long after the attempt's start.
    pub fn known(&self, outcome: &'static str, after: time::Duration) {
        self.known_seconds.get_or_create(&[("outcome", outcome)]).observe(after.as_seconds_f64().max(0.0));
    }

    /// A step of a payment is durable.
    pub fn outcome(&self, channel: &'static str, outcome: &'static str) {
        self.outcomes.get_or_create(&[("channel", channel), ("outcome", outcome)]).inc();
    }

    /// How many cases of a kind are open, and how old the oldest is.
    pub fn cases(&self, kind: &'static str, open: i64, oldest_seconds: i64) {
        self.cases.get_or_create(&[("kind", kind)]).set(open);
        self.cases_oldest_seconds.get_or_create(&[("kind", kind)]).set(oldest_seconds);
    }

    /// A provider was asked.
    pub fn asked(&self, provider: &str, answered: &'static str) {
        let labels = [("provider", provider.to_owned()), ("answered", answered.to_owned())];
        self.provider_calls.get_or_create(&labels).inc();
    }

    /// How many calls to a provider are due, and since how many seconds the oldest.
    pub fn due(&self, provider: &str, items: i64, oldest_seconds: i64) {
        let provider = [("provider", provider.to_owned())];
        self.work_due.get_or_create(&provider).set(items);
        self.work_oldest_due_seconds.get_or_create(&provider).set(oldest_seconds);
    }

    /// Which of the `known` providers rest.
    pub fn resting(&self, known: &[String], resting: &[String]) {
        for provider in known {
            let rests = i64::from(resting.contains(provider));
            self.provider_resting.get_or_create(&[("provider", provider.clone())]).set(rests);
        }
    }

    /// Counts a lane's queue in.
    pub fn watch_queue<T: Send + std::fmt::Debug + 'static>(&self, queue: mpsc::WeakSender<T>) {
        self.queues.lengths.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(queue));
    }

    /// Reads the queues' lengths.
    pub fn look_at_queues(&self) {
        let queues = self.queues.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: usize = queues.iter().map(|queue| queue.waiting()).sum();
        self.queues.seen.inner().store(i64::try_from(waiting).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}
