//! Several services on real Postgres and NATS, in one process and on one clock.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod amendments;
mod documents;
mod late;
mod midnight;
mod platform;
mod uploads;
