//! What tests and the demo need around the services, and nothing that a service needs: private Postgres, NATS and Redis,
//! a database and a NATS account per test, an injected clock, a TCP proxy that fails on command, a collector of spans.
//!
//! Servers are started by this process, on free loopback ports, in a folder of their own. They end with the process
//! that started them, however it ends, and they never touch servers that already run on the machine.
//!
//! ```no_run
//! # static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;
//! # async fn example() {
//! let env = testkit::Env::start("payments", &MIGRATOR).await;
//! // env.pg, env.nats_url, env.redis_url, env.clock, env.ids, env.ctx
//! # }
//! ```

mod account;
mod env;
mod lease;
pub mod otlp;
pub mod pdf;
mod port;
mod process;
mod proxy;
mod servers;
pub mod smtp;
mod template;
pub mod tools;
mod wait;

pub use env::{Database, Env, START};
pub use port::free_address;
pub use proxy::FaultProxy;
pub use servers::{Addresses, Durable, Servers};
pub use wait::wait_for;

/// The setting that names servers which are shared by many test processes: the JSON of [`Addresses`], or a path to it.
/// `testkit run -- <command>` sets it.
pub const SHARED_SERVERS: &str = "MIZAN_TEST_SERVERS";
