//! The posting engine beside a bare commit, pgbench, cala-ledger and one plain transaction a payment: one run, one
//! machine, one Postgres that waits for the disk. `README.md` says how to read it.
#![expect(
    clippy::disallowed_methods,
    reason = "SQL of other schemas than one cannot be checked at compile time"
)]

mod bare;
mod bills;
mod cala;
mod config;
mod level;
mod ours;
mod pgbench;
mod plain;
mod report;
mod rounds;
mod schema;
mod servers;
mod service;
mod stored;
mod usage;

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use boot::Clock;
use clap::Parser as _;

use config::{Args, Plan};
use rounds::{Measured, Run};
use servers::Stage;
use usage::Processes;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    boot::install_tls();
    let plan = Plan::from(Args::parse());
    ours::check(&plan.mizan)?;
    let _alone = alone()?;
    let folder = config::folder();
    // Ctrl-C ends it as its end does: servers stop, and nothing is left but the report.
    let measured = tokio::select! {
        measured = measure(&plan, &folder) => measured,
        asked = tokio::signal::ctrl_c() => match asked {
            Ok(()) => Err(anyhow!("stopped before its end")),
            Err(error) => Err(error.into()),
        },
    };
    let removed = std::fs::remove_dir_all(&folder);
    if let Some(measured) = measured? {
        report::tell(&plan, &measured)?;
    }
    Ok(removed?)
}

/// Holds off other runs until it is dropped, or this process is gone: they would share the folder and the two would
/// measure each other.
fn alone() -> anyhow::Result<File> {
    let path = config::lock();
    std::fs::create_dir_all(path.parent().context("a folder")?)?;
    let file = File::create(path)?;
    file.try_lock().context("another run of this benchmark is not over yet")?;
    Ok(file)
}

async fn measure(plan: &Plan, folder: &Path) -> anyhow::Result<Option<Measured>> {
    let stage = Stage::start(folder).await?;
    let clock = Clock::system();
    let processes = Processes::new(stage.postgres_id()?)?;
    let start = ours::Start { mizan: plan.mizan.clone(), folder: folder.to_owned(), processes };
    let run = Run { stage: &stage, clock: &clock, plan, processes, start };
    if let Some(in_flight) = plan.alone {
        Box::pin(run.alone(in_flight)).await?;
        return Ok(None);
    }
    Ok(Some(Box::pin(run.all()).await?))
}
