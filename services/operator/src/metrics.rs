//! What an SRE watches.
use std::sync::PoisonError;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Look {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    kind: &'static str,
}

/// The metrics of this service. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    reconciles: Family<Look, Counter>,
    leader: Gauge,
    drifted: Family<Of, Gauge>,
}

impl Metrics {
    pub fn register(ctx: &boot::Context) -> Metrics {
        let own = Metrics::default();
        let mut registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(
            "mizan_operator_reconciles",
            "Looks at objects by kind and outcome",
            own.reconciles.clone(),
        );
        registry.register("mizan_operator_leader", "1 in the replica that leads", own.leader.clone());
        registry.register(
            "mizan_operator_drifted",
            "Objects that the platform says something else about, in the replica that leads",
            own.drifted.clone(),
        );
        own
    }

    pub fn reconciled(&self, kind: &'static str, outcome: &'static str) {
        self.reconciles.get_or_create(&Look { kind, outcome }).inc();
    }

    pub fn leads(&self) {
        self.leader.set(1);
    }

    pub fn stands_by(&self) {
        self.leader.set(0);
    }

    pub fn drifted(&self, kind: &'static str, objects: usize) {
        self.drifted.get_or_create(&Of { kind }).set(i64::try_from(objects).unwrap_or(i64::MAX));
    }
}
