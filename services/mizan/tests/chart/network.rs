//! Who reaches whom: the policies on both sides are the calls of the code, and nothing else.
use std::collections::BTreeSet;

use serde_json::Value;

use crate::manifests::{Object, at, facts, label, list, map, none, objects, of_kind, of_render, text, texts};

/// From, to, and the name of the port.
type Way = (String, String, String);

/// In production people's commands come from pods of this name: `tls.extraCallers`.
const OFFICER: &str = "officer";

fn way(from: &str, to: &str, port: &str) -> Way {
    (from.to_owned(), to.to_owned(), port.to_owned())
}

/// The components that peers name.
fn peers<'r>(rule: &'r Value, side: &str) -> impl Iterator<Item = &'r str> {
    list(rule, side).map(|peer| text(peer, "/podSelector/matchLabels/app.kubernetes.io~1component"))
}

/// What the policies of a render let through between its pods: as senders' policies say, and as receivers' do.
fn allowed(objects: &[Object]) -> (BTreeSet<Way>, BTreeSet<Way>) {
    let (mut sent, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for policy in of_kind(objects, "NetworkPolicy") {
        let own = policy.component();
        for (side, end, ways) in [("egress", "/to", &mut sent), ("ingress", "/from", &mut taken)] {
            for rule in list(&policy.value, &format!("/spec/{side}")) {
                let ports: Vec<_> = list(rule, "/ports").map(|port| text(port, "/port")).collect();
                for (peer, port) in peers(rule, end)
                    .filter(|peer| !peer.is_empty())
                    .flat_map(|peer| ports.iter().map(move |port| (peer, port)))
                {
                    ways.insert(if side == "egress" { way(own, peer, port) } else { way(peer, own, port) });
                }
            }
        }
    }
    (sent, taken)
}

/// What the facts say, among the components that the render has.
fn wanted(objects: &[Object]) -> BTreeSet<Way> {
    let present: BTreeSet<_> =
        objects.iter().filter(|it| it.pod().is_some()).map(Object::component).collect();
    let mut ways = BTreeSet::new();
    for (service, fact) in facts() {
        ways.extend(texts(&fact, "/calls").map(|other| way(&service, other, "grpc")));
        ways.extend(list(&fact, "/reaches").map(|it| way(&service, text(it, "/service"), text(it, "/port"))));
        ways.extend(texts(&fact, "/uses").map(|server| way(&service, server, server)));
    }
    ways.insert(way("migrate", "postgres", "postgres"));
    if of_kind(objects, "NetworkPolicy").any(|policy| policy.component() == OFFICER) {
        ways.extend(
            facts().iter().filter(|(_, fact)| answers(fact)).map(|(name, _)| way(OFFICER, name, "grpc")),
        );
    }
    ways.retain(|(from, to, _)| {
        (present.contains(from.as_str()) || from == OFFICER) && present.contains(to.as_str())
    });
    ways
}

/// Has the service a port for calls?
fn answers(fact: &Value) -> bool {
    fact.pointer("/ports/grpc").is_some()
}

#[test]
fn policies_are_the_calls() {
    for render in ["trial", "production", "fenced"] {
        let objects = of_render(render);
        let (sent, taken) = allowed(&objects);
        let wanted = wanted(&objects);
        assert!(wanted.len() > 10, "{render} has services");
        assert_eq!(sent, wanted, "what senders' policies of {render} allow");
        assert_eq!(taken, wanted, "what receivers' policies of {render} allow");
    }
}

#[test]
fn every_pod_begins_with_nothing() {
    for render in ["trial", "production", "fenced"] {
        let objects = of_render(render);
        let default = of_kind(&objects, "NetworkPolicy")
            .find(|it| it.component() == "default")
            .expect("a default policy");
        assert!(label(at(&default.value, "/spec/podSelector")).is_empty());
        assert_eq!(texts(&default.value, "/spec/policyTypes").collect::<Vec<_>>(), ["Ingress", "Egress"]);
        assert!(list(&default.value, "/spec/ingress").next().is_none());
        let policies: BTreeSet<_> = of_kind(&objects, "NetworkPolicy").map(Object::component).collect();
        let pods = objects.iter().filter(|it| it.pod().is_some());
        none(
            "give it a policy",
            &pods.filter(|it| !policies.contains(it.component())).map(Object::place).collect::<Vec<_>>(),
        );
    }
}

#[test]
fn the_world_reaches_and_is_reached_where_facts_say() {
    let facts = facts();
    let objects = objects();
    for policy in of_kind(&objects, "NetworkPolicy") {
        let Some(fact) = facts.get(policy.component()) else { continue };
        let from_anywhere = list(&policy.value, "/spec/ingress").filter(|rule| rule.get("from").is_none());
        let open: Vec<_> =
            from_anywhere.flat_map(|rule| list(rule, "/ports")).map(|port| text(port, "/port")).collect();
        assert_eq!(open, texts(fact, "/open").collect::<Vec<_>>(), "{}", policy.place());
        let out = list(&policy.value, "/spec/egress").flat_map(|rule| list(rule, "/to"));
        let world = out.filter(|peer| text(peer, "/ipBlock/cidr") == "0.0.0.0/0").count();
        let wanted = at(fact, "/world") == &Value::Bool(true) && policy.render != "fenced";
        assert_eq!(world, usize::from(wanted), "{}", policy.place());
    }
}

#[test]
fn callers_over_tls_are_the_calls() {
    let facts = facts();
    let objects = of_render("production");
    let present: BTreeSet<_> = of_kind(&objects, "Deployment").map(Object::component).collect();
    for deployment in of_kind(&objects, "Deployment") {
        let callers = deployment.containers().into_iter().flat_map(|it| list(it, "/env"));
        let callers = callers
            .filter(|env| text(env, "/name") == "MIZAN_TLS_CALLERS")
            .map(|env| text(env, "/value"))
            .next();
        let calls = facts.iter().filter(|(name, fact)| {
            present.contains(name.as_str())
                && texts(fact, "/calls").any(|called| called == deployment.component())
        });
        let officer = facts.get(deployment.component()).filter(|fact| answers(fact)).map(|_| OFFICER);
        let calls: BTreeSet<_> = officer.into_iter().chain(calls.map(|(name, _)| name.as_str())).collect();
        let callers: Option<BTreeSet<_>> = callers.map(|names| names.split_terminator(',').collect());
        assert_eq!(callers, Some(calls), "{}", deployment.place());
    }
}

#[test]
fn services_have_pods_with_their_ports() {
    let mut wrong = Vec::new();
    let objects = objects();
    for service in of_kind(&objects, "Service") {
        let selector = at(&service.value, "/spec/selector");
        let behind = objects.iter().filter(|it| {
            it.render == service.render
                && ["Deployment", "StatefulSet"].contains(&it.kind())
                && it.pod().is_some_and(|(metadata, _)| {
                    map(selector, "").all(|(k, v)| at(metadata, "/labels").get(k) == Some(v))
                })
        });
        let ports: BTreeSet<_> = behind
            .flat_map(Object::containers)
            .flat_map(|it| list(it, "/ports"))
            .map(|port| text(port, "/name"))
            .collect();
        let unknown = list(&service.value, "/spec/ports").map(|port| text(port, "/targetPort"));
        wrong.extend(
            unknown.filter(|port| !ports.contains(port)).map(|port| format!("{}: {port}", service.place())),
        );
    }
    none("a service's port is one of its pods", &wrong);
}
