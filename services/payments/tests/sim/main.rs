//! The domain of payments under seeded faults: one thread, virtual time, one seed, one run. A failing seed prints itself,
//! the rule it breaks, its last steps, and the smallest run that still breaks it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acts;
mod books;
mod callers;
mod dice;
mod found;
mod kiosk;
mod lane;
mod needs;
mod oracle;
mod plan;
mod provider;
mod run;
mod store;
mod worker;

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use plan::{Plan, Rule};
use run::{Ended, Sim};

/// So many seeds in `cargo test`.
const SEEDS: u64 = 2_000;
/// Within so many each rule's absence must show.
const BUG_SEEDS: u64 = 400;
/// Shrinking looks at so many smaller runs.
const SHRINKS: usize = 300;

#[expect(clippy::disallowed_methods, reason = "the settings of a test run, not of a service")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs seeds on all cores until one fails; the smallest that does.
fn first_failing(seeds: std::ops::Range<u64>, fails: impl Fn(u64) -> bool + Sync) -> Option<u64> {
    let (next, failed) = (AtomicU64::new(seeds.start), AtomicU64::new(u64::MAX));
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failed.load(Ordering::Relaxed) < seed {
                        break;
                    }
                    if fails(seed) {
                        failed.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    Some(failed.into_inner()).filter(|seed| *seed != u64::MAX)
}

fn fails(ended: &Ended) -> bool {
    !ended.broken.is_empty()
}

/// Everything there is to say of a seed that fails.
fn report(seed: u64) -> String {
    let plan = Plan::of(seed, None);
    let (first, second) = (Sim::run(&plan), Sim::run(&plan));
    let mut text = format!("seed {seed}; to repeat it: make sim SEED={seed}\n");
    if first.sum != second.sum {
        text.push_str("the same seed ran in two ways\n");
    }
    let rule = |broken: &String| broken.chars().take(24).collect::<String>();
    let Some(wanted) = first.broken.first().map(rule) else {
        return text;
    };
    writeln!(text, "broken: {:#?}\nthe last steps:\n{}", first.broken, first.last.join("\n")).unwrap();
    let same = |plan: &Plan| Sim::run(plan).broken.iter().any(|broken| rule(broken) == wanted);
    let small = plan.shrink(SHRINKS, same);
    let ended = Sim::run(&small);
    writeln!(
        text,
        "\nthe smallest run that breaks it: {:#?}\nits steps:\n{}",
        ended.broken,
        ended.last.join("\n")
    )
    .unwrap();
    writeln!(text, "faults {:?}\nacts {:#?}", small.faults, small.acts).unwrap();
    text
}

#[test]
fn the_domain_holds_under_seeded_faults() {
    let seeds = match setting("MIZAN_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("MIZAN_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let failed = first_failing(seeds, |seed| {
        let plan = Plan::of(seed, None);
        let (first, second) = (Sim::run(&plan), Sim::run(&plan));
        fails(&first) || first.sum != second.sum
    });
    assert!(failed.is_none(), "{}", failed.map(report).unwrap_or_default());
}

#[test]
fn each_rule_taken_away_is_caught() {
    let missed: Vec<Rule> = Rule::ALL
        .into_iter()
        .filter(|rule| {
            let caught = |seed| fails(&Sim::run(&Plan::of(seed, Some(*rule))));
            first_failing(0..BUG_SEEDS, caught).is_none()
        })
        .collect();
    assert!(missed.is_empty(), "nobody misses {missed:?} within {BUG_SEEDS} seeds");
}
