//! The tables of docs/telemetry.md.
use std::fmt::Write as _;

use anyhow::Context as _;

use super::{Board, Rules, Slo};

/// `page` with its tables as they should be: what stands between `<!-- made: name -->` and `<!-- end -->`.
pub(super) fn filled(page: &str, slos: &[Slo], alerts: &Rules, boards: &[Board]) -> anyhow::Result<String> {
    let page = fill(page, "promises", &promises(slos))?;
    let page = fill(&page, "alerts", &of_alerts(alerts))?;
    fill(&page, "dashboards", &of_boards(boards))
}

fn fill(page: &str, name: &str, table: &str) -> anyhow::Result<String> {
    let begin = format!("<!-- made: {name} -->\n");
    let (before, rest) = page.split_once(&begin).with_context(|| begin.clone())?;
    let (_, after) = rest.split_once("<!-- end -->").context("<!-- end -->")?;
    Ok(format!("{before}{begin}{table}<!-- end -->{after}"))
}

fn promises(slos: &[Slo]) -> String {
    let mut table = "| promise | of 30 days | alert |\n|---|---|---|\n".to_owned();
    for Slo { alert, promise, objective, .. } in slos {
        writeln!(table, "| {promise} | {objective} % | [{alert}](runbooks/{alert}.md) |").ok();
    }
    table
}

fn of_alerts(alerts: &Rules) -> String {
    let mut table = "| alert | | when |\n|---|---|---|\n".to_owned();
    for rule in alerts.groups.iter().flat_map(|group| &group.rules) {
        let (Some(alert), Some(severity)) = (&rule.alert, rule.labels.get("severity")) else { continue };
        let expr = rule.expr.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        writeln!(table, "| [{alert}](runbooks/{alert}.md) | {severity} | `{expr}` |").ok();
    }
    table
}

fn of_boards(boards: &[Board]) -> String {
    let mut table = "| dashboard | asks |\n|---|---|\n".to_owned();
    for board in boards {
        let questions: Vec<_> = board.rows.iter().map(|row| row.question).collect();
        writeln!(table, "| {}: {} | {} |", board.title, board.what, questions.join(" ")).ok();
    }
    table
}
