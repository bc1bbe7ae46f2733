//! The API against a small world of services on real sockets.
#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it lacks")]
#![expect(clippy::unwrap_used, reason = "a broken world is a failed test")]

mod bad_input;
mod keys;
mod limits;
mod replay;
mod world;
