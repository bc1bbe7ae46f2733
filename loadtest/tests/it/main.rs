//! The whole platform as separate processes, looked at from the outside.
#![expect(clippy::unwrap_used, reason = "a broken run is a failed test")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it lacks")]

mod crash;
mod outage;
mod replicas;
mod telemetry;
mod trace;
