//! kubectl and helm, and the ways from here to what runs in the cluster.
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::until;
use crate::report::say;
use crate::stack::Layout;

/// Where everything is installed.
pub const NAMESPACE: &str = "mizan-e2e";
/// The name of the installation; the names of its objects begin so.
pub const RELEASE: &str = "mizan";
/// Prometheus has a namespace of its own, the one that the chart's network policies know.
pub const MONITORING: &str = "monitoring";
/// The label that marks what this test makes beside the chart.
const OURS: &str = "mizan-e2e=yes";
/// The address at which the node's ports are reached from here.
const NODE: &str = "MIZAN_E2E_NODE";
/// Data of bundled servers: the cluster of a test may have no storage class.
const DATA: &str = "/var/tmp/mizan-e2e";

/// Ways in: service, port's name, port's number, and the node's port.
const DOORS: [(&str, &str, u16, u16); 15] = [
    ("catalogue", "grpc", 7101, 30101),
    ("invoicing", "grpc", 7102, 30102),
    ("payments", "grpc", 7103, 30103),
    ("wallet-adapter", "grpc", 7104, 30104),
    ("kiosk-relay", "grpc", 7105, 30105),
    ("notifications", "grpc", 7106, 30106),
    ("identity", "grpc", 7107, 30107),
    ("gateway", "http", 8080, 30080),
    ("portal", "http", 8081, 30081),
    ("sandbox", "http", 8090, 30090),
    ("sandbox", "smtp", 8025, 30025),
    ("postgres", "", 5432, 30432),
    ("nats", "", 4222, 30422),
    ("redis", "", 6379, 30379),
    ("kiosk-relay", "device", 7205, 30205),
];

/// The node's port that leads to Prometheus.
pub const PROMETHEUS: u16 = 30990;

/// Every port of the node that this test uses.
pub fn node_ports() -> impl Iterator<Item = u16> {
    DOORS.iter().map(|(.., node_port)| *node_port).chain([PROMETHEUS])
}

