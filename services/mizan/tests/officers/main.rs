//! What officers type, against a running `payments` on real Postgres and NATS.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adjustments;
mod credits;
mod disputes;
mod outside;
mod payments;
mod platform;
mod refunds;
