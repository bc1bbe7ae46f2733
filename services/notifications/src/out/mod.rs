//! What goes out of the platform: never inside a transaction.

pub mod smtp;
pub mod webhook;
