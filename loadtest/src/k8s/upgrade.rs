//! From this version to a next one with another schema, and back, under load.
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};

use super::cluster::{self, Cluster, NAMESPACE, RELEASE};
use super::{Site, more_bills};
use crate::payers::{self, Load};
use crate::report::Report;
use crate::stack::Layout;

const PER_SECOND: u32 = 50;
/// Of the payers who should begin: a busy machine's clock is late now and then.
const AT_LEAST_PERCENT: u128 = 90;
const GOES_ON: Duration = Duration::from_mins(1);

/// An upgrade whose migration cannot be done, the upgrade, and the way back.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Upgrade and back, with another schema, under 50 payments a second");
    more_bills(site, 20_000, report).await?;
    let cluster = site.cluster.clone();
    let url = site.layout.database_url(&Layout::database("payments"));
    let before = revision(&cluster)?;

    // Somebody holds the table that the migration must change.
    let mut holder = PgConnection::connect(&url).await?;
    sqlx::raw_sql("BEGIN; LOCK TABLE payment IN ACCESS SHARE MODE").execute(&mut holder).await?;
    let load = Load::start(&mut site.payers, PER_SECOND, 1);
    load.goes_on(100, GOES_ON).await?;
    let pods = names(&cluster)?;
    let refused = cluster.upgrade(&["--set", "image.tag=next,migrations.backoffLimit=0", "--timeout", "90s"]);
    let failed = cluster.json(&["get", "job", "mizan-migrate"])?["status"]["failed"].clone();
    report.equal(
        "an upgrade whose migration fails is a failed upgrade",
        &(true, 1.into()),
        &(refused.is_err(), failed),
    );
    report.equal("the old version serves on, in the same pods", &pods, &names(&cluster)?);
    report.equal("all of it", &vec!["mizan:0.1.0".to_owned()], &images(&cluster)?);
    report.done("and payments go on", load.goes_on(100, GOES_ON).await);
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await?;

    let done = cluster.upgrade(&["--set", "image.tag=next", "--timeout", "10m"]);
    report.done("the upgrade ends well once the migration can be done", done);
    report.equal("the next version serves", &vec!["mizan:next".to_owned()], &images(&cluster)?);
    report.equal("with its schema", &true, &has_column(&url).await?);
    report.done("payments go on", load.goes_on(100, GOES_ON).await);
    let order = ["rollback", RELEASE, &before, "--namespace", NAMESPACE];
    // What somebody scaled by hand is the chart's again.
    let back = cluster.helm(&[&order[..], &["--force-conflicts", "--wait", "--timeout", "10m"]].concat());
    report.done("`helm rollback` ends well", back);
    report.equal("this version serves again", &vec!["mizan:0.1.0".to_owned()], &images(&cluster)?);
    report.equal("beside the newer schema", &true, &has_column(&url).await?);
    report.done("payments go on", load.goes_on(100, GOES_ON).await);
    let (rate, least) = (load.begun_a_minute(), u128::from(PER_SECOND) * 60 * AT_LEAST_PERCENT / 100);
    let told = load.finish(&mut site.payers).await?;
    report.equal(
        &format!("{} payments were begun meanwhile, {rate} a minute, at least {least}", told.len()),
        &true,
        &(rate >= least),
    );
    payers::judge("upgrade, failed and done, and rollback", &told, 1, report);
    Ok(())
}

/// The installation's revision, to come back to.
fn revision(cluster: &Cluster) -> anyhow::Result<String> {
    let status: serde_json::Value =
        serde_json::from_str(&cluster.helm(&["status", RELEASE, "--namespace", NAMESPACE, "-o", "json"])?)?;
    Ok(status["version"].as_u64().context("a revision")?.to_string())
}

/// Our pods that are ready.
fn names(cluster: &Cluster) -> anyhow::Result<BTreeSet<String>> {
    let pods = cluster.pods(None)?;
    Ok(pods.iter().filter(|pod| cluster::is_ready(pod)).map(|pod| cluster::name(pod).to_owned()).collect())
}

fn image(pod: &serde_json::Value) -> String {
    pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default().to_owned()
}

/// The images that run as services, each once.
fn images(cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let pods = cluster.pods(None)?;
    let running = pods.iter().filter(|pod| pod["status"]["phase"] == "Running");
    let mut images: Vec<String> = running.map(image).filter(|image| image.starts_with("mizan:")).collect();
    images.sort();
    images.dedup();
    Ok(images)
}

async fn has_column(url: &str) -> anyhow::Result<bool> {
    let mut db = PgConnection::connect(url).await?;
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM information_schema.columns
                         WHERE table_name = 'payment' AND column_name = 'rehearsed_on')",
    );
    Ok(found.fetch_one(&mut db).await?)
}
