//! The portal's settings.
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the payer's pages listen and whom they ask.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "portal.settings")]
pub struct Settings {
    /// The pages.
    #[arg(
        id = "portal.http_addr",
        long = "portal-http-addr",
        env = "MIZAN_PORTAL_HTTP_ADDR",
        default_value = "127.0.0.1:8081"
    )]
    pub http_addr: SocketAddr,
    /// Start-up, readiness and metrics.
    #[arg(
        id = "portal.health_addr",
        long = "portal-health-addr",
        env = "MIZAN_PORTAL_HEALTH_ADDR",
        default_value = "127.0.0.1:7309"
    )]
    pub health_addr: SocketAddr,
    /// `invoicing`.
    #[arg(
        id = "portal.invoicing_url",
        long = "portal-invoicing-url",
        env = "MIZAN_PORTAL_INVOICING_URL",
        default_value = "http://127.0.0.1:7102"
    )]
    pub invoicing_url: String,
    /// `payments`.
    #[arg(
        id = "portal.payments_url",
        long = "portal-payments-url",
        env = "MIZAN_PORTAL_PAYMENTS_URL",
        default_value = "http://127.0.0.1:7103"
    )]
    pub payments_url: String,
    /// `notifications`.
    #[arg(
        id = "portal.notifications_url",
        long = "portal-notifications-url",
        env = "MIZAN_PORTAL_NOTIFICATIONS_URL",
        default_value = "http://127.0.0.1:7106"
    )]
    pub notifications_url: String,
    /// `catalogue`.
    #[arg(
        id = "portal.catalogue_url",
        long = "portal-catalogue-url",
        env = "MIZAN_PORTAL_CATALOGUE_URL",
        default_value = "http://127.0.0.1:7101"
    )]
    pub catalogue_url: String,
    /// Unknown references that one address may try a minute; known bills can be read freely.
    #[arg(id = "portal.unknown_per_minute", long = "portal-unknown-per-minute", env = "MIZAN_PORTAL_UNKNOWN_PER_MINUTE", default_value = "30", value_parser = clap::value_parser!(u32).range(1..))]
    pub unknown_per_minute: u32,
    /// A file with the secret that signs the pages' forms, the same for all replicas; unset, each process makes its own.
    #[arg(id = "portal.form_key_file", long = "portal-form-key-file", env = "MIZAN_PORTAL_FORM_KEY_FILE")]
    pub form_key_file: Option<PathBuf>,
}
