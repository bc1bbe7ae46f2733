//! A copy that was restored from a backup calls nobody: `networkPolicy.egressFence`.
use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::manifests::{Object, at, facts, list, none, of_kind, of_render, root, text};

/// The services that call addresses outside of the cluster.
fn callers_of_the_world() -> BTreeSet<String> {
    let world = facts().into_iter().filter(|(_, fact)| at(fact, "/world") == &Value::Bool(true));
    world.map(|(name, _)| name).collect()
}

#[test]
fn what_calls_the_world_runs_no_pod() {
    let fenced = of_render("fenced");
    let world = callers_of_the_world();
    assert_eq!(world.iter().map(String::as_str).collect::<Vec<_>>(), ["notifications", "wallet-adapter"]);
    let mut wrong = Vec::new();
    for object in fenced.iter().filter(|it| world.contains(it.component())) {
        match object.kind() {
            "Deployment" if at(&object.value, "/spec/replicas") != &Value::from(0) => {
                wrong.push(format!("{}: replicas are not 0", object.place()));
            }
            // They would start pods, or keep those that are not there from being evicted.
            "HorizontalPodAutoscaler" | "ScaledObject" | "PodDisruptionBudget" => wrong.push(object.place()),
            _ => {}
        }
    }
    none("behind the fence it does not run", &wrong);
    let deployments: BTreeSet<_> = of_kind(&fenced, "Deployment").map(Object::component).collect();
    let in_production = of_render("production");
    let all: BTreeSet<_> = of_kind(&in_production, "Deployment").map(Object::component).collect();
    assert_eq!(deployments, all, "to open the fence only scales");
}

#[test]
fn no_policy_lets_anybody_out() {
    let mut wrong = Vec::new();
    for policy in of_kind(&of_render("fenced"), "NetworkPolicy") {
        for rule in list(&policy.value, "/spec/egress") {
            let anywhere = rule.get("to").is_none();
            if anywhere || list(rule, "/to").any(|to| text(to, "/ipBlock/cidr").ends_with("/0")) {
                wrong.push(format!("{}: {rule}", policy.place()));
            }
        }
    }
    none("behind the fence each way out names a peer", &wrong);
}

/// What the chart says to the values of a restored copy with one more; nothing where there is no helm.
fn said(set: &str) -> Option<Result<(), String>> {
    let mut helm = Command::new("helm");
    helm.args(["template", "mizan", "charts/mizan", "--values=k8s/production/values.yaml"]);
    helm.args(["--values=k8s/restore/values.yaml", "--set", set]);
    let ran = helm.current_dir(root()).output().ok()?;
    Some(if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into_owned()) })
}

#[test]
fn a_fence_that_lets_anybody_out_is_refused() {
    for server in ["postgres", "nats", "redis", "otlp", "apiServer"] {
        let Some(answer) = said(&format!("networkPolicy.{server}=null")) else {
            eprintln!("not tried: there is no helm here");
            return;
        };
        let refusal = answer.expect_err(server);
        assert!(refusal.contains(&format!("set networkPolicy.{server}: ")), "{refusal}");
    }
    // What is not used need not be named.
    let without = [
        "networkPolicy.otlp=null,otlpEndpoint=",
        "networkPolicy.apiServer=null,services.operator.enabled=false",
    ];
    for set in without {
        assert_eq!(said(set), Some(Ok(())), "{set}");
    }
}
