//! gRPC between services: one server builder, one client channel.

mod client;
mod layer;
mod server;

pub use client::{Channel, Traced, channel, channel_waiting};
pub use server::serve;
