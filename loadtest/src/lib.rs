//! The platform seen from the outside. Starts everything as separate processes, plays payers, clerks, kiosks and
//! agencies over the public interfaces, and believes only what it can see there.
#![expect(
    clippy::disallowed_methods,
    reason = "the world outside lives in real time and has its own randomness"
)]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it lacks")]

pub mod api;
pub mod bills;
pub mod crash;
pub mod demo;
pub mod k8s;
pub mod million;
pub mod payers;
pub mod payment;
pub mod report;
pub mod stack;
pub mod telemetry;
pub mod world;
