//! SQL only.
pub mod agency;
pub mod fee_schedule;
pub mod fee_service;
pub mod revision;
