//! Keeps the sentences of our style true. Each check names the place and what to do.
#![expect(clippy::expect_used, reason = "a broken tree is a failed test")]

mod arrows;
mod docs;
mod seeds;
mod sources;
mod tree;
