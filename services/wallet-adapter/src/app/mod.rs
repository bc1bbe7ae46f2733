//! One use case a file.

pub mod callback;
pub mod exchange;
