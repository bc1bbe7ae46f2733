//! What an SRE sees of payments.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use boot::Context;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use tokio::sync::mpsc;

/// The metrics of payments. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Seconds since the oldest unknown attempt became so; 0 when there is none.
    pub unknown_oldest_seconds: Gauge,
    /// Work items that are due.
    pub work_due: Gauge,
    /// Payments turned away because they waited too long.
    pub shed: Counter,
    /// COMMITs without an answer that were read back.
    pub read_back: Counter,
    /// Seconds since the catalogue last confirmed which channels may take money.
    pub channel_rules_age_seconds: Gauge,
    batch_commands: Histogram,
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

impl Metrics {
    /// Registers them.
    pub fn register(ctx: &Context) -> Metrics {
        let metrics = Metrics {
            unknown_oldest_seconds: Gauge::default(),
            work_due: Gauge::default(),
            shed: Counter::default(),
            read_back: Counter::default(),
            channel_rules_age_seconds: Gauge::default(),
            batch_commands: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
            queues: Queues::default(),
        };
        let mut registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(
            "mizan_payments_channel_rules_age_seconds",
            "Time since the catalogue last confirmed which channels may take money",
            metrics.channel_rules_age_seconds.clone(),
        );
        registry.register(
            "mizan_payments_unknown_oldest_seconds",
            "Age of the oldest attempt whose outcome is unknown",
            metrics.unknown_oldest_seconds.clone(),
        );
        registry.register(
            "mizan_payments_work_due",
            "Calls to providers that are due",
            metrics.work_due.clone(),
        );
        registry.register(
            "mizan_payments_shed",
            "Payments turned away after waiting too long",
            metrics.shed.clone(),
        );
        registry.register(
            "mizan_payments_commits_read_back",
            "COMMITs without an answer",
            metrics.read_back.clone(),
        );
        registry.register(
            "mizan_payments_batch_commands",
            "Commands committed together",
            metrics.batch_commands.clone(),
        );
        registry.register(
            "mizan_payments_lane_waiting",
            "Commands waiting in the lanes",
            metrics.queues.seen.clone(),
        );
        metrics
    }

    /// A batch begins.
    pub fn batch(&self, commands: usize) {
        self.batch_commands.observe(u32::try_from(commands).map_or(f64::MAX, f64::from));
        self.look_at_queues();
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
