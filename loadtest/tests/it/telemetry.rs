//! Rules, dashboards, runbooks, tests of alerts and scaling fit each other, and name only what a running platform measures.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use loadtest::api::Body;
use loadtest::demo::{Demo, follow, kiosks, policies, seed, uploads};
use loadtest::report::Report;
use loadtest::stack::{Layout, SERVICES, Stack, binary, mizan};
use loadtest::telemetry::{self, ALERTS, OF_THE_OPERATOR, Rule, SLO_RULES};
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, AggregateExpr, Expr, LabelModifier, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde::Deserialize;
use serde_json::json;

use crate::crash::folder;

/// What a scrape adds.
const OF_TARGETS: [&str; 4] = ["namespace", "job", "pod", "instance"];
/// Measured by others: Prometheus itself, and kube-state-metrics where it is.
const OF_OTHERS: [&str; 4] =
    ["up", "kube_pod_status_ready", "kube_pod_status_phase", "kube_pod_container_status_restarts_total"];
/// Measured only where services speak TLS to each other.
const ONLY_WITH_TLS: &str = "mizan_tls_expires_seconds";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn rules() -> Vec<Rule> {
    let files = [ALERTS, SLO_RULES].map(|file| telemetry::rules(&root(), file).unwrap());
    files.into_iter().flat_map(|file| file.groups).flat_map(|group| group.rules).collect()
}

#[test]
fn what_is_made_is_as_it_is_made() {
    telemetry::check(&root()).unwrap();
}

#[test]
fn each_alert_has_its_page_and_each_page_its_alert() {
    let mut pages: BTreeSet<String> = std::fs::read_dir(root().join("docs/runbooks"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut seen = BTreeSet::new();
    for rule in rules() {
        let Some(alert) = &rule.alert else { continue };
        let page = format!("{alert}.md");
        assert_eq!(rule.annotations["runbook_url"], format!("docs/runbooks/{page}"));
        assert!(["page", "ticket"].contains(&rule.labels["severity"].as_str()), "{alert}");
        for sentence in ["summary", "description"] {
            assert!(
                rule.annotations.get(sentence).is_some_and(|text| text.len() > 10),
                "{alert}: {sentence}"
            );
        }
        if seen.insert(page.clone()) {
            assert!(pages.remove(&page), "docs/runbooks/{page} is missing");
            let text = std::fs::read_to_string(root().join("docs/runbooks").join(&page)).unwrap();
            assert!(text.starts_with(&format!("# {alert}\n")), "{page}");
            for part in ["## Look", "## Do", "## Never"] {
                assert!(text.contains(part), "{page}: {part}");
            }
        }
    }
    assert!(pages.is_empty(), "pages without an alert: {pages:?}");
}

/// As promtool reads it.
#[derive(Deserialize)]
struct Tests {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    name: String,
    promql_expr_test: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    expr: String,
    #[serde(default)]
    exp_samples: Vec<serde_json::Value>,
}

#[test]
fn each_alert_is_tried_in_a_time_when_it_is_silent_and_in_one_when_it_fires() {
    let mut tried: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    for file in std::fs::read_dir(root().join("telemetry/tests")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let file: Tests = serde_saphyr::from_str(&text).unwrap();
        for test in file.tests {
            for asked in test.promql_expr_test {
                let Some((_, rest)) = asked.expr.split_once("alertname=\"") else { continue };
                let alert = rest.split('"').next().unwrap();
                assert!(test.name.starts_with(alert), "{}: {alert}", test.name);
                let fires = usize::from(!asked.exp_samples.is_empty());
                *tried.entry(alert.to_owned()).or_default().get_mut(fires).unwrap() = true;
            }
        }
    }
    for alert in rules().into_iter().filter_map(|rule| rule.alert) {
        assert_eq!(tried.get(&alert), Some(&[true, true]), "{alert}: silent, fires");
    }
}

#[test]
fn commands_of_pages_have_the_flags_that_are_written() {
    for file in std::fs::read_dir(root().join("docs/runbooks")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("mizan ")) {
            let words: Vec<_> = line.split_whitespace().collect();
            if !words.iter().any(|word| word.starts_with("--")) {
                continue;
            }
            let verbs = words.iter().take_while(|word| !word.starts_with('-'));
            let help = Command::new(binary().unwrap()).args(verbs).arg("--help").output().unwrap();
            assert!(help.status.success(), "{}: mizan {line}", path.display());
            let help = String::from_utf8(help.stdout).unwrap();
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(&format!("{flag} ")), "{}: mizan {line}: {flag}", path.display());
            }
        }
    }
}

