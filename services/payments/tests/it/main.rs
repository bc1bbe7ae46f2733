//! Payments on real Postgres and NATS, with a wallet adapter and an invoicing of the tests' own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authorised;
mod bills;
mod cash;
mod commit;
mod day;
mod doubt;
mod engine;
mod idempotency;
mod ledger;
mod measured;
mod money_back;
mod payment;
mod proof;
mod property;
mod race;
mod seal;
mod support;
mod verify;
