//! `kiosk-relay` over real TLS, on real Postgres and NATS.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod bills;
mod enrolment;
mod forks;
mod journal;
mod kiosk;
mod measured;
mod payments;
mod races;
mod stack;
mod states;
