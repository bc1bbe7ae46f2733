//! Who may call whom, where the cluster's network listens to policies.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::cluster::{Cluster, NAMESPACE, RELEASE};
use super::until;
use crate::report::{Report, say};

const ENDS_WITHIN: Duration = Duration::from_mins(1);

/// A stranger in the namespace knocks at doors that the map of calls does not open for it.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(cluster: &Cluster, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Network: calls outside the map");
    let doors = [("postgres", 5432), ("payments", 7103), ("nats", 4222)];
    let mut open = Vec::new();
    for (component, port) in doors {
        if knock(cluster, component, port).await? {
            open.push(format!("{component}:{port} lets a stranger in"));
        }
    }
    if open.len() == doors.len() {
        say("  not tried: the network of this cluster does not enforce policies");
    } else {
        report.nothing_wrong("a stranger reaches none of them", &open);
    }
    Ok(())
}

/// Does a pod with no part in the platform get a connection?
async fn knock(cluster: &Cluster, component: &str, port: u16) -> anyhow::Result<bool> {
    let name = format!("stranger-{component}");
    let order = format!("timeout 3 bash -c '</dev/tcp/{RELEASE}-{component}/{port}'");
    cluster.apply(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": { "mizan-e2e": "yes" } },
        "spec": {
            "restartPolicy": "Never",
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65534, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "stranger", "image": "docker.io/library/postgres:17", "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", order],
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    }))?;
    let (phase, _) = until(ENDS_WITHIN, async || {
        let pod: Value = cluster.json(&["get", "pod", &name])?;
        let phase = pod["status"]["phase"].as_str().context("a phase")?.to_owned();
        ensure!(matches!(phase.as_str(), "Succeeded" | "Failed"), "{name} is {phase}");
        Ok(phase)
    })
    .await?;
    cluster.here(&["delete", "pod", &name, "--wait=false"])?;
    Ok(phase == "Succeeded")
}
