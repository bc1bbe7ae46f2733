//! Money rules as objects of the cluster: what is valid reaches the catalogue, what is not is refused at once.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::cluster::{self, NAMESPACE};
use super::{Site, more_bills, until};
use crate::payers::{self, Load};
use crate::report::{Report, say};
use crate::stack::mizan;

/// From an object to what it says being in force.
const IN_FORCE: Duration = Duration::from_mins(1);
/// The operator compares once a minute.
const SEEN: Duration = Duration::from_mins(3);
/// Another takes the lease when its holder is silent so long, and some more.
const TAKEN_OVER: Duration = Duration::from_mins(1);
/// Payers hear two weeks ahead that a channel closes.
const NOTICE_DAYS: u64 = 20;
const AGENCY: &str = "KSO";
const SERVICE: &str = "PERMIT";

/// Applies, is refused, meddles, kills the leader, and does without an operator.
///
/// # Errors
/// The cluster does not do what it is told.
pub async fn run(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Custom resources: an agency, its fee and its channels out of git");
    let cluster = &site.cluster;
    for object in [agency(), fee("kso-permit-1", &today(), "fixed:5.000"), policy("Flag")] {
        cluster.apply(&object)?;
        let done = in_force(site, &object).await;
        report.done(&format!("{} reaches the catalogue", object["kind"]), done);
        let told = until(IN_FORCE, async || told_of(site, &object)).await;
        report.done("and an event says so", told);
    }
    let prices = mizan(&site.layout, &["fee", "prices", "--agency", AGENCY])?;
    report.equal(
        "its price list has the fee",
        &true,
        &(prices.contains(SERVICE) && prices.contains("5.000")),
    );
    report.nothing_wrong("what cannot be is refused by the API server, with a sentence", &let_in(site));
    drift(site, report).await?;
    leaders(site, report).await?;
    without_operator(site, report).await
}

fn today() -> String {
    in_days(0)
}

fn in_days(days: u64) -> String {
    boot::bahrain_date(boot::Clock::system().now() + Duration::from_secs(days * 86_400)).to_string()
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "mizan.gov/v1alpha1", "kind": kind,
        "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec,
    })
}

fn agency() -> Value {
    object(
        "Agency",
        "kso",
        &json!({
            "agency": AGENCY, "name": { "en": "Kiosk Standards Office", "ar": "مكتب معايير الأكشاك" },
            "revenueAccount": "4100200300", "settlementIban": "BH67BMAG00001299123456",
            "requestedBy": "huda", "approvedBy": "yousif",
        }),
    )
}

fn fee(name: &str, from: &str, fee: &str) -> Value {
    object(
        "FeeSchedule",
        name,
        &json!({
            "agency": AGENCY, "service": SERVICE, "serviceName": { "en": "Kiosk permit", "ar": "تصريح كشك" },
            "validFrom": from, "terms": { "fee": fee }, "requestedBy": "huda", "approvedBy": "yousif",
        }),
    )
}

fn policy(drift_policy: &str) -> Value {
    object(
        "ChannelPolicy",
        "kso-permit",
        &json!({
            "agency": AGENCY, "service": SERVICE, "validFrom": in_days(NOTICE_DAYS),
            "channels": ["portal", "wallet", "card"], "reason": "Decision 7 of 2026",
            "requestedBy": "huda", "approvedBy": "yousif", "driftPolicy": drift_policy,
        }),
    )
}

/// Waits until an object says that it holds.
async fn in_force(site: &Site, object: &Value) -> anyhow::Result<Duration> {
    let ((), took) = until(IN_FORCE, async || {
        let ready = condition(site, object, "Ready")?;
        ensure!(ready["status"] == "True", "{}: {}", ready["reason"], ready["message"]);
        Ok(())
    })
    .await?;
    Ok(took)
}

fn condition(site: &Site, object: &Value, kind: &str) -> anyhow::Result<Value> {
    let (of, name) =
        (object["kind"].as_str().context("a kind")?, object["metadata"]["name"].as_str().context("a name")?);
    let found = site.cluster.json(&["get", &of.to_lowercase(), name])?;
    let conditions = found["status"]["conditions"].as_array().context("no conditions yet")?;
    let one = conditions.iter().find(|one| one["type"] == kind);
    let one = one.with_context(|| format!("no condition {kind} yet"))?;
    let (judged, written) = (&one["observedGeneration"], &found["metadata"]["generation"]);
    ensure!(judged == written, "{kind} is about generation {judged} of {written}");
    Ok(one.clone())
}

/// Does `kubectl describe` show an event below an object?
fn told_of(site: &Site, object: &Value) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let of = format!("involvedObject.kind={kind},involvedObject.name={name}");
    let events = site.cluster.json(&["get", "events", "--field-selector", &of])?;
    ensure!(events["items"].as_array().is_some_and(|events| !events.is_empty()), "no event about {name}");
    Ok(())
}

