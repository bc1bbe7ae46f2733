//! A real Prometheus in the cluster: it scrapes everything, has every rule, and says what is wrong when something is.
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::cluster::{self, Cluster, MONITORING, NAMESPACE, PROMETHEUS, at_node};
use super::{Site, until};
use crate::report::{Report, say};
use crate::stack::SERVICES;
use crate::telemetry::OF_THE_OPERATOR;

const UP_WITHIN: Duration = Duration::from_mins(2);
/// An alert waits a minute before it fires, and Prometheus looks every five seconds.
const FIRES_WITHIN: Duration = Duration::from_mins(4);
/// What is provoked: Postgres is gone.
const FAULT: &str = "MizanPostgresAway";

/// Runs Prometheus on the rules of the chart, and takes Postgres away for a while.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Telemetry: Prometheus on the chart's rules");
    let rules: Vec<(String, String)> = files("charts/mizan/files/rules")?;
    let mut config: serde_json::Map<String, Value> =
        rules.iter().map(|(name, text)| (name.clone(), text.clone().into())).collect();
    config
        .insert("prometheus.yml".to_owned(), std::fs::read_to_string("loadtest/k8s/prometheus.yml")?.into());
    site.cluster.apply(&json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "prometheus", "namespace": MONITORING }, "data": config,
    }))?;
    site.cluster.apply_text(&std::fs::read_to_string("loadtest/k8s/prometheus.yaml")?)?;

    let told = until(UP_WITHIN, async || {
        let order = ["exec", "--stdin", "--namespace", MONITORING, "deployment/prometheus", "--"];
        let write = ["sh", "-c", "cat >/targets/new && mv /targets/new /targets/pods.json"];
        site.cluster.kubectl_reads(&[&order[..], &write].concat(), &targets(&site.cluster)?.to_string())
    });
    report.done("it is told which pods ask to be scraped", told.await);

    let wanted: BTreeSet<String> =
        SERVICES.iter().chain(&["operator"]).map(|service| format!("mizan-{service}")).collect();
    let scraped = until(UP_WITHIN, async || {
        let up = query("up == 1").await?;
        let jobs: BTreeSet<String> =
            up.iter().filter_map(|one| one["metric"]["job"].as_str()).map(str::to_owned).collect();
        ensure!(wanted.is_subset(&jobs), "not scraped: {:?}", wanted.difference(&jobs));
        Ok(())
    });
    report.done(&format!("it scrapes all {} services", wanted.len()), scraped.await);
    let of_the_operator = until(UP_WITHIN, async || {
        for metric in OF_THE_OPERATOR {
            ensure!(!query(metric).await?.is_empty(), "no {metric}");
        }
        ensure!(query("sum(mizan_operator_leader) == 1").await?.len() == 1, "one replica leads, no more");
        Ok(())
    });
    report.done("it has what the operator measures, and one replica leads", of_the_operator.await);
    rules_and_runbooks(&rules, report).await?;

    site.cluster.here(&["scale", "statefulset/mizan-postgres", "--replicas=0"])?;
    let fired = until(FIRES_WITHIN, async || {
        let firing = firing().await?;
        ensure!(firing.contains(FAULT), "firing: {firing:?}");
        Ok(firing)
    });
    if let Some((firing, took)) = report.done(&format!("Postgres is taken away: {FAULT} fires"), fired.await)
    {
        say(format!("         after {:.0} s; firing: {firing:?}", took.as_secs_f32()));
    }
    site.cluster.here(&["scale", "statefulset/mizan-postgres", "--replicas=1"])?;
    site.cluster.ready("postgres", 1, UP_WITHIN).await?;
    let over = until(FIRES_WITHIN, async || {
        let firing = firing().await?;
        ensure!(!firing.contains(FAULT), "firing: {firing:?}");
        Ok(())
    });
    report.done("Postgres is back: the alert ends by itself", over.await);
    for service in SERVICES {
        site.cluster.ready(service, 1, UP_WITHIN).await?;
    }
    Ok(())
}

/// The pods that ask to be scraped, each with the address and the labels that the chart's monitors give.
fn targets(cluster: &Cluster) -> anyhow::Result<Value> {
    let mut targets = Vec::new();
    for pod in cluster.pods(None)? {
        let (asks, meta) = (&pod["metadata"]["annotations"], &pod["metadata"]);
        if asks["prometheus.io/scrape"] != "true" || !cluster::is_ready(&pod) {
            continue;
        }
        let (ip, port) = (pod["status"]["podIP"].as_str(), asks["prometheus.io/port"].as_str());
        let address = format!("{}:{}", ip.context("an address")?, port.context("a port")?);
        let labels = json!({
            "namespace": NAMESPACE, "pod": meta["name"], "service": meta["labels"]["app.kubernetes.io/component"],
        });
        targets.push(json!({ "targets": [address], "labels": labels }));
    }
    Ok(targets.into())
}

/// Every rule of the chart is loaded and can be judged, and every alert has its page.
async fn rules_and_runbooks(files: &[(String, String)], report: &mut Report) -> anyhow::Result<()> {
    let written: usize = files
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter(|line| {
            line.trim_start().trim_start_matches("- ").starts_with("alert:")
                || line.trim_start().trim_start_matches("- ").starts_with("record:")
        })
        .count();
    let (loaded, _) = until(UP_WITHIN, async || {
        let answer: Value = reqwest::get(url("rules")?).await?.json().await?;
        let groups = answer["data"]["groups"].as_array().context("groups")?;
        let rules: Vec<Value> =
            groups.iter().filter_map(|group| group["rules"].as_array()).flatten().cloned().collect();
        ensure!(rules.iter().all(|rule| rule["health"] != "unknown"), "some were not judged yet");
        Ok(rules)
    })
    .await?;
    report.equal("every rule and alert is loaded", &written, &loaded.len());
    let sick: Vec<String> = loaded
        .iter()
        .filter(|rule| rule["health"] != "ok")
        .map(|rule| format!("{}: {}", rule["name"], rule["lastError"]))
        .collect();
    report.nothing_wrong("and can be judged", &sick);
    let mut alerts: BTreeSet<&str> = loaded
        .iter()
        .filter(|rule| rule["type"] == "alerting")
        .filter_map(|rule| rule["name"].as_str())
        .collect();
    alerts.retain(|alert| !std::path::Path::new("docs/runbooks").join(format!("{alert}.md")).is_file());
    let without: Vec<String> = alerts.into_iter().map(str::to_owned).collect();
    report.nothing_wrong("each alert has its runbook", &without);
    Ok(())
}

/// Prometheus, as it is reached from here.
fn url(call: &str) -> anyhow::Result<String> {
    Ok(format!("http://{}/api/v1/{call}", at_node(PROMETHEUS)?))
}

async fn query(expression: &str) -> anyhow::Result<Vec<Value>> {
    let url = reqwest::Url::parse_with_params(&url("query")?, [("query", expression)])?;
    let answer: Value = reqwest::get(url).await?.json().await?;
    answer["data"]["result"].as_array().cloned().context("a result")
}

async fn firing() -> anyhow::Result<BTreeSet<String>> {
    let alerts = query(&format!(r#"ALERTS{{alertstate="firing", namespace="{NAMESPACE}"}}"#)).await?;
    Ok(alerts.iter().filter_map(|one| one["metric"]["alertname"].as_str()).map(str::to_owned).collect())
}

/// The files of a folder: name and content.
fn files(folder: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files
            .push((entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path())?));
    }
    Ok(files)
}
