//! What `k8s/` shows can be applied: it parses, the chart takes its values, and its rules are of kinds that exist.
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::golden::{files, helm};
use crate::manifests::{at, chart, list, map, none, root, text, texts};

/// The documents of each file below `k8s/<folder>`.
fn documents(folder: &str) -> Vec<(PathBuf, Vec<Value>)> {
    let mut names = files(&root().join("k8s").join(folder));
    names.retain(|name| name.extension().is_some_and(|ending| ending == "yaml"));
    names.sort();
    let read = |name: PathBuf| {
        let content = std::fs::read_to_string(&name).expect("it can be read");
        let place = name.display().to_string();
        (name, serde_saphyr::from_multiple(&content).expect(&place))
    };
    names.into_iter().map(read).collect()
}

#[test]
fn every_file_is_yaml_and_every_object_has_a_name() {
    let all = documents("");
    assert!(all.len() > 15, "there are files");
    let mut wrong = Vec::new();
    for (file, values) in &all {
        let is_values = file.file_name().is_some_and(|name| name.to_string_lossy().ends_with("values.yaml"));
        for value in values.iter().filter(|_| !is_values) {
            let unnamed = text(value, "/metadata/name").is_empty() && text(value, "/kind") != "Kustomization";
            if unnamed || text(value, "/apiVersion").is_empty() {
                wrong.push(format!("{}: {}", file.display(), text(value, "/kind")));
            }
        }
    }
    none("an object has apiVersion, kind and a name", &wrong);
}

#[test]
fn the_chart_takes_the_values() {
    let sets: [&[&str]; 3] = [
        &["trial/values.yaml"],
        &["production/values.yaml"],
        &["production/values.yaml", "restore/values.yaml"],
    ];
    for set in sets {
        let mut args: Vec<_> = ["template", "mizan", "charts/mizan"].map(str::to_owned).into();
        args.extend(set.iter().map(|values| format!("--values=k8s/{values}")));
        // The schema refuses what it does not know, and `strict` what must not be.
        if helm(&args.iter().map(String::as_str).collect::<Vec<_>>()).is_none() {
            eprintln!("not tried: there is no helm here");
            return;
        }
    }
}

/// What of `value` a definition's schema does not know, or misses.
fn unlike(schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    for item in list(value, "") {
        unlike(at(schema, "/items"), item, place, wrong);
    }
    let missing = texts(schema, "/required").filter(|name| value.is_object() && value.get(name).is_none());
    wrong.extend(missing.map(|name| format!("{place}.{name} is missing")));
    for (name, inner) in map(value, "") {
        match at(schema, "/properties").get(name) {
            Some(known) => unlike(known, inner, &format!("{place}.{name}"), wrong),
            None => wrong.push(format!("{place}.{name} is unknown")),
        }
    }
}

#[test]
fn rules_are_of_kinds_that_exist() {
    let mut kinds = BTreeMap::new();
    for file in files(&chart().join("files/crds")) {
        let content = std::fs::read_to_string(file).expect("it can be read");
        let crd: Value = serde_saphyr::from_str(&content).expect("a definition is YAML");
        let api = format!("{}/{}", text(&crd, "/spec/group"), text(&crd, "/spec/versions/0/name"));
        let spec = at(&crd, "/spec/versions/0/schema/openAPIV3Schema/properties/spec");
        kinds.insert((api, text(&crd, "/spec/names/kind").to_owned()), spec.clone());
    }
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for (file, values) in documents("gitops/rules") {
        for value in values.iter().filter(|value| text(value, "/kind") != "Kustomization") {
            let kind = (text(value, "/apiVersion").to_owned(), text(value, "/kind").to_owned());
            let place = format!("{}: {}", file.display(), kind.1);
            match kinds.get(&kind) {
                Some(schema) => unlike(schema, at(value, "/spec"), &place, &mut wrong),
                None => wrong.push(format!("{place} is unknown")),
            }
            if text(value, "/spec/requestedBy") == text(value, "/spec/approvedBy") {
                wrong.push(format!("{place}: two persons"));
            }
            *seen.entry(kind).or_insert(0) += 1;
        }
    }
    none("write it as the definition says", &wrong);
    assert_eq!(seen.len(), kinds.len(), "a sample of each kind: {seen:?}");
}
