//! The settings of `notifications`.

use std::{net::SocketAddr, path::PathBuf};

use crate::domain::address::AllowList;

/// Receipts to payers, webhooks to agencies.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "notifications.settings")]
pub struct Settings {
    /// The RPCs.
    #[arg(
        id = "notifications.grpc_addr",
        long = "notifications-grpc-addr",
        env = "MIZAN_NOTIFICATIONS_GRPC_ADDR",
        default_value = "127.0.0.1:7106"
    )]
    pub grpc_addr: SocketAddr,

    /// Start-up, readiness and metrics.
    #[arg(
        id = "notifications.health_addr",
        long = "notifications-health-addr",
        env = "MIZAN_NOTIFICATIONS_HEALTH_ADDR",
        default_value = "127.0.0.1:7306"
    )]
    pub health_addr: SocketAddr,

    /// The database of contacts, messages, endpoints and deliveries.
    #[arg(
        id = "notifications.database_url",
        long = "notifications-database-url",
        env = "MIZAN_NOTIFICATIONS_DATABASE_URL",
        default_value = "postgres://localhost/notifications",
        hide_env_values = true
    )]
    pub database_url: String,

    /// Where events come from.
    #[arg(
        id = "notifications.nats_url",
        long = "notifications-nats-url",
        env = "MIZAN_NOTIFICATIONS_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        hide_env_values = true
    )]
    pub nats_url: String,

    /// `catalogue`, for the names of agencies.
    #[arg(
        id = "notifications.catalogue_url",
        long = "notifications-catalogue-url",
        env = "MIZAN_NOTIFICATIONS_CATALOGUE_URL",
        default_value = "http://127.0.0.1:7101"
    )]
    pub catalogue_url: String,

    /// The file of the key that wraps the keys of addresses and secrets: 32 bytes in base64.
    #[arg(
        id = "notifications.master_key_file",
        long = "notifications-master-key-file",
        env = "MIZAN_NOTIFICATIONS_MASTER_KEY_FILE",
        default_value = "/etc/mizan/notifications.key"
    )]
    pub master_key_file: PathBuf,

    /// The mail server: smtp://host:port, smtps://user:password@host, or smtp://host:587?tls=required.
    #[arg(
        id = "notifications.smtp_url",
        long = "notifications-smtp-url",
        env = "MIZAN_NOTIFICATIONS_SMTP_URL",
        default_value = "smtp://127.0.0.1:8025",
        hide_env_values = true
    )]
    pub smtp_url: boot::Redacted<String>,

    /// Who receipts come from.
    #[arg(
        id = "notifications.mail_from",
        long = "notifications-mail-from",
        env = "MIZAN_NOTIFICATIONS_MAIL_FROM",
        default_value = "Mizan <no-reply@mizan.example>"
    )]
    pub mail_from: String,

    /// Pauses between tries, in percent of the real ones; 100 but for tests and demonstrations.
    #[arg(
        id = "notifications.retry_scale_percent",
        long = "notifications-retry-scale-percent",
        env = "MIZAN_NOTIFICATIONS_RETRY_SCALE_PERCENT",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=100)
    )]
    pub retry_scale_percent: u32,

    /// Networks webhooks may reach although they are not public, also by http://. Like 127.0.0.0/8,::1/128. Leave it
    /// The hour in Bahrain from which on no notice or reminder is sent; receipts are.
    #[arg(
        id = "notifications.quiet_from_hour",
        long = "notifications-quiet-from-hour",
        env = "MIZAN_NOTIFICATIONS_QUIET_FROM_HOUR",
        default_value_t = 21,
        value_parser = clap::value_parser!(u8).range(0..24)
    )]
    pub quiet_from_hour: u8,

    /// The hour at which they are sent again; the same as the other: there are no quiet hours.
    #[arg(
        id = "notifications.quiet_until_hour",
        long = "notifications-quiet-until-hour",
        env = "MIZAN_NOTIFICATIONS_QUIET_UNTIL_HOUR",
        default_value_t = 8,
        value_parser = clap::value_parser!(u8).range(0..24)
    )]
    pub quiet_until_hour: u8,

    /// empty in production.
    #[arg(
        id = "notifications.webhook_allow_private",
        long = "notifications-webhook-allow-private",
        env = "MIZAN_NOTIFICATIONS_WEBHOOK_ALLOW_PRIVATE",
        default_value = ""
    )]
    pub webhook_allow_private: AllowList,
}
