//! What an SRE watches. Each fork is an alarm: cash and books part there.

use std::sync::PoisonError;

use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};

use crate::{
    app::journal::Done,
    store::evidence::{Evidence, Kind},
};

type By<M> = Family<[(&'static str, &'static str); 1], M>;

/// The relay's own metrics.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    records: By<Counter>,
    evidence: By<Counter>,
    forks: Counter,
    devices: By<Gauge>,
    /// Active devices that have not been heard for a quarter of an hour.
    pub devices_silent: Gauge,
    /// Seconds since the most silent active device was heard.
    pub silent_longest_seconds: Gauge,
    /// Seconds since the oldest note came that lies in a device.
    pub cash_oldest_seconds: Gauge,
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
        registry.register("mizan_kiosk_devices", "Devices, by state", own.devices.clone());
        registry.register(
            "mizan_kiosk_devices_silent",
            "Active devices that have not been heard for a quarter of an hour",
            own.devices_silent.clone(),
        );
        registry.register(
            "mizan_kiosk_silent_longest_seconds",
            "Time since the most silent active device was heard",
            own.silent_longest_seconds.clone(),
        );
        registry.register(
            "mizan_kiosk_cash_oldest_seconds",
            "Time since the oldest note came that lies in a device: since its units were last taken out",
            own.cash_oldest_seconds.clone(),
        );
        own.begin();
        own
    }

    /// What is known beforehand starts at zero, so that the first time is seen as a step.
    fn begin(&self) {
        for done in [Done::Appended, Done::Duplicate, Done::Quarantined] {
            drop(self.records.get_or_create(&[("result", done.name())]));
        }
        for kind in Kind::ALL {
            drop(self.evidence.get_or_create(&[("kind", kind.name())]));
        }
        for state in ["registered", "pending", "active", "quarantined"] {
            self.devices(state, 0);
        }
    }

    /// How many devices are in a state.
    pub fn devices(&self, state: &'static str, devices: i64) {
        self.devices.get_or_create(&[("state", state)]).set(devices);
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
