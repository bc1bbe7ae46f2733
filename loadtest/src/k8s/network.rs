//! Who may call whom, where the cluster's network listens to policies.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::cluster::{self, Cluster, MONITORING, NAMESPACE, RELEASE};
use super::until;
use crate::report::Report;

const ENDS_WITHIN: Duration = Duration::from_mins(1);
/// A network that listens to policies has heard of a new one by then.
const HEARD_WITHIN: Duration = Duration::from_secs(15);
/// A door of this test's own, to see what the network does.
const LISTENER: &str = "listener";
const LISTENS_AT: u16 = 7999;

/// Who knocks where, and whether the map of calls lets it in. Nobody is a pod with no part in the platform.
const KNOCKS: [(Option<&str>, &str, u16, bool); 9] = [
    (None, "postgres", 5432, false),
    (None, "payments", 7103, false),
    (None, "nats", 4222, false),
    (Some("gateway"), "payments", 7103, true),
    (Some("payments"), "postgres", 5432, true),
    (Some("gateway"), "postgres", 5432, false),
    (Some("portal"), "nats", 4222, false),
    (Some("notifications"), "payments", 7103, false),
    (Some("payments"), "identity", 7107, false),
];

/// A pod that knocks.
struct Knock<'a> {
    name: &'a str,
    namespace: &'a str,
    /// The component whose labels it wears.
    component: Option<&'a str>,
    host: &'a str,
    port: u16,
}

/// Knocks at doors that the map of calls opens, and at doors that it does not.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(cluster: &Cluster, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Network: calls outside the map");
    let what = format!("of {} calls those of the map are let through, and no other", KNOCKS.len());
    if !listens_to_policies(cluster).await? {
        report.skip(&what, "the network of this cluster does not enforce policies");
        return Ok(());
    }
    let mut wrong = Vec::new();
    for (component, to, port, in_the_map) in KNOCKS {
        let name = format!("knock-{}-{to}", component.unwrap_or("nobody"));
        let host = format!("{RELEASE}-{to}");
        let knock = Knock { name: &name, namespace: NAMESPACE, component, host: &host, port };
        let let_in = knock.is_let_in(cluster).await?;
        if let_in != in_the_map {
            let happened = if let_in { "was let in" } else { "was refused" };
            wrong.push(format!("{} {happened} at {to}:{port}", component.unwrap_or("a stranger")));
        }
    }
    report.nothing_wrong(&what, &wrong);
    Ok(())
}

/// Is a policy that lets nobody in obeyed? Without it, the same knock must be answered.
async fn listens_to_policies(cluster: &Cluster) -> anyhow::Result<bool> {
    let order = format!("redis-server --port {LISTENS_AT} --protected-mode no --save '' --dir /tmp");
    cluster.apply(&pod(LISTENER, MONITORING, &json!({ "app": LISTENER }), "redis:7.4", &order))?;
    let (host, _) = until(ENDS_WITHIN, async || {
        let pod: Value = cluster.object(MONITORING, "pod", LISTENER)?;
        ensure!(cluster::is_ready(&pod), "the listener is not ready");
        Ok(pod["status"]["podIP"].as_str().context("an address")?.to_owned())
    })
    .await?;
    let knock =
        Knock { name: "knock", namespace: MONITORING, component: None, host: &host, port: LISTENS_AT };
    let ((), _took) = until(ENDS_WITHIN, async || {
        ensure!(knock.is_let_in(cluster).await?, "an open door does not open: no pod reaches another");
        Ok(())
    })
    .await?;
    cluster.apply(&json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": LISTENER, "namespace": MONITORING },
        "spec": { "podSelector": { "matchLabels": { "app": LISTENER } }, "policyTypes": ["Ingress"] },
    }))?;
    let refused = until(HEARD_WITHIN, async || {
        ensure!(!knock.is_let_in(cluster).await?, "it is let in");
        Ok(())
    });
    let listens = refused.await.is_ok();
    cluster.kubectl(&["delete", "pod,networkpolicy", LISTENER, "--namespace", MONITORING, "--wait=false"])?;
    Ok(listens)
}

impl Knock<'_> {
    /// Does it get a connection?
    async fn is_let_in(&self, cluster: &Cluster) -> anyhow::Result<bool> {
        let labels = match self.component {
            None => json!({ "mizan-e2e": "yes" }),
            Some(component) => json!({
                "mizan-e2e": "yes", "app.kubernetes.io/name": "mizan", "app.kubernetes.io/instance": RELEASE,
                "app.kubernetes.io/component": component,
            }),
        };
        let order = format!("timeout 3 bash -c '</dev/tcp/{}/{}'", self.host, self.port);
        let mut knocking = pod(self.name, self.namespace, &labels, "postgres:17", &order);
        // Whatever it wears, it is never sent a call that is meant for the component.
        knocking["spec"]["containers"][0]["readinessProbe"] = json!({ "exec": { "command": ["false"] } });
        cluster.apply(&knocking)?;
        let (phase, _) = until(ENDS_WITHIN, async || {
            let pod = cluster.object(self.namespace, "pod", self.name)?;
            let phase = pod["status"]["phase"].as_str().context("a phase")?.to_owned();
            ensure!(matches!(phase.as_str(), "Succeeded" | "Failed"), "{} is {phase}", self.name);
            Ok(phase)
        })
        .await?;
        cluster.kubectl(&["delete", "pod", self.name, "--namespace", self.namespace])?;
        Ok(phase == "Succeeded")
    }
}

/// A pod of restricted rights that does one thing.
fn pod(name: &str, namespace: &str, labels: &Value, image: &str, order: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65534, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": name, "image": format!("docker.io/library/{image}"), "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", order],
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    })
}
