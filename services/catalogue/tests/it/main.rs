//! The catalogue on a real Postgres.
#![expect(clippy::unwrap_used, reason = "a broken stack is a failed test")]

mod channels;
mod fee_draft;
mod fence;
mod import;
mod price_list;
mod quote;
mod stack;
