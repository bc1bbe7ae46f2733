//! SQL. Everything here takes an open transaction; the pool is out of reach.

pub mod amendment;
pub mod calendar;
pub mod credit_note;
pub mod finding;
pub mod idempotency;
pub mod invoice;
pub mod invoice_draft;
pub mod numbering;
pub mod party;
pub mod privacy;
pub mod upload;
pub mod upload_error;
pub mod upload_part;
pub mod upload_piece;
