//! One round after the other over all contestants: what disturbs one of them disturbs its neighbours too.

use std::collections::BTreeMap;

use anyhow::Context as _;
use boot::Clock;
use serde::Serialize;

use crate::bills::Agencies;
use crate::cala::{Cala, SharedBalances};
use crate::config::{BUSY, FEW_STORED, IN_FLIGHT, Plan, WORKERS};
use crate::level::Level;
use crate::ours::{Home, Ours, Start};
use crate::report::say;
use crate::servers::Stage;
use crate::usage::Processes;
use crate::{bare, ours, pgbench, plain, stored};

/// Everything measured, a figure a round.
#[derive(Debug, Default, Serialize)]
pub struct Measured {
    pub bare: Vec<Level>,
    pub pgbench_tps: Vec<f64>,
    pub cala: ByWorkers,
    pub cala_later: ByWorkers,
    pub plain: ByWorkers,
    pub ours: BTreeMap<u32, Vec<ours::Level>>,
    pub ours_one_agency: Vec<ours::Level>,
    pub stored: Option<Stored>,
}

/// Of a contestant that was tried with several numbers of workers.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct ByWorkers(pub BTreeMap<u32, Vec<Level>>);

/// The busy level over few and over many stored payments.
#[derive(Debug, Serialize)]
pub struct Stored {
    pub few: u32,
    pub many: u32,
    pub over_few: Vec<ours::Level>,
    pub over_many: Vec<ours::Level>,
}

const HOME: Home = Home { database: "payments", store: 0 };
const OVER_FEW: Home = Home { database: "payments_few", store: 1 };
const OVER_MANY: Home = Home { database: "payments_many", store: 2 };

/// Everything that a run needs.
pub struct Run<'a> {
    pub stage: &'a Stage,
    pub clock: &'a Clock,
    pub plan: &'a Plan,
    pub processes: Processes,
    pub start: Start,
}

/// Both ledgers of cala.
struct Calas {
    at_once: Cala,
    later: Cala,
}

impl Run<'_> {
    /// Measures all of it.
    pub async fn all(&self) -> anyhow::Result<Measured> {
        let Run { stage, clock, plan, processes, .. } = *self;
        say("databases are made and filled");
        bare::prepare(stage).await?;
        pgbench::prepare(stage).await?;
        let calas = Calas {
            at_once: Box::pin(Cala::prepare(stage, clock, processes, SharedBalances::AtOnce)).await?,
            later: Box::pin(Cala::prepare(stage, clock, processes, SharedBalances::Later)).await?,
        };
        plain::prepare(stage, clock, &plan.mizan, processes).await?;
        ours::prepare(stage, &plan.mizan, HOME).await?;
        let mut measured = Measured::default();
        for round in 1..=self.plan.rounds {
            say(format!("round {round} of {}", self.plan.rounds));
            Box::pin(self.others(&calas, &mut measured)).await?;
            self.ours(&mut measured).await?;
        }
        if self.plan.stored > 0 {
            measured.stored = Some(self.stored().await?);
        }
        Ok(measured)
    }

    /// One level of ours.
    pub async fn alone(&self, in_flight: u32) -> anyhow::Result<()> {
        ours::prepare(self.stage, &self.plan.mizan, HOME).await?;
        let ours = Ours::start(self.stage, self.clock, &self.start, HOME).await?;
        let level = ours.level(in_flight, Agencies::Spread, self.plan.ours).await?;
        told("ours", &level.common);
        ours.stop().await
    }

    async fn others(&self, calas: &Calas, measured: &mut Measured) -> anyhow::Result<()> {
        let Run { stage, clock, plan, processes, .. } = *self;
        let level = bare::level(stage, clock, plan.others, processes).await?;
        told("bare", &level);
        measured.bare.push(level);
        let tps = pgbench::tps(stage, plan.pgbench).await?;
        say(format!("  {:<18} {:>5} in flight {tps:>9.0}/s", "pgbench -N", 16));
        measured.pgbench_tps.push(tps);
        let session = calas.at_once.open(stage).await?;
        for workers in measured.cala.to_try() {
            let level = session.level(clock, workers, plan.others, processes).await?;
            measured.cala.add("cala", level);
        }
        session.close().await?;
        let session = calas.later.open(stage).await?;
        for workers in measured.cala_later.to_try() {
            let level = session.level(clock, workers, plan.others, processes).await?;
            measured.cala_later.add("cala, sums later", level);
        }
        session.close().await?;
        for workers in measured.plain.to_try() {
            let level = plain::level(stage, clock, workers, plan.others, processes).await?;
            measured.plain.add("plain", level);
        }
        Ok(())
    }

    async fn ours(&self, measured: &mut Measured) -> anyhow::Result<()> {
        let window = self.plan.ours;
        let ours = Ours::start(self.stage, self.clock, &self.start, HOME).await?;
        for in_flight in IN_FLIGHT {
            let level = ours.level(in_flight, Agencies::Spread, window).await?;
            told("ours", &level.common);
            measured.ours.entry(in_flight).or_default().push(level);
            if in_flight == BUSY {
                let level = ours.level(BUSY, Agencies::One, window).await?;
                told("ours, one agency", &level.common);
                measured.ours_one_agency.push(level);
            }
        }
        ours.stop().await
    }

    async fn stored(&self) -> anyhow::Result<Stored> {
        let (few, many) = (FEW_STORED, self.plan.stored);
        for (home, payments) in [(OVER_FEW, few), (OVER_MANY, many)] {
            say(format!("{payments} payments are stored"));
            ours::prepare(self.stage, &self.plan.mizan, home).await?;
            stored::load(self.stage, home.database, payments).await?;
        }
        let mut stored = Stored { few, many, over_few: Vec::new(), over_many: Vec::new() };
        for _ in 0..self.plan.rounds {
            let level = self.busy(OVER_FEW).await?;
            told(&format!("over {few}"), &level.common);
            stored.over_few.push(level);
            let level = self.busy(OVER_MANY).await?;
            told(&format!("over {many}"), &level.common);
            stored.over_many.push(level);
        }
        Ok(stored)
    }

    async fn busy(&self, home: Home) -> anyhow::Result<ours::Level> {
        let ours = Ours::start(self.stage, self.clock, &self.start, home).await?;
        let level = ours.level(BUSY, Agencies::Spread, self.plan.ours).await?;
        ours.stop().await?;
        Ok(level)
    }
}

impl ByWorkers {
    /// All in the first round; then the best one alone.
    fn to_try(&self) -> Vec<u32> {
        match self.best() {
            Ok((workers, _)) => vec![workers],
            Err(_none_yet) => WORKERS.to_vec(),
        }
    }

    fn add(&mut self, who: &str, level: Level) {
        told(who, &level);
        self.0.entry(level.in_flight).or_default().push(level);
    }

    /// The number of workers with the most transactions a second in the first round, and its levels.
    pub fn best(&self) -> anyhow::Result<(u32, &[Level])> {
        let first = |levels: &[Level]| levels.first().map_or(0.0, |level| level.tps);
        let best = self.0.iter().max_by(|(_, a), (_, b)| first(a).total_cmp(&first(b)));
        best.map(|(workers, levels)| (*workers, levels.as_slice())).context("nothing was measured")
    }
}

fn told(who: &str, level: &Level) {
    let Level { in_flight, tps, p50_ms, p99_ms, .. } = level;
    say(format!(
        "  {who:<18} {in_flight:>5} in flight {tps:>9.0}/s   p50 {p50_ms:.2} ms   p99 {p99_ms:.2} ms"
    ));
}
