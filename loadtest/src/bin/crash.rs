//! `kill -9` of payments and of Postgres under load, then every acknowledged payment is looked for.
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use loadtest::crash::{self, Plan};
use loadtest::report::say;

const FIGURES: &str = "target/bench/crash.json";

/// Kills payments and Postgres under load, and looks for every acknowledged payment.
#[derive(Debug, Parser)]
struct Settings {
    /// Kills.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Repeats the moments of the kills and the mix of calls; drawn when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Calls in flight.
    #[arg(long, default_value_t = 32)]
    clients: u64,
    /// Emptied before; keeps history and logs after.
    #[arg(long, default_value = "target/crash")]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    boot::install_tls();
    match run(Settings::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format!("FAILED {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> anyhow::Result<bool> {
    let Settings { rounds, seed, clients, folder } = settings;
    let seed = seed.unwrap_or_else(rand::random);
    say(format!("seed {seed}"));
    let summary = crash::run(&Plan { rounds, seed, clients, folder: folder.clone() }).await?;
    // History and logs stay; the servers' data would fill the disk.
    std::fs::remove_dir_all(folder.join("servers")).context("removing the servers' data")?;
    std::fs::create_dir_all(Path::new(FIGURES).parent().context("a folder")?)?;
    std::fs::write(FIGURES, serde_json::to_vec_pretty(&summary.figures)?)?;
    if let Some(first) = &summary.first_offender {
        say(format!("first offender ({} besides): {first}", summary.wrong));
    }
    say(summary.to_string());
    Ok(summary.first_offender.is_none())
}
