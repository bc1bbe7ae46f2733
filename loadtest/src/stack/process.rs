//! One service as a process.
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::{ALL_IN_ONE, Layout, SERVICES, binary};

/// A running service. Dropping it kills the process.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    child: Child,
    started: Instant,
    health: Vec<String>,
    log: std::path::PathBuf,
}

impl Service {
    /// Starts `mizan <name>`; its log is appended to the service's file.
    ///
    /// # Errors
    /// The process cannot be made.
    pub fn start(name: &'static str, layout: &Layout) -> anyhow::Result<Service> {
        let log = layout.log(name);
        let file = File::options().create(true).append(true).open(&log)?;
        let child = Command::new(binary()?)
            .arg(name)
            .envs(layout.environment())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting mizan {name}"))?;
        let parts: Vec<_> = if name == ALL_IN_ONE {
            SERVICES.iter().filter(|part| **part != "sandbox").collect()
        } else {
            vec![&name]
        };
        let health = parts.into_iter().map(|part| format!("{}/ready", layout.url(part, "health"))).collect();
        Ok(Service { name, child, started: Instant::now(), health, log })
    }

    /// As in `mizan <name>`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says that it is ready; gives the time since its start.
    ///
    /// # Errors
    /// It ends, or takes longer: with the end of its log.
    pub async fn ready(&mut self, within: Duration) -> anyhow::Result<Duration> {
        while self.started.elapsed() < within {
            if let Some(code) = self.child.try_wait()? {
                bail!("mizan {} ended with {code}: {}", self.name, self.last_words());
            }
            if self.all_ready().await {
                return Ok(self.started.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("mizan {} is not ready after {within:?}: {}", self.name, self.last_words())
    }

    async fn all_ready(&self) -> bool {
        for url in &self.health {
            if !reqwest::get(url).await.is_ok_and(|answer| answer.status().is_success()) {
                return false;
            }
        }
        true
    }

    /// Resident memory now, in KiB, as the kernel counts it.
    ///
    /// # Errors
    /// The process is gone.
    pub fn resident_kib(&self) -> anyhow::Result<u64> {
        self.status_kib("VmRSS:")
    }

    /// The most it ever held, in KiB.
    ///
    /// # Errors
    /// The process is gone.
    pub fn peak_resident_kib(&self) -> anyhow::Result<u64> {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, name: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let value =
            status.lines().find_map(|line| line.strip_prefix(name)).context("the process's status")?;
        Ok(value.trim().trim_end_matches(" kB").parse()?)
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// The process cannot be signalled.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM: it may finish what runs.
    ///
    /// # Errors
    /// The process cannot be signalled.
    pub fn terminate(&self) -> anyhow::Result<()> {
        let sent = Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        if !sent.success() {
            bail!("mizan {} cannot be asked to stop", self.name);
        }
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It takes longer, or ends with another code than 0.
    pub async fn ended(&mut self, within: Duration) -> anyhow::Result<()> {
        let asked = Instant::now();
        while asked.elapsed() < within {
            match self.child.try_wait()? {
                Some(code) if code.success() => return Ok(()),
                Some(code) => bail!("mizan {} ended with {code}: {}", self.name, self.last_words()),
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        bail!("mizan {} still runs after {within:?}", self.name)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already ended is as good.
        self.kill().ok();
    }
}
