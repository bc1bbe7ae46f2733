//! Every pod, those of jobs and tests too.
use std::time::Duration;

use serde_json::{Value, json};

use crate::manifests::{Object, at, list, none, objects, of_kind, of_render, text};

/// Places where a container is not as it must be.
fn containers_that(is_wrong: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for object in objects() {
        let wrong = object.containers().into_iter().filter(|container| is_wrong(container));
        found.extend(wrong.map(|container| format!("{}, {}", object.place(), text(container, "/name"))));
    }
    found
}

/// Places where a pod is not as it must be.
fn pods_that(is_wrong: impl Fn(&Object, &Value) -> bool) -> Vec<String> {
    let objects = objects();
    let pods = objects.iter().filter_map(|object| Some((object, object.pod()?.1)));
    pods.filter(|(object, spec)| is_wrong(object, spec)).map(|(object, _)| object.place()).collect()
}

#[test]
fn pods_are_restricted() {
    let wanted = json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] }
    });
    none("run it with mizan.containerSecurity", &containers_that(|it| at(it, "/securityContext") != &wanted));
    none(
        "run it with mizan.podSecurity",
        &pods_that(|_, spec| {
            at(spec, "/securityContext/runAsNonRoot") != &json!(true)
                || text(spec, "/securityContext/seccompProfile/type") != "RuntimeDefault"
                || at(spec, "/enableServiceLinks") != &json!(false)
                || ["hostNetwork", "hostPID", "hostIPC"].iter().any(|host| spec.get(host).is_some())
                || list(spec, "/volumes").any(|volume| volume.get("hostPath").is_some())
        }),
    );
}

#[test]
fn only_the_operator_has_a_token() {
    let wrong = pods_that(|object, spec| {
        let wanted = object.component() == "operator";
        at(spec, "/automountServiceAccountToken") != &json!(wanted)
            || spec.get("serviceAccountName").is_some() != wanted
    });
    none("only the operator talks to the API server", &wrong);
}

#[test]
fn containers_ask_for_what_they_need() {
    let asks = ["/resources/requests/cpu", "/resources/requests/memory", "/resources/limits/memory"];
    none(
        "give it requests and a limit of memory",
        &containers_that(|it| asks.iter().any(|ask| at(it, ask).is_null())),
    );
    none(
        "give it a folder for what it writes",
        &containers_that(|it| !list(it, "/volumeMounts").any(|mount| text(mount, "/mountPath") == "/tmp")),
    );
}

#[test]
fn what_runs_for_long_has_three_probes() {
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    let wrong = pods_that(|object, spec| {
        ["Deployment", "StatefulSet"].contains(&object.kind())
            && !list(spec, "/containers").all(|it| probes.iter().all(|probe| it.get(probe).is_some()))
    });
    none("say when it has started, is ready and lives", &wrong);

    let depths = [("startup", "/startup"), ("readiness", "/ready"), ("liveness", "/live")];
    let wrong = pods_that(|object, spec| {
        object.kind() == "Deployment"
            && !list(spec, "/containers").all(|it| {
                depths.iter().all(|(probe, path)| text(it, &format!("/{probe}Probe/httpGet/path")) == *path)
            })
    });
    none("each depth has its path", &wrong);
}

#[test]
fn a_stop_is_given_the_time_that_the_code_takes() {
    let wrong = pods_that(|object, spec| {
        if object.kind() != "Deployment" {
            return false;
        }
        let grace = at(spec, "/terminationGracePeriodSeconds").as_u64().map(Duration::from_secs);
        let settings = list(spec, "/containers").flat_map(|it| list(it, "/env"));
        let drain = settings
            .filter(|it| text(it, "/name") == "MIZAN_DRAIN_MS")
            .find_map(|it| text(it, "/value").parse().ok());
        let needed = drain.map(|ms| Duration::from_millis(ms) + boot::STOP_BUDGET);
        grace.is_none() || needed.is_none() || grace < needed
    });
    none("terminationGracePeriodSeconds is not below MIZAN_DRAIN_MS and boot::STOP_BUDGET", &wrong);
}

#[test]
fn secrets_are_files() {
    let has_password = |url: &str| {
        let authority =
            url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    };
    let wrong = containers_that(|it| {
        it.get("envFrom").is_some()
            || list(it, "/env").any(|env| {
                let name = text(env, "/name");
                env.get("valueFrom").is_some()
                    || ["_SECRET", "_PASSWORD", "_KEY"].iter().any(|ending| name.ends_with(ending))
                    || has_password(text(env, "/value"))
            })
    });
    none("mount it as a file", &wrong);
}

#[test]
fn a_migration_that_fails_stops_an_upgrade_before_it_changes_anything() {
    let hook_of = |render| {
        let objects = of_render(render);
        let mut jobs = of_kind(&objects, "Job").filter(|job| job.component() == "migrate");
        let job = jobs.next().expect("migrations have a job");
        assert!(jobs.next().is_none(), "{render} migrates once");
        text(&job.value, "/metadata/annotations/helm.sh~1hook").to_owned()
    };
    assert_eq!(hook_of("upgrade"), "pre-install,pre-upgrade", "the trial's");
    assert_eq!(hook_of("production"), "pre-install,pre-upgrade");
    assert_eq!(hook_of("trial"), "", "its Postgres is only just being installed");
}
