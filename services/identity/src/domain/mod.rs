//! What identity knows, without a database.
pub mod api_client;
pub mod scope;
