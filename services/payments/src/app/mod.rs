//! Use cases, one a file.

pub mod payment;
pub mod receivable;
