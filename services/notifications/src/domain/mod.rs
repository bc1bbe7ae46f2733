//! What notifications decides: pure, synchronous, no clock.

pub mod address;
pub mod endpoint;
pub mod quiet;
pub mod retry;
pub mod sending;
pub mod webhook_event;
pub mod webhook_url;
