//! Installation, the platform's main job through the cluster's doors, and the end of it all.
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::cluster::{self, Cluster, NAMESPACE, RELEASE};
use super::{Site, until};
use crate::demo;
use crate::payers::Payers;
use crate::report::{Report, say};
use crate::stack::SERVICES;

/// From the order to install until a payment is in the books.
const FIRST_PAYMENT_WITHIN: Duration = Duration::from_mins(2);
/// From the start of a process until it says that it is ready.
const READY_WITHIN_MS: u64 = 1_000;
/// From the start of a container until Kubernetes knows it, which asks once a second and counts whole ones.
const SEEN_READY_WITHIN_S: i64 = 2;
/// Resident, at rest, in MiB: memory of its own, and an even share of the pages that all have in common.
const AT_REST_MIB: u64 = 25;

/// `helm install` with the values as they come, and `helm test`.
///
/// # Errors
/// It does not come up.
pub async fn run(cluster: Cluster, report: &mut Report) -> anyhow::Result<Site> {
    report.chapter("Installation, with the values as they come");
    let begun = Instant::now();
    cluster.helm(&[
        "install",
        RELEASE,
        cluster.chart(),
        "--namespace",
        NAMESPACE,
        "--wait",
        "--timeout",
        "5m",
    ])?;
    say(format!("         everything is ready after {:.0} s", begun.elapsed().as_secs_f32()));
    let tested = cluster.helm(&["test", RELEASE, "--namespace", NAMESPACE, "--logs", "--timeout", "3m"]);
    let took = begun.elapsed();
    if let Some(text) = report.done("`helm test` pays a bill in the sandbox and reads the books", tested) {
        for line in text.lines().filter(|line| line.starts_with("selftest")) {
            say(format!("         {line}"));
        }
    }
    let what = format!(
        "from the order to install to the first payment: {:.0} s, at most {FIRST_PAYMENT_WITHIN:?}",
        took.as_secs_f32()
    );
    report.equal(&what, &true, &(took <= FIRST_PAYMENT_WITHIN));
    pods(&cluster, report)?;
    let layout = cluster.layout()?;
    let demo = demo::seed(&layout, report).await?;
    at_rest(&cluster, report).await;
    let payers = Payers::new(&layout, &demo)?;
    Ok(Site { cluster, layout, demo, payers })
}

/// Every pod was let into a namespace of restricted rights, and was soon ready.
fn pods(cluster: &Cluster, report: &mut Report) -> anyhow::Result<()> {
    let pods = cluster.pods(None)?;
    let running = pods.iter().filter(|pod| pod["status"]["phase"] == "Running");
    let waiting: Vec<String> = running.clone().filter(|pod| !cluster::is_ready(pod)).map(described).collect();
    report
        .nothing_wrong(&format!("{} pods run in a restricted namespace", running.clone().count()), &waiting);
    let denied = cluster.here(&["get", "events", "--field-selector=reason=FailedCreate", "-o", "name"])?;
    let denied: Vec<String> = denied.lines().map(str::to_owned).collect();
    report.nothing_wrong("pod security refused none of them", &denied);
    let mut slow = Vec::new();
    let (mut longest_ms, mut seen_after_s) = (0, 0);
    for pod in running.filter(|pod| {
        pod["spec"]["containers"][0]["image"].as_str().is_some_and(|image| image.contains("mizan:"))
    }) {
        let (took_ms, seen_s) = (ready_after_ms(cluster, cluster::name(pod))?, seen_ready_after_s(pod)?);
        (longest_ms, seen_after_s) = (longest_ms.max(took_ms), seen_after_s.max(seen_s));
        if took_ms > READY_WITHIN_MS || seen_s > SEEN_READY_WITHIN_S {
            slow.push(format!("{} took {took_ms} ms, seen after {seen_s} s", cluster::name(pod)));
        }
    }
    let what = format!(
        "each service was ready after {longest_ms} ms or sooner, at most {READY_WITHIN_MS}; Kubernetes saw it after \
         {seen_after_s} s, at most {SEEN_READY_WITHIN_S}"
    );
    report.nothing_wrong(&what, &slow);
    Ok(())
}

