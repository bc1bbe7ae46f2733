//! What an SRE watches. Each fork is an alarm: cash and books part there.

use std::sync::PoisonError;

use prometheus_client::metrics::{counter::Counter, family::Family};

use crate::store::evidence::{Evidence, Kind};

type By = Family<[(&'static str, &'static str); 1], Counter>;

/// The relay's own metrics.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    records: By,
    evidence: By,
    forks: Counter,
}

impl Metrics {
    /// Registers them.
    pub fn register(ctx: &boot::Context) -> Metrics {
        let own = Metrics::default();
        let mut registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(
            "mizan_kiosk_records",
            "Journal records heard, by what was done",
            own.records.clone(),
        );
        registry.register("mizan_kiosk_evidence", "Odd things devices said, by kind", own.evidence.clone());
        registry.register(
            "mizan_kiosk_forks",
            "Records that showed a second journal: alarm",
            own.forks.clone(),
        );
        own
    }

    /// Counts a record by its result.
    pub fn record(&self, result: &'static str) {
        self.records.get_or_create(&[("result", result)]).inc();
    }

    /// Counts evidence, and forks on their own.
    pub fn evidence(&self, found: &[Evidence]) {
        for evidence in found {
            self.evidence.get_or_create(&[("kind", evidence.kind.name())]).inc();
            if evidence.kind == Kind::Fork {
                self.forks.inc();
            }
        }
    }
}
