//! Several services on real Postgres and NATS, in one process and on one clock.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod amendments;
mod documents;
mod ends;
mod late;
mod midnight;
mod plans;
mod platform;
mod uploads;