/// From the start of the process until it welcomed traffic, by its own word.
fn ready_after_ms(cluster: &Cluster, pod: &str) -> anyhow::Result<u64> {
    let log = cluster.here(&["logs", pod])?;
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ready = lines
        .find(|line| line["message"] == "ready")
        .with_context(|| format!("{pod} says that it is ready"))?;
    ready["after_ms"].as_u64().context("a time")
}

fn described(pod: &Value) -> String {
    format!("{}: {}", cluster::name(pod), pod["status"]["containerStatuses"][0]["state"])
}

/// Seconds from the start of the container until Kubernetes knew that it is ready; both are whole seconds.
fn seen_ready_after_s(pod: &Value) -> anyhow::Result<i64> {
    let conditions = pod["status"]["conditions"].as_array().context("conditions")?;
    let ready = conditions.iter().find(|one| one["type"] == "Ready").context("readiness")?;
    let seconds = |text: &Value| {
        let text = text.as_str().context("a time")?;
        standards_time(text).with_context(|| format!("a time, not {text}"))
    };
    let started = seconds(&pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"])?;
    Ok(seconds(&ready["lastTransitionTime"])? - started)
}

/// Seconds of the day in `2026-11-30T07:08:09Z`.
fn standards_time(text: &str) -> Option<i64> {
    let (_, time) = text.trim_end_matches('Z').split_once('T')?;
    time.split(':').try_fold(0, |sum, part| Some(sum * 60 + part.parse::<i64>().ok()?))
}

/// What each service holds that nobody uses: memory of its own, and an even share of the pages that all read, those of the
/// binary. Whose account a shared page is on depends on who read it first, so `kubectl top` shows one service far above the rest.
async fn at_rest(cluster: &Cluster, report: &mut Report) {
    let measured = until(Duration::from_mins(2), async || {
        let held = held(cluster)?;
        ensure!(held.len() > SERVICES.len(), "{} pods are measured", held.len());
        Ok(held)
    });
    let Some((held, _)) = report.done("the kubelet knows what every service holds", measured.await) else {
        return;
    };
    let shared: u64 = held.iter().map(|one| one.in_use_bytes.saturating_sub(one.own_bytes)).sum();
    let share = shared / u64::try_from(held.len()).unwrap_or(u64::MAX).max(1);
    let mib = |one: &Held| (one.own_bytes + share).div_ceil(1024 * 1024);
    if let Some(most) = held.iter().max_by_key(|one| one.own_bytes) {
        say(format!("         the largest holds {} MiB: {}", mib(most), most.pod));
    }
    let large: Vec<String> = held
        .iter()
        .filter(|one| mib(one) > AT_REST_MIB)
        .map(|one| format!("{}: {} MiB", one.pod, mib(one)))
        .collect();
    let what =
        format!("each service holds at most {AT_REST_MIB} MiB at rest, its share of the binary included");
    report.nothing_wrong(&what, &large);
}

/// A service's memory, by the kubelet.
struct Held {
    pod: String,
    own_bytes: u64,
    /// With pages of files that it was the first to read.
    in_use_bytes: u64,
}

/// What our services hold, on all nodes.
fn held(cluster: &Cluster) -> anyhow::Result<Vec<Held>> {
    let mut held = Vec::new();
    for node in cluster.here(&["get", "nodes", "-o", "name"])?.lines() {
        let path = format!("/api/v1/nodes/{}/proxy/stats/summary", node.trim_start_matches("node/"));
        let summary: Value = serde_json::from_str(&cluster.kubectl(&["get", "--raw", &path])?)?;
        let containers = summary["pods"].as_array().context("the node's pods")?.iter().flat_map(|pod| {
            let of_pod = pod["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
            of_pod.iter().map(move |container| (&pod["podRef"], container))
        });
        held.extend(containers.filter_map(|(pod, container)| {
            let ours = pod["namespace"] == NAMESPACE
                && SERVICES.iter().chain(&["operator"]).any(|name| container["name"] == *name);
            let memory = &container["memory"];
            Some(Held {
                pod: pod["name"].as_str().filter(|_| ours)?.to_owned(),
                own_bytes: memory["rssBytes"].as_u64()?,
                in_use_bytes: memory["workingSetBytes"].as_u64()?,
            })
        }));
    }
    Ok(held)
}

/// What the demo does first, here through the cluster: files in, bills out, wallets with faults, kiosks, receipts, webhooks.
///
/// # Errors
/// A door does not answer.
pub async fn main_job(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    demo::main_job(&mut site.demo, &site.layout, report).await
}

/// What stays on purpose; the chart's README says so, and how to remove it.
const KEPT: [&str; 8] = [
    "lease.coordination.k8s.io/mizan-operator",
    "persistentvolumeclaim/data-mizan-nats-0",
    "persistentvolumeclaim/data-mizan-postgres-0",
    "secret/mizan-device-ca",
    "secret/mizan-keys",
    "secret/mizan-nats",
    "secret/mizan-postgres",
    "secret/mizan-redis",
];

/// `helm uninstall`, and what is left after it.
///
/// # Errors
/// The cluster does not answer.
pub async fn remove(cluster: &Cluster, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Uninstall");
    cluster.helm(&["uninstall", RELEASE, "--namespace", NAMESPACE, "--wait", "--timeout", "3m"])?;
    let kept = until(Duration::from_mins(1), async || {
        let (written, left): (Vec<_>, Vec<_>) =
            left(cluster)?.into_iter().partition(|name| name.contains(".mizan.gov/"));
        ensure!(left == KEPT, "left are {left:?}");
        Ok(written)
    });
    let what = "data, keys without which it cannot be read, a lease, and what people wrote are left in the namespace";
    if let Some((written, _)) = report.done(what, kept.await) {
        say(format!("         people wrote {}", written.join(", ")));
    }
    let kinds = cluster.definitions()?.len();
    report.equal("the kinds of mizan.gov stay, with the objects that people wrote", &3, &kinds);
    let readme = std::fs::read_to_string("charts/mizan/README.md")?;
    let (_, keeps) = readme.split_once("## What uninstall keeps").context("what uninstall keeps")?;
    for order in keeps.lines().filter(|line| line.starts_with("kubectl delete ")) {
        let order = order.replace("--namespace mizan", &format!("--namespace {NAMESPACE}"));
        cluster.kubectl(&order.split_whitespace().skip(1).collect::<Vec<_>>())?;
    }
    report.equal(
        "the README says how to delete that too: nothing is left",
        &Vec::<String>::new(),
        &left(cluster)?,
    );
    report.equal("no kind of mizan.gov either", &0, &cluster.definitions()?.len());
    if std::env::var_os("MIZAN_E2E_KEEP").is_none() {
        cluster.remove_all()?;
    }
    Ok(())
}

/// What is in the namespace and is neither this test's nor Kubernetes' own.
fn left(cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let kinds = cluster.kubectl(&["api-resources", "--verbs=list", "--namespaced", "-o", "name"])?;
    let passing = |kind: &&str| !kind.contains("events") && !kind.contains("metrics.k8s.io");
    let kinds: Vec<&str> = kinds.lines().filter(passing).collect();
    let of_others = "!mizan-e2e";
    let found = cluster.here(&[
        "get",
        &kinds.join(","),
        "--selector",
        of_others,
        "-o",
        "name",
        "--ignore-not-found",
    ])?;
    let own = ["configmap/kube-root-ca.crt", "serviceaccount/default"];
    let mut left: Vec<String> = found.lines().filter(|name| !own.contains(name)).map(str::to_owned).collect();
    left.sort();
    left.dedup();
    Ok(left)
}
