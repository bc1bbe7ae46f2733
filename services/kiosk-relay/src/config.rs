//! The settings of `kiosk-relay`.

use std::{net::SocketAddr, path::PathBuf};

/// Where devices and operators find the relay, and what it needs.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "kiosk-relay.settings")]
pub struct Settings {
    /// gRPC, for operators.
    #[arg(
        id = "kiosk-relay.grpc_addr",
        long = "kiosk-relay-grpc-addr",
        env = "MIZAN_KIOSK_RELAY_GRPC_ADDR",
        default_value = "127.0.0.1:7105"
    )]
    pub grpc_addr: SocketAddr,

    /// Start-up, readiness and metrics.
    #[arg(
        id = "kiosk-relay.health_addr",
        long = "kiosk-relay-health-addr",
        env = "MIZAN_KIOSK_RELAY_HEALTH_ADDR",
        default_value = "127.0.0.1:7305"
    )]
    pub health_addr: SocketAddr,

    /// HTTPS, for devices.
    #[arg(
        id = "kiosk-relay.device_addr",
        long = "kiosk-relay-device-addr",
        env = "MIZAN_KIOSK_RELAY_DEVICE_ADDR",
        default_value = "127.0.0.1:7205"
    )]
    pub device_addr: SocketAddr,

    /// The names and addresses devices know the relay by; they stand in its certificate.
    #[arg(
        id = "kiosk-relay.device_names",
        long = "kiosk-relay-device-names",
        env = "MIZAN_KIOSK_RELAY_DEVICE_NAMES",
        default_value = "localhost,127.0.0.1",
        value_delimiter = ','
    )]
    pub device_names: Vec<String>,

    /// The folder of the device CA. Made at the first start; all replicas share it; back it up.
    #[arg(
        id = "kiosk-relay.ca_dir",
        long = "kiosk-relay-ca-dir",
        env = "MIZAN_KIOSK_RELAY_CA_DIR",
        default_value = ".mizan/device-ca"
    )]
    pub ca_dir: PathBuf,

    /// The database of devices and journals.
    #[arg(
        id = "kiosk-relay.database_url",
        long = "kiosk-relay-database-url",
        env = "MIZAN_KIOSK_RELAY_DATABASE_URL",
        default_value = "postgres://localhost/kiosk_relay",
        hide_env_values = true
    )]
    pub database_url: String,

    /// Where events are told.
    #[arg(
        id = "kiosk-relay.nats_url",
        long = "kiosk-relay-nats-url",
        env = "MIZAN_KIOSK_RELAY_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        hide_env_values = true
    )]
    pub nats_url: String,

    /// Where `payments` tells what is due on a bill.
    #[arg(
        id = "kiosk-relay.payments_url",
        long = "kiosk-relay-payments-url",
        env = "MIZAN_KIOSK_RELAY_PAYMENTS_URL",
        default_value = "http://127.0.0.1:7103"
    )]
    pub payments_url: String,
}
