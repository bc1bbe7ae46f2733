//! `pg` on a real Postgres.
#![expect(clippy::unwrap_used, reason = "tests")]

mod begin;
mod commit;
mod errors;
mod seats;
mod start;

use pg::{Error, Pg, Tx};
use sqlx::migrate::Migrator;
use testkit::Env;

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

async fn env() -> Env {
    Env::start("pg", &MIGRATOR).await
}

async fn put(tx: &mut Tx, box_id: i64, held: i64) -> Result<(), Error> {
    sqlx::query_scalar::<_, i64>("INSERT INTO box (box_id, held) VALUES ($1, $2) RETURNING box_id")
        .bind(box_id)
        .bind(held)
        .fetch_one(tx.conn())
        .await?;
    Ok(())
}

async fn boxes(pg: &Pg) -> Vec<i64> {
    let mut tx = pg.read().await.unwrap();
    sqlx::query_scalar("SELECT box_id FROM box ORDER BY box_id").fetch_all(tx.conn()).await.unwrap()
}

/// Ends all connections to this database but our own.
async fn end_all_others(pg: &Pg) {
    let mut tx = pg.begin().await.unwrap();
    let ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = sqlx::query_scalar::<_, bool>(ended).fetch_all(tx.conn()).await.unwrap();
    assert!(!ended.is_empty() && ended.iter().all(|ended| *ended), "{ended:?}");
}

/// Connections of this database that hold a transaction open and do nothing.
async fn idle_in_transaction(pg: &Pg) -> i64 {
    let mut tx = pg.read().await.unwrap();
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    )
    .fetch_one(tx.conn())
    .await
    .unwrap()
}
