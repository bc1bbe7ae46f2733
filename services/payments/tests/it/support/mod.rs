//! One payments with its world around it.

pub mod bills;
pub mod officers;
pub mod stack;
pub mod wallet;

pub use stack::{Stack, bill};
