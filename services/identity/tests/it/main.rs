//! Identity on a real Postgres.
#![expect(clippy::unwrap_used, reason = "a broken stack is a failed test")]

mod api_key;
