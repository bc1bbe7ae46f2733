//! Use cases.
pub mod api_key;
