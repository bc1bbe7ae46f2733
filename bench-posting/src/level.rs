//! Workers side by side, and what they finished in a window of time.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use boot::Clock;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::config::Window;
use crate::usage::{Cpu, Processes};

/// Does one thing after the other.
pub trait Worker: Send + 'static {
    /// Does it once, durably.
    fn once(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// What so many workers did.
#[derive(Debug, Clone, Serialize)]
pub struct Level {
    pub in_flight: u32,
    pub tps: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub cpu_seconds_per_1000: Cpu,
}

/// Runs `workers` side by side for the length of `window`. The first failure of any of them fails it all.
pub async fn measure<W: Worker>(
    clock: &Clock,
    workers: Vec<W>,
    window: Window,
    processes: Processes,
) -> anyhow::Result<Level> {
    let in_flight = u32::try_from(workers.len())?;
    let begin = clock.monotonic() + window.warm;
    let end = begin + window.take;
    let mut running = JoinSet::new();
    for worker in workers {
        running.spawn(work(clock.clone(), worker, begin, end));
    }
    clock.sleep(window.warm).await;
    let before = processes.used()?;
    clock.sleep(window.take).await;
    let after = processes.used()?;
    let mut times = Vec::new();
    while let Some(worked) = running.join_next().await {
        times.extend(worked.context("a worker panicked")??);
    }
    times.sort_unstable();
    let done = u32::try_from(times.len())?;
    ensure!(done > 0, "nothing was finished in {:?}", window.take);
    Ok(Level {
        in_flight,
        tps: f64::from(done) / window.take.as_secs_f64(),
        p50_ms: percentile(&times, 50)?,
        p99_ms: percentile(&times, 99)?,
        cpu_seconds_per_1000: after.per_thousand(before, done),
    })
}

/// The times of what was finished between `begin` and `end`.
async fn work<W: Worker>(
    clock: Clock,
    mut worker: W,
    begin: Duration,
    end: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut from = clock.monotonic();
    while from < end {
        worker.once().await?;
        let to = clock.monotonic();
        if begin <= to && to < end {
            times.push(to.saturating_sub(from));
        }
        from = to;
    }
    Ok(times)
}

/// In milliseconds, of sorted times.
fn percentile(sorted: &[Duration], percent: usize) -> anyhow::Result<f64> {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    Ok(sorted.get(at).context("no times")?.as_secs_f64() * 1_000.0)
}

/// The middle one; of an even number, the mean of the two in the middle.
pub fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.len() / 2;
    let lower = sorted.len().checked_sub(1)? / 2;
    Some(f64::midpoint(*sorted.get(lower)?, *sorted.get(upper)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert!((percentile(&times, 50).expect("times") - 100.0).abs() < 1e-9);
        assert!((percentile(&times, 99).expect("times") - 198.0).abs() < 1e-9);
        assert!((percentile(&times[..1], 99).expect("a time") - 1.0).abs() < 1e-9);
        assert!(percentile(&[], 50).is_err());
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
    }
}
