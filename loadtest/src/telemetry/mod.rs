//! Rules, dashboards and the tables of docs/telemetry.md, made from telemetry/slos.yaml and from code; a test keeps what is
//! committed equal to what is made.
mod boards;
mod page;
mod panel;
mod slo;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

pub use panel::{Board, Panel};

/// The alerts that are written by hand.
pub const ALERTS: &str = "charts/mizan/files/rules/alerts.yaml";
/// The rules that are made.
pub const SLO_RULES: &str = "charts/mizan/files/rules/slos.yaml";
/// Measured where the operator runs, which needs Kubernetes: the cluster test sees that a Prometheus has them.
pub const OF_THE_OPERATOR: [&str; 3] =
    ["mizan_operator_leader", "mizan_operator_drifted", "mizan_operator_reconciles_total"];
const SLOS: &str = "telemetry/slos.yaml";
const SLO_TESTS: &str = "telemetry/tests/slos.yaml";
const PAGE: &str = "docs/telemetry.md";

/// A promise to those outside.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    pub name: String,
    pub alert: String,
    pub promise: String,
    /// Percent, as it is written.
    pub objective: String,
    pub good: String,
    pub total: String,
}

/// A file of rules, as Prometheus reads it.
#[derive(Clone, Debug, Deserialize)]
pub struct Rules {
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Group {
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Rule {
    pub alert: Option<String>,
    pub record: Option<String>,
    pub expr: String,
    #[serde(default)]
    pub labels: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// A file that is made.
#[derive(Clone, Debug)]
pub struct Made {
    /// From the root of the checkout.
    pub path: PathBuf,
    pub text: String,
}

/// The dashboards.
pub fn boards() -> Vec<Board> {
    boards::all()
}

/// The rules of a file under `root`.
///
/// # Errors
/// It is missing, or no file of rules.
pub fn rules(root: &Path, file: &str) -> anyhow::Result<Rules> {
    serde_saphyr::from_str(&read(root, file)?).context(file.to_owned())
}

/// Everything that is made, as it should be.
///
/// # Errors
/// A source is missing or cannot be read.
pub fn all(root: &Path) -> anyhow::Result<Vec<Made>> {
    let slos: Vec<Slo> = serde_saphyr::from_str(&read(root, SLOS)?).context(SLOS)?;
    let alerts = rules(root, ALERTS)?;
    let made = |path: &str, text: String| Made { path: path.into(), text };
    let mut files = vec![made(SLO_RULES, slo::rules(&slos)), made(SLO_TESTS, slo::tests(&slos))];
    let boards = boards();
    for board in &boards {
        let path = format!("charts/mizan/files/dashboards/{}.json", board.uid);
        files.push(made(&path, format!("{:#}\n", board.json())));
    }
    files.push(made(PAGE, page::filled(&read(root, PAGE)?, &slos, &alerts, &boards)?));
    Ok(files)
}

/// Writes everything that is made.
///
/// # Errors
/// As [`all`]; a file cannot be written.
pub fn write(root: &Path) -> anyhow::Result<()> {
    for made in all(root)? {
        let path = root.join(&made.path);
        std::fs::write(&path, made.text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Compares what is committed with what is made.
///
/// # Errors
/// As [`all`]; the first file that differs.
pub fn check(root: &Path) -> anyhow::Result<()> {
    for made in all(root)? {
        if std::fs::read_to_string(root.join(&made.path)).ok().as_ref() != Some(&made.text) {
            let path = made.path.display();
            bail!("{path} is not what is made: cargo run -p loadtest --bin telemetry -- write");
        }
    }
    Ok(())
}

fn read(root: &Path, file: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| file.to_owned())
}