/// Objects that the API server should have refused and let in, or refused without a word of why.
fn let_in(site: &Site) -> Vec<String> {
    let mut alone = agency();
    alone["spec"]["approvedBy"] = json!("huda");
    let mut iban = agency();
    iban["spec"]["settlementIban"] = json!("BH67");
    let mut none = policy("Flag");
    none["spec"]["channels"] = json!([]);
    let mut moved = fee("kso-permit-1", &today(), "fixed:5.000");
    moved["spec"]["agency"] = json!("TRF");
    let mut cents = fee("kso-permit-2", "2030-01-01", "fixed:5.000");
    cents["spec"]["terms"]["minimum"] = json!("1.50");
    let bad = [
        ("written and reviewed by one", alone, "two persons"),
        ("a short IBAN", iban, "IBAN"),
        ("no channel at all", none, "channels"),
        ("another agency under an object", moved, "does not change"),
        ("two decimals", cents, "three decimals"),
    ];
    let refused = bad.into_iter().filter_map(|(what, object, word)| match site.cluster.apply(&object) {
        Ok(_) => Some(format!("{what}: let in")),
        Err(error) if error.to_string().contains(word) => None,
        Err(error) => Some(format!("{what}: refused without `{word}`: {error}")),
    });
    refused.collect()
}

/// Two persons change the policy in the platform: the object shows it, and puts it right when it is told to.
async fn drift(site: &Site, report: &mut Report) -> anyhow::Result<()> {
    let proposed = mizan(
        &site.layout,
        &[
            "policy",
            "propose",
            "--agency",
            AGENCY,
            "--service",
            SERVICE,
            "--channels",
            "portal,wallet",
            "--from",
            &in_days(NOTICE_DAYS + 1),
            "--reason",
            "by hand",
            "--actor",
            "staff-a",
        ],
    )?;
    let id = proposed.split_whitespace().next().context("a policy's id")?;
    mizan(&site.layout, &["policy", "announce", "--policy", id, "--actor", "staff-b"])?;
    let flagged = until(SEEN, async || {
        let drifted = condition(site, &policy("Flag"), "Drifted")?;
        ensure!(drifted["status"] == "True", "{drifted}");
        Ok(drifted["message"].as_str().unwrap_or_default().to_owned())
    });
    if let Some((message, took)) = report.done("a change by hand is shown as drift", flagged.await) {
        say(format!("         after {:.0} s: {message}", took.as_secs_f32()));
    }
    site.cluster.apply(&policy("Heal"))?;
    let healed = until(SEEN, async || {
        let drifted = condition(site, &policy("Heal"), "Drifted")?;
        let ready = condition(site, &policy("Heal"), "Ready")?;
        ensure!(drifted["status"] == "False" && ready["status"] == "True", "{drifted} {ready}");
        Ok(())
    });
    report.done("and is put right when the object says Heal", healed.await);
    Ok(())
}

/// Two operators: the leader is killed, the other takes over, with a larger number.
async fn leaders(site: &Site, report: &mut Report) -> anyhow::Result<()> {
    site.cluster.here(&["scale", "deployment/mizan-operator", "--replicas=2"])?;
    site.cluster.ready("operator", 2, TAKEN_OVER).await?;
    let (holder, number) = lease(site)?;
    let pods = site.cluster.pods(Some("operator"))?;
    let leader =
        pods.iter().map(cluster::name).find(|name| holder.contains(*name)).context("the leader is a pod")?;
    site.cluster.here(&["delete", "pod", leader, "--grace-period=0", "--force", "--wait=false"])?;
    let taken = until(TAKEN_OVER, async || {
        let (now, transitions) = lease(site)?;
        ensure!(now != holder && transitions > number, "{now} holds the lease, {transitions}");
        Ok(())
    });
    if let Some(((), took)) = report.done("the leader is killed: the other takes the lease", taken.await) {
        say(format!("         after {:.0} s", took.as_secs_f32()));
    }
    let next = fee("kso-permit-2", "2030-01-01", "fixed:6.000");
    site.cluster.apply(&next)?;
    report.done("and goes on with the work", in_force(site, &next).await);
    Ok(())
}

/// Who holds the operator's lease, and its number.
fn lease(site: &Site) -> anyhow::Result<(String, i64)> {
    let leases = site.cluster.json(&["get", "leases"])?;
    let leases = leases["items"].as_array().context("leases")?;
    let ours = leases
        .iter()
        .find(|lease| cluster::name(lease).contains("operator"))
        .context("the operator's lease")?;
    let holder = ours["spec"]["holderIdentity"].as_str().context("a holder")?.to_owned();
    Ok((holder, ours["spec"]["leaseTransitions"].as_i64().unwrap_or_default()))
}

/// With no operator at all payments go on.
async fn without_operator(site: &mut Site, report: &mut Report) -> anyhow::Result<()> {
    site.cluster.here(&["scale", "deployment/mizan-operator", "--replicas=0"])?;
    site.cluster.ready("operator", 0, TAKEN_OVER).await?;
    more_bills(site, 300, report).await?;
    let load = Load::start(&mut site.payers, 10, 0);
    load.goes_on(100, TAKEN_OVER).await?;
    let told = load.finish(&mut site.payers).await?;
    payers::judge("without an operator", &told, 0, report);
    site.cluster.here(&["scale", "deployment/mizan-operator", "--replicas=1"])?;
    site.cluster.ready("operator", 1, TAKEN_OVER).await.map(drop)
}
