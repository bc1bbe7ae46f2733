//! SQL, and nothing else. Everything takes an open transaction.

pub mod contact;
pub mod delivery;
pub mod endpoint;
pub mod message;
mod sending;
