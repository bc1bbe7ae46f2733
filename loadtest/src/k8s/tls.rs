//! TLS between services: a call without a certificate is refused, and certificates are renewed while payments go on.
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use super::cluster::{self, Cluster, NAMESPACE, RELEASE};
use super::{OURS, Site, more_bills, until};
use crate::payers::{self, Load};
use crate::report::{Report, say};
use crate::stack::{SERVICES, mizan};

const PER_SECOND: u32 = 10;
const GOES_ON: Duration = Duration::from_mins(1);
/// The kubelet brings a changed Secret to its pods within a minute or two.
const RENEWED: Duration = Duration::from_mins(4);
const DAY: Duration = Duration::from_hours(24);
/// How long the first certificates are good, and those that follow.
const FIRST: Duration = Duration::from_hours(30 * 24);
const RENEWED_FOR: Duration = Duration::from_hours(90 * 24);

/// Turns TLS on, renews every certificate under load, and turns it off.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("TLS between services, and new certificates under load");
    more_bills(site, 2_000, report).await?;
    let cluster = site.cluster.clone();
    let authority = Authority::new()?;
    authority.issue_all(&cluster, FIRST)?;
    let asked = ["policy", "report"];
    mizan(&site.layout, &asked).context("before TLS the catalogue answers whoever reaches it")?;
    let on = cluster.upgrade(&["--set", "tls.enabled=true,tls.extraCallers={officer}", "--timeout", "5m"]);
    report.done("an upgrade turns it on", on);
    report.equal(
        "who comes without a certificate is not answered",
        &true,
        &mizan(&site.layout, &asked).is_err(),
    );
    let tested = cluster.helm(&["test", RELEASE, "--namespace", NAMESPACE, "--timeout", "3m"]);
    report.done("`helm test` pays over it", tested);
    let said = officer(&cluster, &["policy", "report"]);
    report.done("an officer's pod, which has a certificate, is answered", said);

    let load = Load::start(&mut site.payers, PER_SECOND, 0);
    load.goes_on(20, GOES_ON).await?;
    let before = pods(&cluster)?;
    authority.issue_all(&cluster, RENEWED_FOR)?;
    let renewed = until(RENEWED, async || {
        let old: Vec<String> = before.iter().filter(|pod| !is_renewed(&cluster, pod)).cloned().collect();
        ensure!(old.is_empty(), "still with the old certificate: {old:?}");
        Ok(())
    });
    let what = format!("{} pods take up new certificates by themselves", before.len());
    if let Some(((), took)) = report.done(&what, renewed.await) {
        say(format!("         after {:.0} s", took.as_secs_f32()));
    }
    report.done("payments go on", load.goes_on(50, GOES_ON).await);
    report.equal("in the same pods", &before, &pods(&cluster)?);
    let told = load.finish(&mut site.payers).await?;
    payers::judge("while certificates were renewed", &told, 0, report);
    let off = cluster.upgrade(&["--set", "tls.enabled=false", "--timeout", "5m"]);
    report.done("and an upgrade turns it off", off);
    Ok(())
}

/// Runs `mizan` as `k8s/production/README.md` says.
fn officer(cluster: &Cluster, args: &[&str]) -> anyhow::Result<String> {
    let pod = std::fs::read_to_string("k8s/production/officer.json")?;
    let labels = format!(
        "app.kubernetes.io/name=mizan,app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=officer"
    );
    let order = ["run", "officer", "--rm", "--stdin", "--quiet", "--restart=Never", "--image=mizan:0.1.0"];
    let more = ["--labels", &labels, "--override-type=strategic", "--overrides", &pod, "--"];
    cluster.here(&[&order[..], &more, args].concat())
}

/// The pods that speak TLS, all of ours but the simulated world, each with the port of its measures.
fn pods(cluster: &Cluster) -> anyhow::Result<BTreeSet<String>> {
    let mut pods = BTreeSet::new();
    for service in OURS.iter().chain(&["operator"]) {
        for pod in cluster.pods(Some(service))? {
            let port = pod["metadata"]["annotations"]["prometheus.io/port"].as_str().context("a port")?;
            pods.insert(format!("{}:{port}", cluster::name(&pod)));
        }
    }
    Ok(pods)
}

/// Does its own measure say that its certificate ends later than the first ones do?
fn is_renewed(cluster: &Cluster, pod: &str) -> bool {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}/proxy/metrics");
    let Ok(text) = cluster.kubectl(&["get", "--raw", &path]) else { return false };
    let left = text.lines().find_map(|line| line.strip_prefix("mizan_tls_expires_seconds "));
    left.and_then(|left| left.parse::<u64>().ok()).is_some_and(|left| left > FIRST.as_secs())
}

/// Signs certificates of services.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> anyhow::Result<Authority> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key)?.pem();
        Ok(Authority { pem, issuer: Issuer::new(params, key) })
    }

    /// A Secret for each service and for `helm test`, in the place of the one before.
    fn issue_all(&self, cluster: &Cluster, good_for: Duration) -> anyhow::Result<()> {
        let now = boot::Clock::system().now();
        for name in SERVICES.iter().chain(&["operator", "selftest", "officer"]) {
            let host = format!("{RELEASE}-{name}");
            let names = [format!("{name}.mizan.internal"), format!("{host}.{NAMESPACE}.svc"), host];
            let mut params = CertificateParams::new(names)?;
            params.not_before = now - DAY;
            params.not_after = now + good_for;
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &self.issuer)?;
            cluster.apply(&json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": { "name": format!("{RELEASE}-tls-{name}"), "namespace": NAMESPACE, "labels": { "mizan-e2e": "yes" } },
                "stringData": {
                    "tls.crt": certificate.pem(), "tls.key": key.serialize_pem(), "ca.crt": self.pem,
                },
            }))?;
        }
        Ok(())
    }
}
