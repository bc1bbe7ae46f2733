//! The settings of invoicing.

use std::{net::SocketAddr, path::PathBuf};

/// Where invoicing listens, keeps its invoices and asks for prices.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "invoicing.settings")]
pub struct Settings {
    /// Its own RPCs.
    #[arg(
        id = "invoicing.grpc_addr",
        long = "invoicing-grpc-addr",
        env = "MIZAN_INVOICING_GRPC_ADDR",
        default_value = "127.0.0.1:7102"
    )]
    pub grpc_addr: SocketAddr,

    /// Start-up, readiness and metrics.
    #[arg(
        id = "invoicing.health_addr",
        long = "invoicing-health-addr",
        env = "MIZAN_INVOICING_HEALTH_ADDR",
        default_value = "127.0.0.1:7302"
    )]
    pub health_addr: SocketAddr,

    /// The database of invoices, uploads and the people they are for.
    #[arg(
        id = "invoicing.database_url",
        long = "invoicing-database-url",
        env = "MIZAN_INVOICING_DATABASE_URL",
        default_value = "postgres://localhost/invoicing",
        hide_env_values = true
    )]
    pub database_url: String,

    /// The NATS server that carries events.
    #[arg(
        id = "invoicing.nats_url",
        long = "invoicing-nats-url",
        env = "MIZAN_INVOICING_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        hide_env_values = true
    )]
    pub nats_url: String,

    /// The catalogue, which knows agencies and prices.
    #[arg(
        id = "invoicing.catalogue_url",
        long = "invoicing-catalogue-url",
        env = "MIZAN_INVOICING_CATALOGUE_URL",
        default_value = "http://127.0.0.1:7101"
    )]
    pub catalogue_url: String,

    /// The owner of the money, who decides whether an invoice may change.
    #[arg(
        id = "invoicing.payments_url",
        long = "invoicing-payments-url",
        env = "MIZAN_INVOICING_PAYMENTS_URL",
        default_value = "http://127.0.0.1:7103"
    )]
    pub payments_url: String,

    /// Who sends notices and reminders.
    #[arg(
        id = "invoicing.notifications_url",
        long = "invoicing-notifications-url",
        env = "MIZAN_INVOICING_NOTIFICATIONS_URL",
        default_value = "http://127.0.0.1:7106"
    )]
    pub notifications_url: String,

    /// Days before (below zero) and after a due date on which a payer with an address is reminded of an open bill.
    #[arg(
        id = "invoicing.reminder_days",
        long = "invoicing-reminder-days",
        env = "MIZAN_INVOICING_REMINDER_DAYS",
        default_value = "-7,-1,3,14",
        value_delimiter = ',',
        allow_hyphen_values = true,
        value_parser = clap::value_parser!(i16).range(-365..=365)
    )]
    pub reminder_days: Vec<i16>,

    /// Where payers find the portal, as documents print it, without a slash at its end.
    #[arg(
        id = "invoicing.portal_url",
        long = "invoicing-portal-url",
        env = "MIZAN_INVOICING_PORTAL_URL",
        default_value = "http://127.0.0.1:8081"
    )]
    pub portal_url: String,

    /// A file with the 32 bytes (base64) that wrap every person's key. Without it nobody's name can be read again: keep
    /// a copy apart from the database.
    #[arg(
        id = "invoicing.master_key_file",
        long = "invoicing-master-key-file",
        env = "MIZAN_INVOICING_MASTER_KEY_FILE",
        default_value = "/etc/mizan/invoicing.key"
    )]
    pub master_key_file: PathBuf,

    /// The largest file of bills, in bytes; 192 MiB hold a million rows of 200 bytes. A larger one is refused before it
    /// is read to its end.
    #[arg(
        id = "invoicing.max_upload_bytes",
        long = "invoicing-max-upload-bytes",
        env = "MIZAN_INVOICING_MAX_UPLOAD_BYTES",
        default_value_t = 192 * 1024 * 1024
    )]
    pub max_upload_bytes: usize,

    /// Days that the cells of an uploaded file are kept, for corrections; then they are destroyed. Bills stay.
    #[arg(
        id = "invoicing.sheets_kept_days",
        long = "invoicing-sheets-kept-days",
        env = "MIZAN_INVOICING_SHEETS_KEPT_DAYS",
        default_value_t = 90,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub sheets_kept_days: u16,
}
