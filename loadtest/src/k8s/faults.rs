//! Pods that are killed, servers too, and a node that is drained.
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::cluster::{self, RELEASE};
use super::{OURS, Site, more_bills, until};
use crate::payers::{self, Load};
use crate::report::{Report, say};

/// A service is back, and payments end again.
const SERVICE_BACK: Duration = Duration::from_secs(15);
/// A server has its log to read first, and services their connections to make.
const SERVER_BACK: Duration = Duration::from_mins(1);
const PER_SECOND: u32 = 10;
/// Whoever is hit by a kill asks again until it is over.
const RETRIES: u32 = 60;
const SERVERS: [&str; 3] = ["redis", "nats", "postgres"];

/// Kills everything once, and drains.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Faults: each pod is killed, under load");
    more_bills(site, 5_000, report).await?;
    let load = Load::start(&mut site.payers, PER_SECOND, RETRIES);
    load.goes_on(20, SERVER_BACK).await?;
    for service in OURS {
        let back = killed(site, &load, service, SERVICE_BACK).await;
        let what = format!("{service} is killed: ready, and payments end again, within {SERVICE_BACK:?}");
        if let Some(took) = report.done(&what, back) {
            say(format!("         after {:.1} s", took.as_secs_f32()));
        }
    }
    for server in SERVERS {
        let back = killed(site, &load, server, SERVER_BACK).await;
        if let Some(took) = report.done(&format!("{server} is killed: everything is back by itself"), back) {
            say(format!("         after {:.1} s", took.as_secs_f32()));
        }
    }
    let told = load.finish(&mut site.payers).await?;
    payers::judge("while everything was killed once", &told, RETRIES, report);
    drain(site, report).await
}

/// Kills the pod of a component; the time until another is ready and payments go on.
async fn killed(site: &Site, load: &Load, component: &str, within: Duration) -> anyhow::Result<Duration> {
    let pods = site.cluster.pods(Some(component))?;
    let old = pods.first().with_context(|| format!("a pod of {component}"))?;
    let (pod, uid) = (cluster::name(old).to_owned(), old["metadata"]["uid"].clone());
    let begun = Instant::now();
    site.cluster.here(&["delete", "pod", &pod, "--grace-period=0", "--force", "--wait=false"])?;
    until(within, async || {
        let pods = site.cluster.pods(Some(component))?;
        // Until the cluster has noticed, the old one looks ready.
        let fresh = pods.iter().any(|one| cluster::is_ready(one) && one["metadata"]["uid"] != uid);
        ensure!(fresh, "no new pod of {component} is ready");
        Ok(())
    })
    .await?;
    load.goes_on(10, within.saturating_sub(begun.elapsed())).await?;
    let took = begun.elapsed();
    // The others have noticed too before the next one goes.
    load.goes_on(20, SERVER_BACK).await?;
    Ok(took)
}

/// The only node is drained: a budget holds the last replica of what takes money, and payments go on.
async fn drain(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Drain: the budget holds one replica of each service that has two");
    more_bills(site, 2_000, report).await?;
    replicas(site, 2)?;
    let load = Load::start(&mut site.payers, PER_SECOND, 1);
    load.goes_on(20, SERVER_BACK).await?;
    let cluster = site.cluster.clone();
    let nodes = cluster.kubectl(&["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"])?;
    let node = nodes.split_whitespace().next().context("a node")?.to_owned();
    let ours =
        format!("app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component in ({})", OURS.join(","));
    let order = ["drain", &node, "--pod-selector", &ours, "--delete-emptydir-data", "--timeout=45s"];
    let refused = match cluster.kubectl(&order) {
        Ok(_) => false,
        Err(error) => error.to_string().contains("disruption budget"),
    };
    report.equal("on one node a drain cannot end: budgets refuse", &true, &refused);
    let mut without = Vec::new();
    for service in OURS {
        if !cluster.pods(Some(service))?.iter().any(cluster::is_ready) {
            without.push((*service).to_owned());
        }
    }
    report.nothing_wrong("each service has a replica that serves", &without);
    report.done("payments go on meanwhile", load.goes_on(50, SERVER_BACK).await);
    cluster.kubectl(&["uncordon", &node])?;
    for service in OURS {
        cluster.ready(service, 2, SERVER_BACK * 2).await?;
    }
    report.done("with the node back everything has two replicas again", load.goes_on(50, SERVER_BACK).await);
    let told = load.finish(&mut site.payers).await?;
    payers::judge("while the node was drained", &told, 1, report);
    replicas(site, 1)
}

/// So many of each service.
fn replicas(site: &Site, count: u32) -> anyhow::Result<()> {
    let set: Vec<String> =
        OURS.iter().map(|service| format!("services.{service}.replicas={count}")).collect();
    site.cluster.upgrade(&["--set", &set.join(","), "--timeout", "5m"]).map(drop)
}
