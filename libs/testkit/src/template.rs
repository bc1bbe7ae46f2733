//! A database per test, copied from a template that is migrated once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};

use anyhow::Context as _;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::Addresses;

/// Makes a new database with the tables of `migrator`, and returns its name.
pub(crate) async fn copy(
    addresses: &Addresses,
    service: &str,
    migrator: &Migrator,
) -> anyhow::Result<String> {
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let mut admin = PgConnection::connect(&addresses.database_url("postgres")).await?;
    let service = service.replace('-', "_");
    let template = ensure(&mut admin, addresses, &service, migrator)
        .await
        .with_context(|| format!("making the template database of {service}"))?;
    let copy = COPIES.fetch_add(1, Ordering::SeqCst);
    let name = format!("test_{service}_{}_{copy}", std::process::id());
    run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    admin.close().await?;
    Ok(name)
}

/// The template's name holds the checksums of its migrations, so a changed one makes a new template.
async fn ensure(
    admin: &mut PgConnection,
    addresses: &Addresses,
    service: &str,
    migrator: &Migrator,
) -> anyhow::Result<String> {
    let mut hasher = DefaultHasher::new();
    for migration in migrator.iter() {
        (migration.version, &migration.checksum).hash(&mut hasher);
    }
    let hash = hasher.finish();
    let name = format!("template_{service}_{hash:016x}");
    if is_made(admin, &name).await? {
        return Ok(name);
    }
    // One test makes it, over all test processes; the others wait here.
    let lock = i64::from_ne_bytes(hash.to_ne_bytes());
    let _: bool = sqlx::query_scalar("SELECT pg_advisory_lock($1) IS NOT NULL")
        .bind(lock)
        .fetch_one(&mut *admin)
        .await?;
    if !is_made(admin, &name).await? {
        run(admin, format!("DROP DATABASE IF EXISTS {name}")).await?;
        run(admin, format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
        pg::Pg::migrate(&addresses.database_url(&name), migrator).await?;
        // Nobody may connect: Postgres copies only what nobody uses.
        run(admin, format!("ALTER DATABASE {name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")).await?;
    }
    let _: bool =
        sqlx::query_scalar("SELECT pg_advisory_unlock($1)").bind(lock).fetch_one(&mut *admin).await?;
    Ok(name)
}

/// It is marked a template only after its last migration.
async fn is_made(admin: &mut PgConnection, name: &str) -> anyhow::Result<bool> {
    let made =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)")
            .bind(name)
            .fetch_one(admin)
            .await?;
    Ok(made)
}

async fn run(admin: &mut PgConnection, statement: String) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(admin).await?;
    Ok(())
}

/// Drops a database soon, without waiting: a thread of its own does it, for a dropped value cannot await. What is left
/// when the process ends goes with the servers.
pub(crate) fn drop_soon(addresses: Addresses, database: String) {
    static DROPPER: OnceLock<mpsc::Sender<(Addresses, String)>> = OnceLock::new();
    let dropper = DROPPER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<(Addresses, String)>();
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            for (addresses, database) in inbox {
                // A database that stays costs a little disk until the servers go; no test depends on it.
                runtime.block_on(drop_now(addresses, database)).ok();
            }
        });
        orders
    });
    dropper.send((addresses, database)).ok();
}

async fn drop_now(addresses: Addresses, database: String) -> anyhow::Result<()> {
    let mut admin = PgConnection::connect(&addresses.database_url("postgres")).await?;
    run(&mut admin, format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
    admin.close().await?;
    Ok(())
}
