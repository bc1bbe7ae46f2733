//! SQL only.
pub mod agency;
pub mod channel_exception;
pub mod channel_policy;
pub mod fee_draft;
pub mod fee_schedule;
pub mod fee_service;
pub mod fence;
pub mod revision;
mod terms;