/// A port of the node, from here: at `MIZAN_E2E_NODE`, which is the loopback if it is not set.
///
/// # Errors
/// The setting is no address.
pub fn at_node(node_port: u16) -> anyhow::Result<SocketAddr> {
    let ip = match std::env::var(NODE) {
        Ok(ip) => ip.parse().with_context(|| format!("{NODE}: `{ip}` is no IP address"))?,
        Err(_unset) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    Ok(SocketAddr::new(ip, node_port))
}

/// The cluster that `KUBECONFIG` names.
#[derive(Clone, Debug)]
pub struct Cluster {
    chart: PathBuf,
}

impl Cluster {
    /// Takes away what an earlier run left, and makes the namespaces: one that takes only pods of restricted rights.
    ///
    /// # Errors
    /// The cluster does not answer, or somebody else has a namespace or definitions of these names there.
    pub fn clean() -> anyhow::Result<Cluster> {
        let cluster =
            Cluster { chart: std::fs::canonicalize("charts/mizan").context("run this in the checkout")? };
        cluster.is_free()?;
        cluster.remove_all()?;
        let restricted = json!({ "pod-security.kubernetes.io/enforce": "restricted", "mizan-e2e": "yes" });
        for (name, labels) in [(NAMESPACE, restricted), (MONITORING, json!({ "mizan-e2e": "yes" }))] {
            cluster.apply(&json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels }
            }))?;
        }
        cluster.empty_volumes()?;
        for (server, size) in [("postgres", "8Gi"), ("nats", "2Gi")] {
            cluster.apply(&volume(server, size))?;
        }
        for (service, port, number, node_port) in DOORS {
            cluster.apply(&door(service, port, number, node_port))?;
        }
        Ok(cluster)
    }

    /// The folders of the node that stand for volumes: empty, and owned by the user that servers run as.
    fn empty_volumes(&self) -> anyhow::Result<()> {
        let order = "rm -rf /data/* && mkdir -p /data/postgres /data/nats && chown 999:999 /data/*";
        self.apply(&json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "volumes", "namespace": MONITORING },
            "spec": {
                "restartPolicy": "Never",
                "containers": [{
                    "name": "volumes", "image": "docker.io/library/postgres:17", "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", order], "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
                }],
                "volumes": [{ "name": "data", "hostPath": { "path": DATA, "type": "DirectoryOrCreate" } }],
            },
        }))?;
        let done = "--for=jsonpath={.status.phase}=Succeeded";
        self.kubectl(&["wait", "pod/volumes", "--namespace", MONITORING, done, "--timeout=120s"]).map(drop)
    }

    /// What this test would take for its own and remove is not somebody else's.
    fn is_free(&self) -> anyhow::Result<()> {
        for name in [NAMESPACE, MONITORING] {
            let all = self.kubectl(&["get", "namespace", name, "--ignore-not-found", "-o", "name"])?;
            let ours = self.kubectl(&["get", "namespace", "--selector", OURS, "-o", "name"])?;
            ensure!(
                all.lines().all(|found| ours.lines().any(|our| our == found)),
                "the cluster has a namespace `{name}` of somebody else: use a cluster that may be thrown away"
            );
        }
        let strange: Vec<String> = self
            .definitions()?
            .into_iter()
            .filter(|(_, owner)| owner != NAMESPACE)
            .map(|(name, _)| name)
            .collect();
        ensure!(
            strange.is_empty(),
            "an installation outside of `{NAMESPACE}` has {strange:?}: use a cluster that may be thrown away"
        );
        Ok(())
    }

    /// Kinds of `mizan.gov`, each with the namespace of the installation that made it.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn definitions(&self) -> anyhow::Result<Vec<(String, String)>> {
        let all = self.json(&["get", "customresourcedefinitions"])?;
        let all = all["items"].as_array().context("definitions")?;
        let ours = all.iter().filter(|one| one["spec"]["group"] == "mizan.gov").map(|one| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let meta = &one["metadata"];
            (text(&meta["name"]), text(&meta["annotations"]["meta.helm.sh/release-namespace"]))
        });
        Ok(ours.collect())
    }

    /// Removes every object that this test makes, here or in an earlier run.
    ///
    /// # Errors
    /// Something does not go.
    pub fn remove_all(&self) -> anyhow::Result<()> {
        self.helm(&["uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", "--wait"]).ok();
        let kinds = "namespace,persistentvolume,clusterrole,clusterrolebinding";
        self.kubectl(&["delete", kinds, "--selector", OURS, "--ignore-not-found", "--timeout=120s"])?;
        for (definition, _) in self.definitions()?.iter().filter(|(_, owner)| owner == NAMESPACE) {
            self.kubectl(&["delete", "customresourcedefinition", definition])?;
        }
        Ok(())
    }

    /// Is there an image of a next version?
    pub fn has_next(&self) -> bool {
        std::env::var_os("MIZAN_E2E_NEXT").is_none()
    }

    /// `charts/mizan`.
    pub fn chart(&self) -> &str {
        self.chart.to_str().unwrap_or("charts/mizan")
    }

    /// Runs kubectl and gives its output.
    ///
    /// # Errors
    /// It says no: with its words.
    pub fn kubectl(&self, args: &[&str]) -> anyhow::Result<String> {
        run(Command::new("kubectl").args(args))
    }

    /// Runs kubectl in the namespace of the installation.
    ///
    /// # Errors
    /// As [`Cluster::kubectl`].
    pub fn here(&self, args: &[&str]) -> anyhow::Result<String> {
        run(Command::new("kubectl").args(["--namespace", NAMESPACE]).args(args))
    }

    /// As [`Cluster::here`], read as JSON.
    ///
    /// # Errors
    /// As [`Cluster::kubectl`].
    pub fn json(&self, args: &[&str]) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.here(&[args, &["-o", "json"]].concat())?)?)
    }

    /// An object, wherever it is.
    ///
    /// # Errors
    /// As [`Cluster::kubectl`].
    pub fn object(&self, namespace: &str, kind: &str, name: &str) -> anyhow::Result<Value> {
        let text = self.kubectl(&["get", kind, name, "--namespace", namespace, "-o", "json"])?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Applies an object, or a whole file of them.
    ///
    /// # Errors
    /// The API server refuses it: with its words.
    pub fn apply(&self, object: &Value) -> anyhow::Result<String> {
        self.apply_text(&object.to_string())
    }

    /// As [`Cluster::apply`], from YAML.
    ///
    /// # Errors
    /// As there.
    pub fn apply_text(&self, text: &str) -> anyhow::Result<String> {
        self.kubectl_reads(&["apply", "--server-side", "--force-conflicts", "-f", "-"], text)
    }

    /// As [`Cluster::kubectl`], with `text` to read.
    ///
    /// # Errors
    /// As there.
    pub fn kubectl_reads(&self, args: &[&str], text: &str) -> anyhow::Result<String> {
        use std::io::Write as _;
        let mut kubectl = Command::new("kubectl");
        kubectl.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = kubectl.spawn()?;
        child.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
        let ended = child.wait_with_output()?;
        ensure!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr).trim());
        Ok(String::from_utf8(ended.stdout)?)
    }

    /// Runs helm and gives its output.
    ///
    /// # Errors
    /// It fails: with its words.
    pub fn helm(&self, args: &[&str]) -> anyhow::Result<String> {
        run(Command::new("helm").args(args))
    }

    /// `helm upgrade` with the values that are set, and `more`; waits until all is ready.
    ///
    /// # Errors
    /// As [`Cluster::helm`].
    pub fn upgrade(&self, more: &[&str]) -> anyhow::Result<String> {
        let order = ["upgrade", RELEASE, self.chart(), "--namespace", NAMESPACE, "--reuse-values", "--wait"];
        // What somebody scaled by hand is the chart's again.
        self.helm(&[&order[..], &["--force-conflicts"], more].concat())
    }

    /// A value of a Secret.
    ///
    /// # Errors
    /// There is none.
    pub fn secret(&self, name: &str, key: &str) -> anyhow::Result<String> {
        let secret = self.json(&["get", "secret", name])?;
        let value = secret["data"][key].as_str().with_context(|| format!("{key} in {name}"))?;
        Ok(String::from_utf8(STANDARD.decode(value)?)?)
    }

    /// Pods of a component that have not been told to go, or of all.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn pods(&self, component: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let selector = match component {
            Some(component) => format!("app.kubernetes.io/component={component}"),
            None => "app.kubernetes.io/instance=mizan".to_owned(),
        };
        let pods = self.json(&["get", "pods", "--selector", &selector])?;
        let pods = pods["items"].as_array().cloned().context("a list of pods")?;
        Ok(pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect())
    }

    /// Waits until `count` pods of a component are ready, and no other is there; gives the time.
    ///
    /// # Errors
    /// It takes too long.
    pub async fn ready(&self, component: &str, count: usize, within: Duration) -> anyhow::Result<Duration> {
        let ((), took) = until(within, async || {
            let pods = self.pods(Some(component))?;
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            ensure!(
                ready == count && pods.len() == count,
                "{ready} of {} pods of {component} are ready",
                pods.len()
            );
            Ok(())
        })
        .await?;
        Ok(took)
    }

    /// The way from here to everything: the settings of `mizan` commands and of the demo.
    ///
    /// # Errors
    /// A secret is missing.
    pub fn layout(&self) -> anyhow::Result<Layout> {
        let named = |service: &str, port: &str| [service, port].join(".").trim_end_matches('.').to_owned();
        let mut ports = BTreeMap::new();
        for (service, port, _, node_port) in DOORS {
            ports.insert(named(service, port), at_node(node_port)?);
        }
        // What is not reached from here has no port: nothing listens there.
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        for service in crate::stack::SERVICES {
            for what in ["grpc", "health", "http", "smtp", "device"] {
                ports.entry(named(service, what)).or_insert(nowhere);
            }
        }
        let inside = BTreeMap::from([
            ("sandbox.http".to_owned(), format!("http://{RELEASE}-sandbox:8090")),
            ("kiosk-relay.device".to_owned(), format!("https://{RELEASE}-kiosk-relay-http:7205")),
        ]);
        let folder = std::path::Path::new("target/e2e/site");
        let password = self.secret("mizan-postgres", "payments")?;
        let layout = Layout::of_cluster(folder, ports, inside, ("mizan_payments".to_owned(), password))?;
        std::fs::create_dir_all(layout.device_ca())?;
        std::fs::write(layout.device_ca().join("ca.pem"), self.secret("mizan-device-ca", "ca.pem")?)?;
        Ok(layout)
    }

    /// What a person would look at first when something does not come up.
    pub fn tell_what_is_wrong(&self) {
        for looked in [
            self.here(&["get", "pods", "-o", "wide"]),
            self.here(&["get", "events", "--field-selector=type!=Normal", "--sort-by=.lastTimestamp"]),
        ] {
            match looked {
                Ok(text) => say(text),
                Err(error) => say(format!("{error:#}")),
            }
        }
    }
}

/// Is a pod ready?
pub fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

/// The name of a pod.
pub fn name(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().unwrap_or_default()
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let ran = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !ran.status.success() {
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        bail!("{command:?}: {} {}", out.trim(), err.trim());
    }
    Ok(String::from_utf8(ran.stdout)?)
}

/// A folder of the node for the data of a bundled server; the user that servers run as owns it.
fn volume(server: &str, size: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": { "name": format!("mizan-e2e-{server}"), "labels": { "mizan-e2e": "yes" } },
        "spec": {
            "capacity": { "storage": size }, "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "",
            "claimRef": { "namespace": NAMESPACE, "name": format!("data-mizan-{server}-0") },
            "hostPath": { "path": format!("{DATA}/{server}"), "type": "DirectoryOrCreate" },
        },
    })
}

/// A port of the node that leads to a component's pods.
fn door(component: &str, port: &str, number: u16, node_port: u16) -> Value {
    let name = ["e2e", component, port].join("-").trim_end_matches('-').to_owned();
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": { "mizan-e2e": "yes" } },
        "spec": {
            "type": "NodePort",
            "selector": { "app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/component": component },
            "ports": [{ "port": number, "targetPort": number, "nodePort": node_port }],
        },
    })
}
