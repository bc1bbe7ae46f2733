//! What an SRE watches.

use std::sync::PoisonError;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use time::Duration;

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
#[derive(Clone, Debug)]
pub struct Metrics {
    oldest: Family<Way, Gauge>,
    due: Family<Way, Gauge>,
    tries: Family<Answered, Counter>,
    first_try_seconds: Histogram,
}

impl Metrics {
    pub fn register(ctx: &boot::Context) -> Metrics {
        let own = Metrics {
            oldest: Family::default(),
            due: Family::default(),
            tries: Family::default(),
            first_try_seconds: Histogram::new([0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 3_600.0]),
        };
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
        registry.register(
            "mizan_notifications_oldest_due_seconds",
            "Time since the oldest message or delivery became due that nobody has taken",
            own.due.clone(),
        );
        registry.register(
            "mizan_notifications_webhook_first_try_seconds",
            "Time from a webhook's making to the answer to its first try",
            own.first_try_seconds.clone(),
        );
        for way in ["email", "webhook"] {
            own.ages(way, 0, 0);
            for answer in ["accepted", "later", "never"] {
                // At zero from the start, so that the first time is seen as a step.
                drop(own.tries.get_or_create(&Answered { way, answer }));
            }
        }
        own
    }

    /// How old the oldest is that is on its way, and for how long the oldest has been due.
    pub fn ages(&self, way: &'static str, oldest_seconds: i64, due_seconds: i64) {
        self.oldest.get_or_create(&Way { way }).set(oldest_seconds);
        self.due.get_or_create(&Way { way }).set(due_seconds);
    }

    /// The first call of a webhook was answered, or brought no answer, so long after it was made.
    pub fn first_tried(&self, after: Duration) {
        self.first_try_seconds.observe(after.as_seconds_f64().max(0.0));
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
