//! SQL only; every function takes a transaction.

pub mod callback;
pub mod exchange;
