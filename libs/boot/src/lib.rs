//! What every service stands on: time, ids, running work, calls, problems, servers, health, telemetry,
//! secrets, sealed data and sentences. See `README.md`.

pub mod call;
mod clock;
mod context;
pub mod grpc;
mod health;
pub mod http;
mod ids;
pub mod locale;
mod metrics;
mod metrics_export;
pub mod problem;
mod redacted;
mod run;
pub mod seal;
mod secrets;
pub mod start_error;
mod tasks;
pub mod telemetry;
pub mod tls;
pub mod trace;
pub mod wire;

pub use self::ids::Ids;
pub use call::Call;
pub use clock::{Clock, bahrain_date, bahrain_midnight};
pub use context::Context;
pub use health::Health;
pub use locale::Lang;
pub use problem::{Code, Problem};
pub use redacted::Redacted;
pub use run::{STOP_BUDGET, install_tls, run_service, shutdown_signal};
pub use secrets::{ServerUrl, read_optional_secret, read_secret};
pub use start_error::{BoxError, StartError};
pub use tasks::{Panicked, Tasks};
pub use telemetry::Telemetry;
