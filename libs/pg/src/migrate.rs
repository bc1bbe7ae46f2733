//! The schema: moved forward by a job of its own, and only checked by services.

use std::{borrow::Cow, time::Duration};

use boot::{Clock, ServerUrl, StartError};
use sqlx::{
    Connection as _, Executor as _,
    migrate::{MigrateError, Migrator},
};

use crate::{
    Pg,
    connect::{first_connection, server},
};

/// The setting a migration's messages name: the job is given the database of one service after the other.
const SETTING: &str = "the DATABASE_URL of the service";
/// While a migration waits for a table, everybody who comes after waits behind it. So it waits for less than the least that a
/// service does (a second), gives way, and asks again.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '500ms'";
/// Who waited behind it is served, and has room again.
const GIVES_WAY: Duration = Duration::from_secs(2);
/// Who holds a table for so many tries, most of a minute, will hold it for more.
const TRIES: u32 = 20;

impl Pg {
    /// Applies what is pending, each migration in its own transaction; a second caller at the same time waits. One that cannot
    /// have its tables changes nothing and is tried again, up to 20 times in most of a minute. What a newer version has applied
    /// stays: its migrations expand first, and this version runs beside it or after it.
    ///
    /// # Errors
    /// The server does not answer; a migration fails, cannot have its tables in time, or was changed after it was applied.
    pub async fn migrate(url: &str, migrator: &Migrator) -> Result<(), StartError> {
        let url = ServerUrl::new(SETTING, url);
        let mut conn = first_connection(&server(&url, SETTING)?, SETTING).await?;
        let away = |error: sqlx::Error| StartError::dependency("Postgres", SETTING, error);
        conn.execute(LOCK_TIMEOUT).await.map_err(away)?;
        let beside_newer = Migrator {
            migrations: Cow::Owned(migrator.migrations.to_vec()),
            ignore_missing: true,
            ..Migrator::DEFAULT
        };
        let clock = Clock::system();
        let mut tries = 1;
        while let Err(error) = beside_newer.run(&mut conn).await {
            if tries == TRIES || !is_held(&error) {
                return Err(StartError::dependency("Postgres", SETTING, error));
            }
            tries += 1;
            tracing::warn!(%error, "a table is in use; the migration gives way and tries again");
            clock.sleep(GIVES_WAY).await;
        }
        drop(conn.close().await);
        Ok(())
    }

    /// Checks that every migration of `migrator` is applied, as it is written here. A newer schema is fine: migrations
    /// expand first, and the old version of a service runs beside the new.
    ///
    /// # Errors
    /// A migration is missing, failed half-way or was changed.
    pub async fn check_migrated(&self, migrator: &Migrator) -> Result<(), StartError> {
        let applied = self
            .applied()
            .await
            .map_err(|error| StartError::dependency("Postgres", self.setting(), error))?;
        let pending = migrator.iter().find(|wanted| {
            !applied.iter().any(|(version, checksum)| {
                *version == wanted.version && checksum.as_slice() == wanted.checksum.as_ref()
            })
        });
        match pending {
            None => Ok(()),
            Some(wanted) => Err(StartError::setting(
                self.setting(),
                format!(
                    "the database lacks migration {:04} ({}), or has another text of it",
                    wanted.version, wanted.description
                ),
                "run the migrations of this version: mizan migrate",
            )),
        }
    }

    async fn applied(&self) -> Result<Vec<(i64, Vec<u8>)>, crate::Error> {
        let mut tx = self.read().await?;
        let has_table: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(tx.conn())
            .await?;
        if !has_table {
            return Ok(Vec::new());
        }
        Ok(sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(tx.conn())
            .await?)
    }
}

/// Somebody holds what the migration must lock, or migrates at the same time.
fn is_held(error: &MigrateError) -> bool {
    let (MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) = error else {
        return false;
    };
    let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "55P03")
}
