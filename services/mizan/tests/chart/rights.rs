//! What the operator may do at the API server is what its code does, and nothing else.
use std::collections::BTreeSet;

use serde_json::Value;

use crate::golden::files;
use crate::manifests::{chart, list, of_kind, of_render, text, texts};

/// Group, resource, the name that it is limited to, verb.
type Right = [String; 4];

fn right(group: &str, resource: &str, name: &str, verb: &str) -> Right {
    [group, resource, name, verb].map(str::to_owned)
}

/// As `services/operator/README.md` lists them, with the kinds that are defined.
fn wanted() -> BTreeSet<Right> {
    let (leases, events) = ("coordination.k8s.io", "events.k8s.io");
    let mut rights = BTreeSet::from([
        right(leases, "leases", "", "create"),
        right(leases, "leases", "mizan-operator", "get"),
        right(leases, "leases", "mizan-operator", "update"),
        right(events, "events", "", "create"),
    ]);
    for file in files(&chart().join("files/crds")) {
        let content = std::fs::read_to_string(file).expect("it can be read");
        let crd: Value = serde_saphyr::from_str(&content).expect("a definition is YAML");
        let (group, plural) = (text(&crd, "/spec/group"), text(&crd, "/spec/names/plural"));
        rights.extend(["list", "watch"].map(|verb| right(group, plural, "", verb)));
        rights.insert(right(group, &format!("{plural}/status"), "", "patch"));
    }
    rights
}

/// What a role gives.
fn given(role: &Value) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for rule in list(role, "/rules") {
        let names: Vec<_> = texts(rule, "/resourceNames").collect();
        let names = if names.is_empty() { vec![""] } else { names };
        for (group, resource) in
            texts(rule, "/apiGroups").flat_map(|group| texts(rule, "/resources").map(move |it| (group, it)))
        {
            for name in &names {
                rights.extend(texts(rule, "/verbs").map(|verb| right(group, resource, name, verb)));
            }
        }
    }
    rights
}

#[test]
fn the_operator_may_do_what_it_does() {
    let wanted = wanted();
    assert!(wanted.len() > 4, "there are kinds");
    for render in ["trial", "production", "fenced"] {
        let objects = of_render(render);
        let roles: Vec<_> = of_kind(&objects, "Role").collect();
        let [role] = roles.as_slice() else { panic!("{render}: one role, not {}", roles.len()) };
        assert_eq!(given(&role.value), wanted, "{}", role.place());
        let elsewhere = ["ClusterRole", "ClusterRoleBinding"];
        assert!(
            !objects.iter().any(|it| elsewhere.contains(&it.kind())),
            "{render}: nothing in the whole cluster"
        );
    }
}
