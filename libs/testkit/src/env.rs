//! What one test gets.

use std::sync::OnceLock;
use std::time::Duration;

use boot::{Clock, Context, Ids};
use pg::Pg;
use sqlx::migrate::Migrator;
use time::macros::datetime;

use crate::lease::Lease;
use crate::{Addresses, Servers, template};

/// Everything a test needs, its own: nothing of another test is seen through it. When it is dropped, the work started
/// through `ctx` is told to stop and the databases are dropped.
///
/// The clock stands still until the test moves it, and ids repeat from run to run.
#[derive(Debug)]
pub struct Env {
    /// The test's database, migrated.
    pub pg: Pg,
    pub database_url: String,
    /// An account of its own: streams and messages of other tests are not in it.
    pub nats_url: String,
    /// A numbered database of its own, empty.
    pub redis_url: String,
    pub clock: Clock,
    pub ids: Ids,
    pub ctx: Context,
    /// The servers themselves, for [`crate::FaultProxy`].
    pub addresses: Addresses,
    _lease: Lease,
    _database: Database,
    _work: Work,
}

/// One more database, for a test over several services.
#[derive(Debug)]
pub struct Database {
    pub pg: Pg,
    pub url: String,
    _dropped: Dropped,
}

/// No tables at all, for services that have no database.
static NO_TABLES: Migrator = Migrator::DEFAULT;

/// A Thursday morning in Manama.
pub const START: time::OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);

/// Connections each pool may open. Tests run side by side, so few.
const CONNECTIONS: u32 = 8;

impl Env {
    /// An environment for a test of `service`, on a clock that the test moves.
    ///
    /// # Panics
    /// When the servers cannot be had; the message says what to run.
    pub async fn start(service: &'static str, migrator: &'static Migrator) -> Self {
        Self::start_at(service, migrator, Clock::manual(START)).await
    }

    /// As [`Env::start`], for a service without a database: `pg` is an empty one.
    ///
    /// # Panics
    /// As [`Env::start`].
    pub async fn without_tables(service: &'static str) -> Self {
        Self::start(service, &NO_TABLES).await
    }

    /// As [`Env::start`], on a clock of the caller: `Clock::system()` for a test that lives in real time.
    ///
    /// # Panics
    /// As [`Env::start`].
    pub async fn start_at(service: &'static str, migrator: &'static Migrator, clock: Clock) -> Self {
        Self::try_start(service, migrator, clock).await.unwrap_or_else(|error| fail(&error))
    }

    async fn try_start(
        service: &'static str,
        migrator: &'static Migrator,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let addresses = addresses().await?;
        let database = database(addresses, service, migrator).await?;
        let lease = Lease::take(&addresses, &database.url).await?;
        let ids = Ids::seeded(7);
        let ctx = Context::new(service, clock.clone(), ids.clone());
        Ok(Self {
            pg: database.pg.clone(),
            database_url: database.url.clone(),
            nats_url: addresses.nats_url_of(lease.number),
            redis_url: addresses.redis_url(Lease::redis_database(lease.number)),
            clock,
            ids,
            addresses,
            _lease: lease,
            _database: database,
            _work: Work { ctx: ctx.clone() },
            ctx,
        })
    }

    /// One more database beside this one, with the tables of another service.
    ///
    /// # Panics
    /// As [`Env::start`].
    pub async fn database(&self, service: &'static str, migrator: &'static Migrator) -> Database {
        database(self.addresses, service, migrator).await.unwrap_or_else(|error| fail(&error))
    }

    /// A connection to the test's NATS account, to publish and listen beside the service.
    ///
    /// # Panics
    /// When NATS does not answer.
    pub async fn nats(&self) -> async_nats::Client {
        crate::lease::nats(&self.nats_url).await.unwrap_or_else(|error| fail(&error))
    }

    /// Stops the work started through `ctx` and waits for it. False when something still ran after `budget`.
    pub async fn finish(&self, budget: Duration) -> bool {
        self.ctx.tasks.finish(budget).await
    }
}

#[expect(clippy::panic, reason = "a test without its servers has failed")]
fn fail<T>(error: &anyhow::Error) -> T {
    panic!("the test has no environment: {error:#}")
}

async fn database(
    addresses: Addresses,
    service: &'static str,
    migrator: &'static Migrator,
) -> anyhow::Result<Database> {
    let name = template::copy(&addresses, service, migrator).await?;
    let url = addresses.database_url(&name);
    // Before connecting, so that it is dropped also when that fails.
    let dropped = Dropped { addresses, name };
    let pg = Pg::connect(&url, "DATABASE_URL", CONNECTIONS).await?;
    Ok(Database { pg, url, _dropped: dropped })
}

/// The shared servers, or those of this process: started once, ended with it.
async fn addresses() -> anyhow::Result<Addresses> {
    static OURS: OnceLock<Result<Servers, String>> = OnceLock::new();
    if let Some(shared) = Addresses::shared()? {
        return Ok(shared);
    }
    let start = || match OURS.get_or_init(|| Servers::temporary().map_err(|error| format!("{error:#}"))) {
        Ok(servers) => Ok(servers.addresses()),
        Err(error) => Err(anyhow::Error::msg(error)),
    };
    tokio::task::spawn_blocking(start).await?
}

/// Drops a database when it is dropped.
#[derive(Debug)]
struct Dropped {
    addresses: Addresses,
    name: String,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        template::drop_soon(self.addresses, self.name.clone());
    }
}

/// Tells the test's work to stop when it is dropped.
#[derive(Debug)]
struct Work {
    ctx: Context,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.ctx.tasks.stop();
    }
}
