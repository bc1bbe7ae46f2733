//! The gateway's settings.
use std::net::SocketAddr;

/// Where the public API listens, whom it asks, and how much it takes.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "gateway.settings")]
pub struct Settings {
    /// The public REST API.
    #[arg(
        id = "gateway.http_addr",
        long = "gateway-http-addr",
        env = "MIZAN_GATEWAY_HTTP_ADDR",
        default_value = "127.0.0.1:8080"
    )]
    pub http_addr: SocketAddr,
    /// Start-up, readiness and metrics.
    #[arg(
        id = "gateway.health_addr",
        long = "gateway-health-addr",
        env = "MIZAN_GATEWAY_HEALTH_ADDR",
        default_value = "127.0.0.1:7308"
    )]
    pub health_addr: SocketAddr,
    /// Redis, for limits that all replicas share. Away, each replica counts for itself.
    #[arg(
        id = "gateway.redis_url",
        long = "gateway-redis-url",
        env = "MIZAN_GATEWAY_REDIS_URL",
        default_value = "redis://127.0.0.1:6379/0",
        hide_env_values = true
    )]
    pub redis_url: String,
    /// `identity`.
    #[arg(
        id = "gateway.identity_url",
        long = "gateway-identity-url",
        env = "MIZAN_GATEWAY_IDENTITY_URL",
        default_value = "http://127.0.0.1:7107"
    )]
    pub identity_url: String,
    /// `invoicing`.
    #[arg(
        id = "gateway.invoicing_url",
        long = "gateway-invoicing-url",
        env = "MIZAN_GATEWAY_INVOICING_URL",
        default_value = "http://127.0.0.1:7102"
    )]
    pub invoicing_url: String,
    /// `payments`.
    #[arg(
        id = "gateway.payments_url",
        long = "gateway-payments-url",
        env = "MIZAN_GATEWAY_PAYMENTS_URL",
        default_value = "http://127.0.0.1:7103"
    )]
    pub payments_url: String,
    /// `notifications`.
    #[arg(
        id = "gateway.notifications_url",
        long = "gateway-notifications-url",
        env = "MIZAN_GATEWAY_NOTIFICATIONS_URL",
        default_value = "http://127.0.0.1:7106"
    )]
    pub notifications_url: String,
    /// Requests a second that one client, or one address without a key, may make on average.
    #[arg(id = "gateway.rate_per_second", long = "gateway-rate-per-second", env = "MIZAN_GATEWAY_RATE_PER_SECOND", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_per_second: u32,
    /// Requests that one client may make at once after a pause.
    #[arg(id = "gateway.rate_burst", long = "gateway-rate-burst", env = "MIZAN_GATEWAY_RATE_BURST", default_value = "200", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_burst: u32,
}
