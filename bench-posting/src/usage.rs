//! What processes have used, as the kernel counts it.

use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::Serialize;

/// The processes whose use is told beside each level.
#[derive(Debug, Clone, Copy)]
pub struct Processes {
    pub postgres: u32,
    /// Ours alone.
    pub service: Option<u32>,
    ticks_per_second: u32,
}

/// CPU seconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Cpu {
    pub postgres: f64,
    pub service: f64,
    /// This process, which makes the load.
    pub driver: f64,
}

impl Processes {
    pub fn new(postgres: u32) -> anyhow::Result<Self> {
        let told = Command::new("getconf").arg("CLK_TCK").output().context("asking getconf")?;
        let ticks_per_second = String::from_utf8(told.stdout)?.trim().parse().context("CLK_TCK")?;
        Ok(Self { postgres, service: None, ticks_per_second })
    }

    pub fn with_service(self, service: u32) -> Self {
        Self { service: Some(service), ..self }
    }

    /// Used since these processes were started.
    ///
    /// # Errors
    /// One of them is gone.
    pub fn used(&self) -> anyhow::Result<Cpu> {
        let service = self.service.map(Ticks::of).transpose()?.map_or(0, |ticks| ticks.own);
        let driver = Ticks::of(std::process::id())?.own;
        Ok(Cpu {
            postgres: self.seconds(self.server()?)?,
            service: self.seconds(service)?,
            driver: self.seconds(driver)?,
        })
    }

    /// The postmaster, its children that live, and those that ended: their time is added to its own when they are reaped.
    fn server(&self) -> anyhow::Result<u64> {
        let postmaster = Ticks::of(self.postgres)?;
        let mut sum = postmaster.own + postmaster.of_ended_children;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Ok(id) = entry.file_name().to_string_lossy().parse() else { continue };
            // One that ends while we look is counted next time, by its parent.
            if let Ok(ticks) = Ticks::of(id)
                && ticks.parent == self.postgres
            {
                sum += ticks.own;
            }
        }
        Ok(sum)
    }

    fn seconds(&self, ticks: u64) -> anyhow::Result<f64> {
        Ok(f64::from(u32::try_from(ticks)?) / f64::from(self.ticks_per_second))
    }
}

impl Cpu {
    /// CPU seconds since `before`, a thousand of what was done meanwhile.
    pub fn per_thousand(self, before: Cpu, done: u32) -> Cpu {
        let each = |now: f64, then: f64| (now - then) * 1_000.0 / f64::from(done.max(1));
        Cpu {
            postgres: each(self.postgres, before.postgres),
            service: each(self.service, before.service),
            driver: each(self.driver, before.driver),
        }
    }
}

/// The times in `/proc/<pid>/stat`.
struct Ticks {
    parent: u32,
    own: u64,
    of_ended_children: u64,
}

impl Ticks {
    fn of(id: u32) -> anyhow::Result<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{id}/stat"))?)
    }

    /// The name, in parentheses, may hold anything; after its end come the state, the parent, and numbers.
    fn parse(stat: &str) -> anyhow::Result<Self> {
        let (_, fields) = stat.rsplit_once(") ").context("a process has a name")?;
        let mut fields = fields.split_ascii_whitespace().skip(1);
        let parent = fields.next().context("ppid")?.parse()?;
        let times = fields.skip(9).take(4).map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
        let &[user, system, children_user, children_system] = times.as_slice() else {
            anyhow::bail!("four times expected in {stat}")
        };
        Ok(Self { parent, own: user + system, of_ended_children: children_user + children_system })
    }
}

/// Lets the kernel forget the highest resident size so far.
pub fn reset_peak(id: u32) -> anyhow::Result<()> {
    std::fs::write(format!("/proc/{id}/clear_refs"), "5").context("resetting the peak of resident memory")
}

/// The highest resident size since [`reset_peak`], in MiB.
pub fn peak_mib(id: u32) -> anyhow::Result<u32> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kib: u32 = peak.trim().trim_end_matches(" kB").parse()?;
    ensure!(kib > 0, "a running process has memory");
    Ok(kib.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::Ticks;

    #[test]
    fn times_are_read_past_any_name() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3000 400 20 0 1 0 9 0 0";
        let ticks = Ticks::parse(stat).expect("a line of the kernel");
        assert_eq!((ticks.parent, ticks.own, ticks.of_ended_children), (7, 120, 3_400));
    }
}
