//! Events between services: told in the transaction of their fact (outbox), published afterwards (relay), heard at
//! least once (consumer), effective once (inbox).
//!
//! NATS is a doorbell. Postgres holds the truth on both sides: if the broker loses its store, or the last of it,
//! only time is lost.

mod connect;
mod consumer;
mod event;
pub mod inbox;
mod lag;
mod look;
mod metrics;
pub mod outbox;
mod publish;
mod relay;
mod sent;
mod stream;

pub use connect::Bus;
pub use consumer::{ConsumerConfig, HandlerError};
pub use event::{Event, Received};
pub use look::{Listener, Look, look};
pub use stream::STREAM;
