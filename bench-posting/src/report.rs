//! The table, the ratios with their limits, and the file.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Context as _;
use serde::Serialize;

use crate::config::{BUSY, IN_FLIGHT, Plan, report};
use crate::level::{Level, median};
use crate::ours;
use crate::rounds::{ByWorkers, Measured};

/// Prints one line to standard output.
pub fn say(line: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    // Whoever closed our output has no use for the rest.
    writeln!(out, "{}", line.as_ref()).ok();
}

/// Which side of a limit is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Good {
    AtLeast,
    AtMost,
    Below,
}

/// A figure that is judged.
#[derive(Debug)]
struct Figure {
    name: &'static str,
    value: f64,
    good: Option<(Good, f64)>,
    kept: bool,
}

impl Figure {
    fn new(name: &'static str, value: f64, good: Option<(Good, f64)>) -> Self {
        let kept = good.is_none_or(|(good, limit)| match good {
            Good::AtLeast => value >= limit,
            Good::AtMost => value <= limit,
            Good::Below => value < limit,
        });
        Self { name, value, good, kept }
    }

    fn limit(&self) -> String {
        match self.good {
            None => String::new(),
            Some((Good::AtLeast, limit)) => format!("at least {limit}"),
            Some((Good::AtMost, limit)) => format!("at most {limit}"),
            Some((Good::Below, limit)) => format!("below {limit}"),
        }
    }
}

#[derive(Serialize)]
struct File<'a> {
    rounds: u16,
    seconds_a_level: u64,
    figures: BTreeMap<&'static str, Judged>,
    measured: &'a Measured,
}

/// A figure as the file has it.
#[derive(Serialize)]
struct Judged {
    value: f64,
    limit: String,
    kept: bool,
}

/// Prints the tables and writes the file.
pub fn tell(plan: &Plan, measured: &Measured) -> anyhow::Result<()> {
    table(measured)?;
    let figures = figures(measured)?;
    say("");
    for figure in &figures {
        let missed = if figure.kept { "" } else { "MISSED" };
        say(format!("{:<38} {:>9.2}   {:<16} {missed}", figure.name, figure.value, figure.limit()));
    }
    let path = report();
    std::fs::create_dir_all(path.parent().context("a folder")?)?;
    let seconds_a_level = plan.ours.take.as_secs();
    let judged = |figure: &Figure| Judged { value: figure.value, limit: figure.limit(), kept: figure.kept };
    let figures = figures.iter().map(|figure| (figure.name, judged(figure))).collect();
    let file = File { rounds: plan.rounds, seconds_a_level, figures, measured };
    std::fs::write(&path, serde_json::to_vec_pretty(&file)?)?;
    say(format!("\nwritten to {}", path.display()));
    Ok(())
}

/// Medians over the rounds.
fn table(measured: &Measured) -> anyhow::Result<()> {
    say(format!(
        "\n{:<28} {:>9} {:>9} {:>9} {:>9}   CPU s per 1,000: {:>8} {:>8} {:>8} {:>9} {:>8}",
        "median of the rounds",
        "in flight",
        "tps",
        "p50 ms",
        "p99 ms",
        "postgres",
        "service",
        "driver",
        "RSS MiB",
        "backlog"
    ));
    row("bare commit", &measured.bare, "")?;
    let pgbench = of(&measured.pgbench_tps, |tps| *tps)?;
    say(format!("{:<28} {:>9} {pgbench:>9.0}", "pgbench -N", 16));
    for (name, levels) in [
        ("cala-ledger", &measured.cala),
        ("cala-ledger, sums later", &measured.cala_later),
        ("plain", &measured.plain),
    ] {
        row(name, levels.best()?.1, "")?;
    }
    for in_flight in IN_FLIGHT {
        row_of_ours("ours", at(measured, in_flight)?)?;
    }
    row_of_ours("ours, one agency", &measured.ours_one_agency)?;
    if let Some(stored) = &measured.stored {
        row_of_ours(&format!("ours, {} stored", stored.few), &stored.over_few)?;
        row_of_ours(&format!("ours, {} stored", stored.many), &stored.over_many)?;
    }
    Ok(())
}

fn row(name: &str, levels: &[Level], more: &str) -> anyhow::Result<()> {
    let in_flight = levels.first().context("a level")?.in_flight;
    let [tps, p50, p99] = [
        of(levels, |level| level.tps)?,
        of(levels, |level| level.p50_ms)?,
        of(levels, |level| level.p99_ms)?,
    ];
    let [postgres, service, driver] = [
        of(levels, |level| level.cpu_seconds_per_1000.postgres)?,
        of(levels, |level| level.cpu_seconds_per_1000.service)?,
        of(levels, |level| level.cpu_seconds_per_1000.driver)?,
    ];
    say(format!(
        "{name:<28} {in_flight:>9} {tps:>9.0} {p50:>9.2} {p99:>9.2} {:>20} {postgres:>8.3} {service:>8.3} {driver:>8.3}{more}",
        ""
    ));
    Ok(())
}

