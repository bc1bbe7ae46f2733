//! Our own tables, as the measured binary makes them.

use std::path::Path;

use anyhow::{Context as _, bail};
use tokio::process::Command;

use crate::servers::Stage;

/// Makes a database with them.
pub async fn make(stage: &Stage, mizan: &Path, database: &str) -> anyhow::Result<()> {
    stage.make_database(database).await?;
    let ran = Command::new(mizan)
        .args(["migrate", "payments"])
        .env("MIZAN_PAYMENTS_DATABASE_URL", stage.url(database))
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("starting {}", mizan.display()))?;
    if !ran.status.success() {
        bail!("migrating {database}: {}", String::from_utf8_lossy(&ran.stderr).trim());
    }
    Ok(())
}
