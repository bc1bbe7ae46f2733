//! gRPC between services: one server builder, one client channel.

mod balanced;
mod client;
mod layer;
mod server;

pub use balanced::Balanced;
pub use client::{Channel, Traced, channel, channel_waiting};
pub use server::serve;
