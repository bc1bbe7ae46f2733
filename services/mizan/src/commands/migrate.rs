//! Schemas.
use std::process::ExitCode;
use std::time::Duration;

use boot::{Clock, StartError};
use clap::{Args, ValueEnum};
use pg::{Options, Pg};
use sqlx::migrate::Migrator;

use super::{end_with, say};

/// Brings databases to the schema of this binary.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The services whose databases to migrate, or all.
    #[arg(required = true)]
    services: Vec<Which>,
    /// Changes nothing: only whether the schema that this binary needs is there, within `--wait-s`; code 69 and the first migration
    /// that is missing when it is not.
    #[arg(long)]
    check: bool,
    /// Waits so many seconds for a server that takes no connections yet. A wrong password is not waited for.
    #[arg(long, default_value_t = 0)]
    wait_s: u64,
    #[arg(
        long,
        env = "MIZAN_CATALOGUE_DATABASE_URL",
        default_value = "postgres://localhost/catalogue",
        hide_env_values = true
    )]
    catalogue_database_url: String,
    #[arg(
        long,
        env = "MIZAN_IDENTITY_DATABASE_URL",
        default_value = "postgres://localhost/identity",
        hide_env_values = true
    )]
    identity_database_url: String,
    #[arg(
        long,
        env = "MIZAN_INVOICING_DATABASE_URL",
        default_value = "postgres://localhost/invoicing",
        hide_env_values = true
    )]
    invoicing_database_url: String,
    #[arg(
        long,
        env = "MIZAN_PAYMENTS_DATABASE_URL",
        default_value = "postgres://localhost/payments",
        hide_env_values = true
    )]
    payments_database_url: String,
    #[arg(
        long,
        env = "MIZAN_WALLET_ADAPTER_DATABASE_URL",
        default_value = "postgres://localhost/wallet_adapter",
        hide_env_values = true
    )]
    wallet_adapter_database_url: String,
    #[arg(
        long,
        env = "MIZAN_KIOSK_RELAY_DATABASE_URL",
        default_value = "postgres://localhost/kiosk_relay",
        hide_env_values = true
    )]
    kiosk_relay_database_url: String,
    #[arg(
        long,
        env = "MIZAN_NOTIFICATIONS_DATABASE_URL",
        default_value = "postgres://localhost/notifications",
        hide_env_values = true
    )]
    notifications_database_url: String,
    #[arg(
        long,
        env = "MIZAN_SANDBOX_DATABASE_URL",
        default_value = "postgres://localhost/sandbox",
        hide_env_values = true
    )]
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

impl Which {
    /// As it is typed.
    fn name(self) -> &'static str {
        match self {
            Which::All => "all",
            Which::Catalogue => "catalogue",
            Which::Identity => "identity",
            Which::Invoicing => "invoicing",
            Which::Payments => "payments",
            Which::WalletAdapter => "wallet-adapter",
            Which::KioskRelay => "kiosk-relay",
            Which::Notifications => "notifications",
            Which::Sandbox => "sandbox",
        }
    }

    fn migrator(self) -> Option<&'static Migrator> {
        match self {
            Which::All => None,
            Which::Catalogue => Some(&catalogue::MIGRATOR),
            Which::Identity => Some(&identity::MIGRATOR),
            Which::Invoicing => Some(&invoicing::MIGRATOR),
            Which::Payments => Some(&payments::MIGRATOR),
            Which::WalletAdapter => Some(&wallet_adapter::MIGRATOR),
            Which::KioskRelay => Some(&kiosk_relay::MIGRATOR),
            Which::Notifications => Some(&notifications::MIGRATOR),
            Which::Sandbox => Some(&sandbox::MIGRATOR),
        }
    }
}

/// The schema that this binary needs of a service; none: it has no database.
pub fn schema(service: &str) -> Option<&'static Migrator> {
    Which::value_variants().iter().find(|which| which.name() == service).and_then(|which| which.migrator())
}

/// A service's database.
struct Database<'m> {
    name: &'static str,
    url: &'m str,
    migrator: &'static Migrator,
}