/// Samples of a running platform: their labels, by name.
type Measured = BTreeMap<String, Vec<BTreeMap<String, String>>>;

async fn scrape(layout: &Layout) -> Measured {
    let mut measured = Measured::new();
    for service in SERVICES {
        let url = format!("{}/metrics", layout.url(service, "health"));
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (sample, _value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let parts: Vec<_> = labels.split('"').collect();
            let pairs = parts.chunks_exact(2).map(|pair| {
                (pair[0].trim_start_matches(',').trim_end_matches('=').to_owned(), pair[1].to_owned())
            });
            measured.entry(name.to_owned()).or_default().push(pairs.collect());
        }
    }
    measured
}

/// A bill paid by wallet, one by cash at a kiosk, pages looked at: so that what is measured has samples.
async fn lives(demo: &mut Demo, layout: &Layout) {
    let mut report = Report::default();
    policies::open_kiosks(layout, &mut report).unwrap();
    uploads(demo, &mut report).await.unwrap();
    let bill = demo.purse.take_one("TRF").unwrap();
    let pay =
        json!({ "bill_reference": bill.bill_reference, "channel": "wallet", "provider": "benefit-pay" });
    let started = demo.apis["TRF"].post("/v1/payments", "once", &Body::Json(pay)).await.unwrap();
    let started = started.success().unwrap();
    let payment = started["payment_id"].as_str().unwrap();
    let (end, _) = follow(&demo.apis["TRF"], &demo.world, payment).await.unwrap();
    assert_eq!(end["state"], "captured", "{end}");
    demo.page("en", &bill.bill_reference).await.unwrap();
    demo.payment_page("en", payment).await.unwrap();
    kiosks::install(demo, layout, "KSK-0001").await.unwrap();
    let bill = demo.purse.take_one("MUN").unwrap();
    kiosks::insert(demo, "KSK-0001", &bill, None).await.unwrap();
    kiosks::paid(demo, &bill).await.unwrap();
}

/// What is wrong with an expression.
struct Judge<'m> {
    measured: &'m Measured,
    recorded: BTreeSet<String>,
    place: String,
    wrong: Vec<String>,
}

impl Judge<'_> {
    fn judge(&mut self, place: &str, expr: &str) {
        let plain =
            expr.replace("$__rate_interval", "5m").replace("$namespace", ".*").replace("$instance", ".*");
        self.place = format!("{place}: {expr}");
        match parser::parse(&plain) {
            Ok(parsed) => {
                walk_expr(self, &parsed).ok();
            }
            Err(error) => self.wrong.push(format!("{}: {error}", self.place)),
        }
    }

    fn say(&mut self, what: &str) {
        self.wrong.push(format!("{what} in {}", self.place));
    }

    fn selector(&mut self, selector: &VectorSelector) {
        let Some(name) = &selector.name else { return self.say("a selector without a name") };
        if self.is_measured_elsewhere(name) {
            return;
        }
        let Some(samples) = self.measured.get(name) else { return self.say(&format!("no {name}")) };
        for matcher in &selector.matchers.matchers {
            if OF_TARGETS.contains(&matcher.name.as_str()) {
                continue;
            }
            let values: Vec<_> = samples.iter().filter_map(|labels| labels.get(&matcher.name)).collect();
            if values.is_empty() {
                self.say(&format!("no label {} of {name}", matcher.name));
            } else if must_match(matcher) && !values.iter().any(|value| matcher.is_match(value)) {
                self.say(&format!("nothing of {name} has {matcher}"));
            }
        }
    }

    fn is_measured_elsewhere(&self, name: &str) -> bool {
        [&OF_OTHERS[..], &OF_THE_OPERATOR, &[ONLY_WITH_TLS]].concat().contains(&name)
            || self.recorded.contains(name)
    }

    /// Labels that are grouped by stand at something below.
    fn aggregate(&mut self, aggregate: &AggregateExpr) {
        let Some(LabelModifier::Include(by)) = &aggregate.modifier else { return };
        let mut below = Below::default();
        walk_expr(&mut below, &aggregate.expr).ok();
        for label in &by.labels {
            let known = OF_TARGETS.contains(&label.as_str())
                || below.0.iter().any(|name| {
                    self.is_measured_elsewhere(name)
                        || self
                            .measured
                            .get(name)
                            .is_some_and(|samples| samples.iter().any(|labels| labels.contains_key(label)))
                });
            if !known {
                self.say(&format!("no label {label} to group by"));
            }
        }
    }
}

