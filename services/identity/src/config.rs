//! The settings of identity.
use std::net::SocketAddr;

/// Where identity listens and what it keeps its clients in.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "identity.settings")]
pub struct Settings {
    /// gRPC.
    #[arg(
        id = "identity.grpc_addr",
        long = "identity-grpc-addr",
        env = "MIZAN_IDENTITY_GRPC_ADDR",
        default_value = "127.0.0.1:7107"
    )]
    pub grpc_addr: SocketAddr,
    /// Start-up, readiness and metrics.
    #[arg(
        id = "identity.health_addr",
        long = "identity-health-addr",
        env = "MIZAN_IDENTITY_HEALTH_ADDR",
        default_value = "127.0.0.1:7307"
    )]
    pub health_addr: SocketAddr,
    /// The service's own database.
    #[arg(
        id = "identity.database_url",
        long = "identity-database-url",
        env = "MIZAN_IDENTITY_DATABASE_URL",
        default_value = "postgres://localhost/identity",
        hide_env_values = true
    )]
    pub database_url: String,
}
