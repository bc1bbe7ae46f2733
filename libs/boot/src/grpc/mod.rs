//! gRPC between services: one server builder, one client channel.

mod client;
mod layer;
mod server;

pub use client::{Channel, Traced, channel};
pub use server::serve;
