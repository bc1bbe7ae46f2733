//! `notifications` on a real Postgres and NATS, a mail server and agencies' servers on this machine.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod canary;
mod catalogue;
mod contact;
mod endpoint;
mod hooks;
mod notice;
mod receipt;
mod stack;
mod webhook;
