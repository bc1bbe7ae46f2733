//! What an SRE watches.

use std::sync::PoisonError;

use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};

type ByConsumer<M> = Family<[(&'static str, String); 1], M>;

/// The metrics of one service's bus.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    /// 1 while there is a connection to NATS.
    pub(crate) connected: Gauge,
    pub(crate) oldest_seconds: Gauge,
    pub(crate) published: Counter,
    pub(crate) sent_again: Counter,
    consumed: ByConsumer<Counter>,
    redelivered: ByConsumer<Counter>,
    failed: ByConsumer<Counter>,
    waiting: ByConsumer<Gauge>,
    unhandled_oldest_seconds: ByConsumer<Gauge>,
}

impl Metrics {
    pub(crate) fn register(ctx: &boot::Context) -> Metrics {
        let own = Metrics::default();
        let mut registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register("mizan_bus_connected", "1 while connected to NATS", own.connected.clone());
        registry.register(
            "mizan_outbox_oldest_unpublished_seconds",
            "Age of the oldest event that is written and not published",
            own.oldest_seconds.clone(),
        );
        registry.register(
            "mizan_outbox_published",
            "Events published and acknowledged",
            own.published.clone(),
        );
        registry.register(
            "mizan_outbox_sent_again",
            "Events sent again because the broker lost its store or the end of it",
            own.sent_again.clone(),
        );
        registry.register("mizan_bus_consumed", "Events handled, by consumer", own.consumed.clone());
        registry.register(
            "mizan_bus_redelivered",
            "Events delivered again, by consumer",
            own.redelivered.clone(),
        );
        registry.register("mizan_bus_failed", "Events whose handler failed, by consumer", own.failed.clone());
        registry.register(
            "mizan_bus_waiting",
            "Events that a consumer has not handled yet",
            own.waiting.clone(),
        );
        registry.register(
            "mizan_bus_unhandled_oldest_seconds",
            "Age of the oldest event that a consumer has not handled",
            own.unhandled_oldest_seconds.clone(),
        );
        own
    }

    /// A consumer begins: what it counts starts at zero, so that the first time is seen as a step.
    pub(crate) fn begin(&self, consumer: &str) {
        for counter in [&self.consumed, &self.redelivered, &self.failed] {
            drop(counter.get_or_create(&by(consumer)));
        }
        self.behind(consumer, 0, 0);
    }

    /// How far a consumer is behind.
    pub(crate) fn behind(&self, consumer: &str, waiting: i64, oldest_seconds: i64) {
        self.waiting.get_or_create(&by(consumer)).set(waiting);
        self.unhandled_oldest_seconds.get_or_create(&by(consumer)).set(oldest_seconds);
    }

    pub(crate) fn consumed(&self, consumer: &str) {
        self.consumed.get_or_create(&by(consumer)).inc();
    }

    pub(crate) fn redelivered(&self, consumer: &str) {
        self.redelivered.get_or_create(&by(consumer)).inc();
    }

    pub(crate) fn failed(&self, consumer: &str) {
        self.failed.get_or_create(&by(consumer)).inc();
    }
}

fn by(consumer: &str) -> [(&'static str, String); 1] {
    [("consumer", consumer.to_owned())]
}