impl Migrate {
    /// Those that are asked for.
    fn databases(&self) -> impl Iterator<Item = Database<'_>> {
        let all = [
            (Which::Catalogue, &self.catalogue_database_url),
            (Which::Identity, &self.identity_database_url),
            (Which::Invoicing, &self.invoicing_database_url),
            (Which::Payments, &self.payments_database_url),
            (Which::WalletAdapter, &self.wallet_adapter_database_url),
            (Which::KioskRelay, &self.kiosk_relay_database_url),
            (Which::Notifications, &self.notifications_database_url),
            (Which::Sandbox, &self.sandbox_database_url),
        ];
        let wanted = |which: &Which| self.services.contains(&Which::All) || self.services.contains(which);
        all.into_iter().filter(move |(which, _)| wanted(which)).filter_map(|(which, url)| {
            Some(Database { name: which.name(), url, migrator: which.migrator()? })
        })
    }
}

/// Between two looks at a server.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Migrates or checks; the first failure ends it, and running it again goes on from there.
pub async fn run(migrate: Migrate) -> ExitCode {
    let clock = Clock::system();
    let until = Duration::from_secs(migrate.wait_s);
    for database in migrate.databases() {
        let name = database.name;
        let mut waits = Waits { clock: &clock, until, name, said: false };
        let done = if migrate.check {
            checked(&database, &mut waits).await
        } else {
            migrated(&database, &mut waits).await
        };
        if let Err(error) = done {
            return end_with(&error);
        }
        say(format_args!("{name}: schema is up to date"));
    }
    ExitCode::SUCCESS
}

async fn migrated(database: &Database<'_>, waits: &mut Waits<'_>) -> Result<(), StartError> {
    loop {
        match Pg::migrate(database.url, database.migrator).await {
            Err(error) if is_away(&error) => waits.again(error).await?,
            done => return done,
        }
    }
}

async fn checked(database: &Database<'_>, waits: &mut Waits<'_>) -> Result<(), StartError> {
    let Database { name, url, migrator } = database;
    let setting = format!("MIZAN_{}_DATABASE_URL", name.to_uppercase().replace('-', "_"));
    // Whether the server may be trusted with money is what the service itself asks when it starts.
    let options = Options { allow_unsafe: true, ..Options::new(1) };
    loop {
        let missing = match Pg::connect_with(url, &setting, &options).await {
            Ok(pg) => match pg.check_migrated(migrator).await {
                Ok(()) => return Ok(()),
                Err(error) => not_there(name, error),
            },
            Err(error) if is_away(&error) || has_no_database(&error) => error,
            Err(error) => return Err(error),
        };
        waits.again(missing).await?;
    }
}

/// A schema that is behind is something that this binary needs, and that a job brings.
fn not_there(name: &str, error: StartError) -> StartError {
    match error {
        StartError::Setting { what, .. } => StartError::dependency(
            format!("the schema of {name}"),
            format!("that `mizan migrate {name}` of this version has run"),
            what,
        ),
        other @ (StartError::Dependency { .. } | StartError::Bug { .. }) => other,
    }
}

/// Until when a server is waited for.
struct Waits<'m> {
    clock: &'m Clock,
    until: Duration,
    name: &'m str,
    said: bool,
}

impl Waits<'_> {
    /// Waits a little; or it is over, and `why` is what is wrong.
    async fn again(&mut self, why: StartError) -> Result<(), StartError> {
        let left = self.until.saturating_sub(self.clock.monotonic());
        if left.is_zero() {
            return Err(why);
        }
        if !self.said {
            say(format_args!("{}: waiting for up to {} s: {why}", self.name, left.as_secs()));
            self.said = true;
        }
        self.clock.sleep(LOOK_EVERY.min(left)).await;
        Ok(())
    }
}

/// Whether the server takes no connections: it is not there, or starts, stops or is full. It may soon.
fn is_away(error: &StartError) -> bool {
    answer(error).is_some_and(|error| match error.as_database_error() {
        Some(said) => {
            said.code().is_some_and(|code| ["57P", "08", "53"].iter().any(|class| code.starts_with(class)))
        }
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)),
    })
}

/// Whether the server has no such database yet.
fn has_no_database(error: &StartError) -> bool {
    let code = answer(error).and_then(|error| error.as_database_error()?.code());
    code.is_some_and(|code| code == "3D000")
}

fn answer(error: &StartError) -> Option<&sqlx::Error> {
    match error {
        StartError::Dependency { source, .. } => source.downcast_ref(),
        StartError::Setting { .. } | StartError::Bug { .. } => None,
    }
}
