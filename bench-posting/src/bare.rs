//! The floor: one row, one transaction, one client.

use boot::Clock;
use sqlx::{Connection as _, PgConnection};

use crate::config::Window;
use crate::level::{Level, Worker, measure};
use crate::servers::{Stage, run};
use crate::usage::Processes;

const DATABASE: &str = "bare";

/// Makes its table.
pub async fn prepare(stage: &Stage) -> anyhow::Result<()> {
    stage.make_database(DATABASE).await?;
    let mut postgres = stage.connect(DATABASE).await?;
    run(&mut postgres, "CREATE TABLE bare (id bigint PRIMARY KEY, body bytea NOT NULL)".to_owned()).await?;
    Ok(postgres.close().await?)
}

/// Measures it.
pub async fn level(
    stage: &Stage,
    clock: &Clock,
    window: Window,
    processes: Processes,
) -> anyhow::Result<Level> {
    let mut connection = stage.connect(DATABASE).await?;
    let last: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM bare").fetch_one(&mut connection).await?;
    let inserter = Inserter { connection, last: last.unwrap_or(0) };
    measure(clock, vec![inserter], window, processes).await
}

struct Inserter {
    connection: PgConnection,
    last: i64,
}

impl Worker for Inserter {
    async fn once(&mut self) -> anyhow::Result<()> {
        self.last += 1;
        sqlx::query("INSERT INTO bare (id, body) VALUES ($1, $2)")
            .bind(self.last)
            .bind([7_u8; 64].as_slice())
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}
