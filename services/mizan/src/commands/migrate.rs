//! Schemas.
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use pg::Pg;
use sqlx::migrate::Migrator;

use super::{end_with, say};

/// Brings databases to the schema of this binary.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The service whose database to migrate, or all.
    service: Which,
    #[arg(long, env = "MIZAN_CATALOGUE_DATABASE_URL", default_value = "postgres://localhost/catalogue")]
    catalogue_database_url: String,
    #[arg(long, env = "MIZAN_IDENTITY_DATABASE_URL", default_value = "postgres://localhost/identity")]
    identity_database_url: String,
    #[arg(long, env = "MIZAN_INVOICING_DATABASE_URL", default_value = "postgres://localhost/invoicing")]
    invoicing_database_url: String,
    #[arg(long, env = "MIZAN_PAYMENTS_DATABASE_URL", default_value = "postgres://localhost/payments")]
    payments_database_url: String,
    #[arg(
        long,
        env = "MIZAN_WALLET_ADAPTER_DATABASE_URL",
        default_value = "postgres://localhost/wallet_adapter"
    )]
    wallet_adapter_database_url: String,
    #[arg(long, env = "MIZAN_KIOSK_RELAY_DATABASE_URL", default_value = "postgres://localhost/kiosk_relay")]
    kiosk_relay_database_url: String,
    #[arg(
        long,
        env = "MIZAN_NOTIFICATIONS_DATABASE_URL",
        default_value = "postgres://localhost/notifications"
    )]
    notifications_database_url: String,
    #[arg(long, env = "MIZAN_SANDBOX_DATABASE_URL", default_value = "postgres://localhost/sandbox")]
    sandbox_database_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    All,
    Catalogue,
    Identity,
    Invoicing,
    Payments,
    WalletAdapter,
    KioskRelay,
    Notifications,
    Sandbox,
}

impl Migrate {
    fn databases(&self) -> [(Which, &'static str, &str, &'static Migrator); 8] {
        [
            (Which::Catalogue, "catalogue", &self.catalogue_database_url, &catalogue::MIGRATOR),
            (Which::Identity, "identity", &self.identity_database_url, &identity::MIGRATOR),
            (Which::Invoicing, "invoicing", &self.invoicing_database_url, &invoicing::MIGRATOR),
            (Which::Payments, "payments", &self.payments_database_url, &payments::MIGRATOR),
            (
                Which::WalletAdapter,
                "wallet-adapter",
                &self.wallet_adapter_database_url,
                &wallet_adapter::MIGRATOR,
            ),
            (Which::KioskRelay, "kiosk-relay", &self.kiosk_relay_database_url, &kiosk_relay::MIGRATOR),
            (
                Which::Notifications,
                "notifications",
                &self.notifications_database_url,
                &notifications::MIGRATOR,
            ),
            (Which::Sandbox, "sandbox", &self.sandbox_database_url, &sandbox::MIGRATOR),
        ]
    }
}

/// Migrates; the first failure ends it, and running it again goes on from there.
pub async fn run(migrate: Migrate) -> ExitCode {
    let wanted = |which: Which| migrate.service == Which::All || migrate.service == which;
    for (which, name, url, migrator) in migrate.databases() {
        if !wanted(which) {
            continue;
        }
        if let Err(error) = Pg::migrate(url, migrator).await {
            return end_with(&error);
        }
        say(format!("{name}: schema is up to date"));
    }
    ExitCode::SUCCESS
}
