//! The private servers that all contestants share, with the same settings for all.

use std::path::Path;

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};
use testkit::{Durable, Servers};

/// Room enough that no contestant waits for memory or for a checkpoint that another one caused; durability is untouched.
const SETTINGS: [(&str, &str); 5] = [
    ("shared_buffers", "1GB"),
    ("min_wal_size", "2GB"),
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "30min"),
    ("wal_buffers", "16MB"),
];

/// Running servers.
#[derive(Debug)]
pub struct Stage {
    servers: Servers,
}

impl Stage {
    /// Starts them with their data in `folder`, which is emptied before.
    ///
    /// # Errors
    /// A program is missing or does not start; Postgres would not wait for the disk.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder)?;
        let stage = Self { servers: Servers::start(folder, Durable::Yes)? };
        let mut postgres = stage.connect("postgres").await?;
        for (name, value) in SETTINGS {
            run(&mut postgres, format!("ALTER SYSTEM SET {name} = '{value}'")).await?;
        }
        postgres.close().await?;
        // Most of them are read at the start alone.
        drop(stage);
        let stage = Self { servers: Servers::start(folder, Durable::Yes)? };
        stage.check_durable().await?;
        Ok(stage)
    }

    async fn check_durable(&self) -> anyhow::Result<()> {
        let mut postgres = self.connect("postgres").await?;
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String =
                sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut postgres).await?;
            anyhow::ensure!(value == "on", "{name} is {value}: nothing measured would be durable");
        }
        Ok(postgres.close().await?)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        self.servers.addresses().database_url(database)
    }

    /// Each database of ours tells its events to a store of its own.
    pub fn nats_url(&self, store: u16) -> String {
        self.servers.addresses().nats_url_of(store)
    }

    /// Host and port of Postgres.
    pub fn postgres(&self) -> std::net::SocketAddr {
        self.servers.addresses().postgres
    }

    /// The process id of the postmaster.
    pub fn postgres_id(&self) -> anyhow::Result<u32> {
        self.servers.process_ids().last().copied().context("Postgres is the last one")
    }

    /// A connection.
    pub async fn connect(&self, database: &str) -> anyhow::Result<PgConnection> {
        PgConnection::connect(&self.url(database)).await.with_context(|| format!("connecting to {database}"))
    }

    /// Makes an empty database.
    pub async fn make_database(&self, name: &str) -> anyhow::Result<()> {
        let mut postgres = self.connect("postgres").await?;
        run(&mut postgres, format!("CREATE DATABASE {name}")).await?;
        Ok(postgres.close().await?)
    }

    /// After a bulk load: statistics are true, and the load is no longer on the way to the disk.
    pub async fn settle(&self, database: &str) -> anyhow::Result<()> {
        let mut postgres = self.connect(database).await?;
        run(&mut postgres, "VACUUM (ANALYZE)".to_owned()).await?;
        run(&mut postgres, "CHECKPOINT".to_owned()).await?;
        Ok(postgres.close().await?)
    }
}

/// Runs SQL that this program wrote itself.
pub async fn run(connection: &mut PgConnection, sql: String) -> anyhow::Result<()> {
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(connection).await;
    done.with_context(|| sql.lines().next().unwrap_or_default().to_owned())?;
    Ok(())
}
