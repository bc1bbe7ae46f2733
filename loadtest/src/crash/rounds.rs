//! Kills, again and again, and measures how soon money moves again.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::load::Load;
use super::processes::Replica;
use super::site::Site;
use crate::report::say;

/// Of load before a kill, in milliseconds.
const BEFORE: std::ops::Range<u64> = 200..1_500;
/// Of outage after it.
const DOWN: std::ops::Range<u64> = 0..400;
const BACK_WITHIN: Duration = Duration::from_mins(1);
/// A line is printed every so many rounds.
const TELL_EVERY: u32 = 10;

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    Payments,
    Postgres,
    /// A power cut of the machine.
    Both,
}

impl Victim {
    fn draw(rng: &mut StdRng) -> Victim {
        match rng.random_range(0..100) {
            0..45 => Victim::Payments,
            45..90 => Victim::Postgres,
            _ => Victim::Both,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Victim::Payments => "payments",
            Victim::Postgres => "postgres",
            Victim::Both => "both",
        }
    }
}

/// Milliseconds from the restart to the first call that ended well, by victim.
#[derive(Debug, Default)]
pub struct Outages(BTreeMap<Victim, Vec<u64>>);

impl Outages {
    /// How many there were, their median and the longest, by victim.
    pub fn figures(&self) -> Value {
        let figures = self.0.iter().map(|(victim, times)| {
            let mut times = times.clone();
            times.sort_unstable();
            let median = times.get(times.len().checked_div(2).unwrap_or(0));
            (
                victim.name().to_owned(),
                json!({ "kills": times.len(), "back_ms": { "median": median, "longest": times.last() } }),
            )
        });
        Value::Object(figures.collect())
    }
}

/// Runs the rounds: load, a kill at a random moment, an outage, a restart, readiness, a call that ends well.
///
/// # Errors
/// Something does not come back.
pub async fn run(
    site: &mut Site,
    payments: &mut Replica,
    load: &Load,
    (rounds, seed): (u32, u64),
) -> anyhow::Result<Outages> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut outages = Outages::default();
    for round in 1..=rounds {
        tokio::time::sleep(Duration::from_millis(rng.random_range(BEFORE))).await;
        let victim = Victim::draw(&mut rng);
        if victim != Victim::Payments {
            site.postgres.cut_power()?;
        }
        if victim != Victim::Postgres {
            payments.kill()?;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(DOWN))).await;
        let restarted = Instant::now();
        if victim != Victim::Payments {
            site.postgres.start().await?;
        }
        if victim != Victim::Postgres {
            payments.restart()?;
        }
        payments.ready(BACK_WITHIN).await?;
        load.goes_on(BACK_WITHIN).await?;
        let took = u64::try_from(restarted.elapsed().as_millis())?;
        outages.0.entry(victim).or_default().push(took);
        if round % TELL_EVERY == 0 {
            let done: u64 = load.successes().iter().sum();
            say(format!("{round} rounds, {done} calls acknowledged"));
        }
    }
    Ok(outages)
}
