//! SQL.
pub mod api_client;
