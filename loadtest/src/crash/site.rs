//! What the crash rounds run on: servers of their own, one database, a double of the way to providers.
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{Addresses, Durable, Servers};

use super::load::Bills;
use super::processes::{Postgres, Replica};
use super::wallet::Wallet;
use crate::stack::{Layout, mizan};

/// What a bill of its own asks for, in fils.
pub const OWN_BILL: i64 = 5_000;
/// So much is due on a bill that many pay parts of: never all of it.
const SHARED_BILL: i64 = 1_000_000_000;

/// Servers, database and the double. Its processes end with it.
#[derive(Debug)]
pub struct Site {
    pub postgres: Postgres,
    pub wallet: Wallet,
    layout: Layout,
    folder: PathBuf,
    _servers: Servers,
}

impl Site {
    /// Starts everything but `mizan payments`, with its data in `folder`, which is emptied before.
    ///
    /// # Errors
    /// A server does not start, or the database cannot be made.
    pub async fn open(folder: &Path, seed: u64) -> anyhow::Result<Site> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder.join("logs"))?;
        let servers = Servers::start(&folder.join("servers"), Durable::Yes)?;
        let mut layout = Layout::plan(folder, servers.addresses())?;
        // The simulated world does not run here: its port is free.
        let address = layout.address("sandbox", "grpc");
        let own = *servers.process_ids().last().context("the process of Postgres")?;
        let postgres = Postgres::take_over(own, address, &folder.join("logs/postgres.log")).await?;
        layout.reach_servers_at(Addresses { postgres: address, ..servers.addresses() });
        let mut admin = PgConnection::connect(&layout.database_url("postgres")).await?;
        let database = Layout::database("payments");
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {database}"))).execute(&mut admin).await?;
        admin.close().await?;
        mizan(&layout, &["migrate", "payments"])?;
        let wallet = Wallet::serve(layout.address("wallet-adapter", "grpc"), seed);
        Ok(Site { postgres, wallet, layout, folder: folder.to_path_buf(), _servers: servers })
    }

    /// Plans one more process of `mizan payments` on this database; `settings` come over the usual ones.
    ///
    /// # Errors
    /// No port is free; the process cannot be made.
    pub fn replica(&self, name: &str, settings: &[(&str, &str)]) -> anyhow::Result<Replica> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(folder.join("logs"))?;
        let mut layout = Layout::plan(&folder, self.layout.servers())?;
        layout.set("MIZAN_PAYMENTS_WALLET_ADAPTER_URL", self.layout.url("wallet-adapter", "grpc"));
        layout.set("MIZAN_PAYMENTS_PROVIDERS", Wallet::PROVIDERS.join(","));
        for (name, value) in settings {
            layout.set(name, (*value).to_owned());
        }
        Replica::start(layout)
    }

    /// Opens bills for a load: some that many pay parts of, and some for one payer each.
    ///
    /// # Errors
    /// The database.
    pub async fn open_bills(&self, shared: u64, own: u64) -> anyhow::Result<Bills> {
        self.open_receivables("S", shared, SHARED_BILL).await?;
        self.open_own_bills("W", own).await?;
        Ok(Bills::new(shared, own))
    }

    /// Opens bills `<name>-0…` for one payer each.
    ///
    /// # Errors
    /// The database.
    pub async fn open_own_bills(&self, name: &str, count: u64) -> anyhow::Result<()> {
        self.open_receivables(name, count, OWN_BILL).await
    }

    /// As the event of an issued invoice does.
    async fn open_receivables(&self, name: &str, count: u64, due: i64) -> anyhow::Result<()> {
        let mut database = self.database().await?;
        sqlx::query_scalar::<_, i64>(
            "WITH opened AS (
                 INSERT INTO receivable (invoice_id, agency_id, bill_reference, service_code, due_fils,
                                         paid_fils, state, version)
                 SELECT gen_random_uuid(), 'TRF', $1 || '-' || number, 'FINE', $2, 0, 'open', 1
                   FROM generate_series(0, $3 - 1) AS number
              RETURNING due_fils)
             SELECT count(*) FROM opened",
        )
        .bind(name)
        .bind(due)
        .bind(i64::try_from(count)?)
        .fetch_one(&mut database)
        .await?;
        Ok(database.close().await?)
    }

    /// A connection to the books.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn database(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.layout.database_url(&Layout::database("payments"))).await?)
    }

    /// `mizan ledger verify`.
    ///
    /// # Errors
    /// Something does not hold: what it printed.
    pub fn verify(&self) -> anyhow::Result<String> {
        mizan(&self.layout, &["ledger", "verify"])
    }
}