fn row_of_ours(name: &str, levels: &[ours::Level]) -> anyhow::Result<()> {
    let common: Vec<Level> = levels.iter().map(|level| level.common.clone()).collect();
    let rss = of(levels, |level| f64::from(level.rss_peak_mib))?;
    let backlog = levels.iter().map(|level| level.outbox_backlog).max().unwrap_or_default();
    row(name, &common, &format!(" {rss:>9.0} {backlog:>8}"))
}

fn figures(measured: &Measured) -> anyhow::Result<Vec<Figure>> {
    let tps = |levels: &[ours::Level]| levels.iter().map(|level| level.common.tps).collect::<Vec<_>>();
    let others =
        |levels: &ByWorkers| Ok::<_, anyhow::Error>(levels.best()?.1.iter().map(|level| level.tps).collect());
    let busy = tps(at(measured, BUSY)?);
    let alone: Vec<f64> = at(measured, 1)?.iter().map(|level| level.common.p50_ms).collect();
    let bare: Vec<f64> = measured.bare.iter().map(|level| level.p50_ms).collect();
    let cala: Vec<f64> = others(&measured.cala)?;
    let later: Vec<f64> = others(&measured.cala_later)?;
    let plain: Vec<f64> = others(&measured.plain)?;
    let one_agency = tps(&measured.ours_one_agency);
    let rss = at(measured, BUSY)?.iter().map(|level| level.rss_peak_mib).max().unwrap_or_default();
    let quarter = tps(at(measured, 256)?);
    let full = tps(at(measured, 1024)?);
    let at_least = |limit| Some((Good::AtLeast, limit));
    let mut figures = vec![
        Figure::new("ratio_to_pgbench", ratio(&busy, &measured.pgbench_tps)?, at_least(1.5)),
        Figure::new("ratio_to_cala", ratio(&busy, &cala)?, at_least(4.0)),
        Figure::new("ratio_to_cala_summing_later", ratio(&busy, &later)?, None),
        Figure::new("ratio_to_plain", ratio(&busy, &plain)?, None),
        Figure::new("p50_ratio_to_bare", ratio(&alone, &bare)?, Some((Good::AtMost, 1.5))),
        Figure::new(
            "hot_account_cost_percent",
            (1.0 - ratio(&one_agency, &busy)?) * 100.0,
            Some((Good::Below, 15.0)),
        ),
        Figure::new("rss_mib_at_512", f64::from(rss), Some((Good::Below, 150.0))),
        Figure::new("tps_512_to_256", ratio(&busy, &quarter)?, at_least(1.0)),
        Figure::new("tps_1024_to_256", ratio(&full, &quarter)?, at_least(1.0)),
    ];
    if let Some(stored) = &measured.stored {
        let kept = ratio(&tps(&stored.over_many), &tps(&stored.over_few))?;
        figures.push(Figure::new("stored_ratio", kept, at_least(0.9)));
    }
    Ok(figures)
}

fn at(measured: &Measured, in_flight: u32) -> anyhow::Result<&[ours::Level]> {
    measured.ours.get(&in_flight).map(Vec::as_slice).with_context(|| format!("{in_flight} in flight"))
}

/// The median of the rounds' ratios: both sides of each were measured close to each other.
fn ratio(ours: &[f64], others: &[f64]) -> anyhow::Result<f64> {
    median(ours.iter().zip(others).map(|(ours, other)| ours / other)).context("no rounds")
}

fn of<T>(samples: &[T], figure: impl Fn(&T) -> f64) -> anyhow::Result<f64> {
    median(samples.iter().map(figure)).context("no samples")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_kept_on_their_good_side() {
        assert!(Figure::new("x", 1.5, Some((Good::AtLeast, 1.5))).kept);
        assert!(!Figure::new("x", 15.0, Some((Good::Below, 15.0))).kept);
        assert!(Figure::new("x", 1.5, Some((Good::AtMost, 1.5))).kept);
        assert!(Figure::new("x", 99.0, None).kept);
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds() {
        let ratio = ratio(&[10.0, 30.0, 20.0], &[10.0, 10.0, 10.0]).expect("rounds");
        assert!((ratio - 2.0).abs() < 1e-9);
    }
}
