//! What an SRE watches.

use std::sync::PoisonError;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};

use crate::domain::sending::Answer;

/// `email` or `webhook`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    way: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    way: &'static str,
    answer: &'static str,
}

/// The metrics of this service.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    oldest: Family<Way, Gauge>,
    tries: Family<Answered, Counter>,
}

impl Metrics {
    pub fn register(ctx: &boot::Context) -> Metrics {
        let own = Metrics::default();
        let mut registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(
            "mizan_notifications_oldest_undelivered_seconds",
            "Age of the oldest message or delivery that is still on its way",
            own.oldest.clone(),
        );
        registry.register(
            "mizan_notifications_tries",
            "Tries by way and by what the receiver said",
            own.tries.clone(),
        );
        own
    }

    pub fn oldest(&self, way: &'static str, age_seconds: i64) {
        self.oldest.get_or_create(&Way { way }).set(age_seconds);
    }

    pub fn answered(&self, way: &'static str, answer: Answer) {
        let answer = match answer {
            Answer::Accepted { .. } => "accepted",
            Answer::Later { .. } => "later",
            Answer::Never { .. } => "never",
        };
        self.tries.get_or_create(&Answered { way, answer }).inc();
    }
}
