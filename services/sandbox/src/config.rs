//! The settings of the simulated outside world.

use std::{net::SocketAddr, path::PathBuf};

/// Where the simulated world listens and keeps what it remembers.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "sandbox.settings")]
pub struct Settings {
    /// Wallet, kiosks' switches, agencies' webhook server and all books.
    #[arg(
        id = "sandbox.http_addr",
        long = "sandbox-http-addr",
        env = "MIZAN_SANDBOX_HTTP_ADDR",
        default_value = "127.0.0.1:8090"
    )]
    pub http_addr: SocketAddr,

    /// The mail server that receives every message of the platform.
    #[arg(
        id = "sandbox.smtp_addr",
        long = "sandbox-smtp-addr",
        env = "MIZAN_SANDBOX_SMTP_ADDR",
        default_value = "127.0.0.1:8025"
    )]
    pub smtp_addr: SocketAddr,

    /// Start-up, readiness and metrics.
    #[arg(
        id = "sandbox.health_addr",
        long = "sandbox-health-addr",
        env = "MIZAN_SANDBOX_HEALTH_ADDR",
        default_value = "127.0.0.1:7310"
    )]
    pub health_addr: SocketAddr,

    /// The database of the world's own books.
    #[arg(
        id = "sandbox.database_url",
        long = "sandbox-database-url",
        env = "MIZAN_SANDBOX_DATABASE_URL",
        default_value = "postgres://localhost/sandbox",
        hide_env_values = true
    )]
    pub database_url: String,

    /// The folder of what simulated devices hold: keys, journals, notes.
    #[arg(
        id = "sandbox.data_dir",
        long = "sandbox-data-dir",
        env = "MIZAN_SANDBOX_DATA_DIR",
        default_value = ".mizan/sandbox"
    )]
    pub data_dir: PathBuf,

    /// How a payer's browser reaches this process; unset: `http://` and the bound address.
    #[arg(id = "sandbox.public_url", long = "sandbox-public-url", env = "MIZAN_SANDBOX_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// The one merchant the wallet knows.
    #[arg(
        id = "sandbox.wallet_merchant_id",
        long = "sandbox-wallet-merchant-id",
        env = "MIZAN_SANDBOX_WALLET_MERCHANT_ID",
        default_value = "TESTMERCH"
    )]
    pub wallet_merchant_id: String,

    /// The wallet lets money go that it has held so long, in milliseconds (7 days), and that nobody captured.
    #[arg(
        id = "sandbox.wallet_hold_ms",
        long = "sandbox-wallet-hold-ms",
        env = "MIZAN_SANDBOX_WALLET_HOLD_MS",
        default_value = "604800000",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub wallet_hold_ms: u32,

    /// The secret of the wallet and its merchant. It protects no real money.
    #[arg(
        id = "sandbox.wallet_secret",
        long = "sandbox-wallet-secret",
        env = "MIZAN_SANDBOX_WALLET_SECRET",
        default_value = "test-secret",
        hide_env_values = true
    )]
    pub wallet_secret: boot::Redacted<String>,
}
