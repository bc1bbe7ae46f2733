//! What a service is handed.

use std::sync::{Arc, Mutex};

use prometheus_client::registry::Registry;

use crate::{Clock, Health, Ids, Tasks};

/// What a service is handed: time, ids, the running work, its metrics and its health.
#[derive(Clone, Debug)]
pub struct Context {
    /// The service's name, as in `mizan payments`.
    pub service: &'static str,
    pub clock: Clock,
    pub ids: Ids,
    pub tasks: Tasks,
    /// Metrics that `/metrics` on the health port shows.
    pub registry: Arc<Mutex<Registry>>,
    pub health: Health,
}

impl Context {
    /// A context of its own: fresh tasks, metrics and health.
    pub fn new(service: &'static str, clock: Clock, ids: Ids) -> Context {
        let tasks = Tasks::new();
        let health = Health::new(tasks.clone());
        Context { service, clock, ids, tasks, registry: health.registry(), health }
    }

    /// For another service in the same process: shares time, ids and tasks, so that all stop together, and
    /// has its own metrics and health.
    #[must_use]
    pub fn for_service(&self, service: &'static str) -> Context {
        let health = Health::new(self.tasks.clone());
        Context { service, registry: health.registry(), health, ..self.clone() }
    }

    /// The full name of a setting of this service: `GRPC_ADDR` → `MIZAN_PAYMENTS_GRPC_ADDR`.
    pub fn setting(&self, name: &str) -> String {
        format!("MIZAN_{}_{name}", self.service.to_uppercase().replace('-', "_"))
    }
}
