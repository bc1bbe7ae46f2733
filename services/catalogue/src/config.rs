//! The settings of catalogue.
use std::net::SocketAddr;

/// Where catalogue listens and what it keeps agencies and fees in.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "catalogue.settings")]
pub struct Settings {
    /// gRPC.
    #[arg(
        id = "catalogue.grpc_addr",
        long = "catalogue-grpc-addr",
        env = "MIZAN_CATALOGUE_GRPC_ADDR",
        default_value = "127.0.0.1:7101"
    )]
    pub grpc_addr: SocketAddr,
    /// Start-up, readiness and metrics.
    #[arg(
        id = "catalogue.health_addr",
        long = "catalogue-health-addr",
        env = "MIZAN_CATALOGUE_HEALTH_ADDR",
        default_value = "127.0.0.1:7301"
    )]
    pub health_addr: SocketAddr,
    /// The service's own database.
    #[arg(
        id = "catalogue.database_url",
        long = "catalogue-database-url",
        env = "MIZAN_CATALOGUE_DATABASE_URL",
        default_value = "postgres://localhost/catalogue",
        hide_env_values = true
    )]
    pub database_url: String,
    /// Days between the announcement of a policy that closes a channel and its first day, at least.
    #[arg(
        id = "catalogue.policy_notice_days",
        long = "catalogue-policy-notice-days",
        env = "MIZAN_CATALOGUE_POLICY_NOTICE_DAYS",
        default_value_t = 14
    )]
    pub policy_notice_days: u16,
}
