//! The adapter between a gRPC client and a provider of the test.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod callbacks;
mod captures;
mod harness;
mod providers;
mod refunds;
mod reversals;
mod settings;
