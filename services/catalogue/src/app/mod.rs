//! Use cases.
pub mod agency;
pub mod fee_service;
pub mod import;
pub mod quote;
