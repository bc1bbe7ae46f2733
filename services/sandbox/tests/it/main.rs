//! The simulated world, from the outside.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets something else has failed"
)]

mod captures;
mod faults;
mod harness;
mod refunds;
mod reversals;
mod wallet;
