//! Invoicing on real Postgres and NATS, with a small catalogue of its own.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: what is wrong shall fail loudly"
)]

mod bad_files;
mod calendar;
mod catalogue;
mod corrections;
mod documents;
mod erasure;
mod finding;
mod instalments;
mod invoice;
mod invoice_draft;
mod issue_upload;
mod letters;
mod long_files;
mod notices;
mod numbering;
mod privacy;
mod receivable;
mod reductions;
mod stack;
mod states;
mod upload_ways;
mod uploads;

use stack::Stack;
