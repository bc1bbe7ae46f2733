//! The committed renders are those of the chart.
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::manifests::{RENDERS, chart, none, root, text_of};

const ANEW: &str = "run tools/chart-golden and commit what it writes";

/// What renders are not made from.
const OTHERS: [&str; 4] = ["./ci/golden/", "./files/crds/", "./files/rules/", "./files/dashboards/"];

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the chart can be read");
    let paths = entries.map(|entry| entry.expect("the chart can be read").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// As `tools/chart-golden` makes it.
fn hash_of_the_chart() -> String {
    let chart = chart();
    let relative = |path: &Path| format!("./{}", path.strip_prefix(&chart).expect("it is below").display());
    let mut names: Vec<_> = files(&chart).iter().map(|path| relative(path)).collect();
    names.retain(|name| {
        !OTHERS.iter().any(|other| name.starts_with(other))
            && Path::new(name).extension().is_none_or(|ending| ending != "md")
    });
    names.sort();
    let mut all = Sha256::new();
    for name in names {
        let content = std::fs::read(chart.join(&name)).expect("the chart can be read");
        all.update(format!("{}  {name}\n", hex::encode(Sha256::digest(content))));
    }
    for name in ["k8s/production/values.yaml", "k8s/restore/values.yaml"] {
        let content = std::fs::read(root().join(name)).expect(name);
        all.update(format!("{}  {name}\n", hex::encode(Sha256::digest(content))));
    }
    hex::encode(all.finalize())
}

#[test]
fn the_renders_are_of_this_chart() {
    let first = format!("# {} (tools/chart-golden)\n", hash_of_the_chart());
    let stale = RENDERS.iter().filter(|name| !text_of(&format!("ci/golden/{name}.yaml")).starts_with(&first));
    none(ANEW, &stale.map(ToString::to_string).collect::<Vec<_>>());
}

/// What helm says; nothing where there is none.
pub fn helm(args: &[&str]) -> Option<String> {
    let ran = Command::new("helm").args(args).current_dir(root()).output().ok()?;
    assert!(ran.status.success(), "helm {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).expect("a render is UTF-8"))
}

#[test]
fn helm_renders_the_same() {
    if helm(&["version"]).is_none() {
        eprintln!("not tried: there is no helm here");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let ran =
        Command::new(root().join("tools/chart-golden")).arg(folder.path()).output().expect("the tool runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let differs = RENDERS.iter().filter(|name| {
        let made = std::fs::read_to_string(folder.path().join(format!("{name}.yaml"))).expect("it was made");
        made != text_of(&format!("ci/golden/{name}.yaml"))
    });
    none(ANEW, &differs.map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn helm_ships_every_definition_rule_and_dashboard() {
    let all = "monitoring.rules.enabled=true,monitoring.dashboards.enabled=true";
    let Some(render) = helm(&["template", "mizan", "charts/mizan", "--set", all]) else {
        eprintln!("not tried: there is no helm here");
        return;
    };
    let objects: Vec<serde_json::Value> = serde_saphyr::from_multiple(&render).expect("a render is YAML");
    let shipped = |kind: &str| {
        objects.iter().filter(|object| object.pointer("/kind").is_some_and(|k| k == kind)).count()
    };
    let count = |folder: &str| files(&chart().join("files").join(folder)).len();
    assert_eq!(shipped("CustomResourceDefinition"), count("crds"));
    assert_eq!(shipped("PrometheusRule"), count("rules"));
    let dashboards = render.matches("  name: mizan-dashboard-").count();
    assert_eq!(dashboards, count("dashboards"));
}
