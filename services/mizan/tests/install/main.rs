//! What an operator types after an install: `mizan migrate`, `mizan selftest`, `mizan doctor`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod doctor;
mod migrate;
mod platform;
mod selftest;
