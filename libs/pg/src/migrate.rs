//! The schema: moved forward by a job of its own, and only checked by services.

use std::borrow::Cow;

use boot::{ServerUrl, StartError};
use sqlx::{Connection as _, Executor as _, migrate::Migrator};

use crate::{
    Pg,
    connect::{first_connection, server},
};

/// The setting a migration's messages name: the job is given the database of one service after the other.
const SETTING: &str = "the DATABASE_URL of the service";
/// While a migration waits for a table, everybody who comes after waits behind it. So it gives up soon, changes nothing, and
/// may be run again.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '5s'";

impl Pg {
    /// Applies what is pending, each migration in its own transaction; a second caller at the same time waits. What a newer
    /// version has applied stays: its migrations expand first, and this version runs beside it or after it.
    ///
    /// # Errors
    /// The server does not answer; a migration fails, cannot have its tables soon, or was changed after it was applied.
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
        beside_newer
            .run(&mut conn)
            .await
            .map_err(|error| StartError::dependency("Postgres", SETTING, error))?;
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
