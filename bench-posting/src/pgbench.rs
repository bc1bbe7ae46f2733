//! What PostgreSQL's own benchmark reaches here.

use std::time::Duration;

use anyhow::{Context as _, bail};
use testkit::tools::postgres_bin;
use tokio::process::Command;

use crate::servers::Stage;

const DATABASE: &str = "pgbench";
const CLIENTS: &str = "16";
/// Branches; `-N` never writes them, so they do not bound the clients.
const SCALE: &str = "50";

/// Makes and fills its tables.
pub async fn prepare(stage: &Stage) -> anyhow::Result<()> {
    stage.make_database(DATABASE).await?;
    pgbench(stage, &["-i", "-q", "-s", SCALE]).await?;
    stage.settle(DATABASE).await
}

/// Transactions a second of `pgbench -N`: an update, a read and an insert in each.
pub async fn tps(stage: &Stage, take: Duration) -> anyhow::Result<f64> {
    let seconds = take.as_secs().to_string();
    let told =
        pgbench(stage, &["-N", "-n", "-M", "prepared", "-c", CLIENTS, "-j", "2", "-T", &seconds]).await?;
    parse(&told)
}

fn parse(told: &str) -> anyhow::Result<f64> {
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench tells tps")?;
    Ok(rate.split(' ').next().unwrap_or_default().parse()?)
}

async fn pgbench(stage: &Stage, args: &[&str]) -> anyhow::Result<String> {
    let server = stage.postgres();
    // The server may be found through a link; pgbench stands beside the program itself.
    let postgres = postgres_bin()?.join("postgres").canonicalize()?;
    let ran = Command::new(postgres.with_file_name("pgbench"))
        .args(["-h", &server.ip().to_string(), "-p", &server.port().to_string(), "-U", "postgres"])
        .args(args)
        .arg(DATABASE)
        .kill_on_drop(true)
        .output()
        .await
        .context("starting pgbench")?;
    if !ran.status.success() {
        bail!("pgbench {}: {}", args.join(" "), String::from_utf8_lossy(&ran.stderr).trim());
    }
    Ok(String::from_utf8(ran.stdout)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rate_is_read_from_what_pgbench_prints() {
        let told = "number of failed transactions: 0 (0.000%)\ninitial connection time = 14.911 ms\n\
                    tps = 7449.312087 (without initial connection time)\n";
        let tps = super::parse(told).expect("a rate");
        assert!((tps - 7_449.312_087).abs() < 1e-9);
    }
}