/// That nothing broke in this run says nothing about codes.
fn must_match(matcher: &Matcher) -> bool {
    matches!(matcher.op, MatchOp::Equal | MatchOp::Re(_)) && matcher.name != "code"
}

impl ExprVisitor for Judge<'_> {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Paren(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::Call(_)
            | Expr::Extension(_) => {}
        }
        Ok(true)
    }
}

/// Names of metrics below an expression.
#[derive(Default)]
struct Below(BTreeSet<String>);

impl ExprVisitor for Below {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        if let Expr::VectorSelector(VectorSelector { name: Some(name), .. }) = expr {
            self.0.insert(name.clone());
        }
        if let Expr::MatrixSelector(matrix) = expr {
            self.0.extend(matrix.vs.name.clone());
        }
        Ok(true)
    }
}

/// What services are scaled by in production.
fn triggers() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("k8s/production/values.yaml")).unwrap();
    let values: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let services = values["services"].as_object().unwrap().values();
    let triggers = services.filter_map(|service| service["autoscaling"]["kedaTriggers"].as_array()).flatten();
    triggers.filter_map(|trigger| trigger["metadata"]["query"].as_str().map(str::to_owned)).collect()
}

/// The name under which the documents know a sample.
fn family(sample: &str) -> &str {
    ["_bucket", "_count", "_sum"].iter().find_map(|part| sample.strip_suffix(part)).unwrap_or(sample)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_dashboards_and_scaling_name_only_what_a_running_platform_measures() {
    boot::install_tls();
    let folder = folder();
    let stack = Stack::start(folder.path(), &SERVICES).await.unwrap();
    let mut demo = seed(&stack.layout, &mut Report::default()).await.unwrap();
    lives(&mut demo, &stack.layout).await;
    let measured = testkit::wait_for("the first webhook's call", Duration::from_secs(20), async || {
        let measured = scrape(&stack.layout).await;
        measured.contains_key("mizan_http_callbacks_seconds_count").then_some(measured)
    })
    .await;

    let rules = rules();
    let recorded = rules.iter().filter_map(|rule| rule.record.clone()).collect();
    let mut judge = Judge { measured: &measured, recorded, place: String::new(), wrong: Vec::new() };
    for rule in &rules {
        judge.judge(rule.alert.as_deref().or(rule.record.as_deref()).unwrap(), &rule.expr);
    }
    let boards = telemetry::boards();
    for (board, row) in boards.iter().flat_map(|board| board.rows.iter().map(move |row| (board, row))) {
        for panel in &row.panels {
            for (expr, _legend) in &panel.exprs {
                judge.judge(&format!("{}, {}", board.uid, panel.title), expr);
            }
        }
    }
    let triggers = triggers();
    assert!(triggers.len() > 5, "{triggers:?}");
    for query in &triggers {
        judge.judge("k8s/production", query);
    }
    assert!(judge.wrong.is_empty(), "{}", judge.wrong.join("\n"));

    let page = std::fs::read_to_string(root().join("docs/telemetry.md")).unwrap();
    let unsaid: BTreeSet<_> = measured
        .keys()
        .map(|name| family(name))
        .filter(|name| !page.contains(&format!("`{name}`")))
        .collect();
    assert!(unsaid.is_empty(), "docs/telemetry.md does not say what they measure: {unsaid:?}");
    mizan(&stack.layout, &["ledger", "verify"]).unwrap();
    stack.stop().await.unwrap();
}
