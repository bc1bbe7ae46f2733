//! `mizan payments` as a process, with the settings it ships with.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use boot::Clock;

use crate::servers::Stage;

const READY_WITHIN: Duration = Duration::from_mins(1);
const ENDS_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Where nobody listens: neither is asked for what is measured.
const NOBODY: &str = "http://127.0.0.1:9";

/// A running service. Dropping it kills the process.
#[derive(Debug)]
pub struct Service {
    child: Child,
    grpc: SocketAddr,
    health: SocketAddr,
    log: PathBuf,
}

impl Service {
    /// Starts it on a database that has the schema, and waits until it is ready. Call this from the main thread: the
    /// kernel ends the process when the thread that started it is gone.
    pub async fn start(
        stage: &Stage,
        clock: &Clock,
        mizan: &Path,
        (database, store): (&str, u16),
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let (grpc, health) = (free_address()?, free_address()?);
        let log = folder.join(format!("{database}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        let set = |name: &str, value: String| (format!("MIZAN_PAYMENTS_{name}"), value);
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--"])
            .arg(mizan)
            .arg("payments")
            .envs([
                set("GRPC_ADDR", grpc.to_string()),
                set("HEALTH_ADDR", health.to_string()),
                set("DATABASE_URL", stage.url(database)),
                set("NATS_URL", stage.nats_url(store)),
                set("WALLET_ADAPTER_URL", NOBODY.to_owned()),
                set("INVOICING_URL", NOBODY.to_owned()),
            ])
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {}", mizan.display()))?;
        let mut service = Self { child, grpc, health, log };
        service.ready(clock).await?;
        Ok(service)
    }

    async fn ready(&mut self, clock: &Clock) -> anyhow::Result<()> {
        let url = format!("http://{}/ready", self.health);
        let until = clock.monotonic() + READY_WITHIN;
        while clock.monotonic() < until {
            if let Some(code) = self.child.try_wait()? {
                bail!("mizan payments ended with {code}: {}", self.last_words());
            }
            if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            clock.sleep(LOOK_EVERY).await;
        }
        bail!("mizan payments is not ready after {READY_WITHIN:?}: {}", self.last_words())
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `http://…` of its RPCs.
    pub fn url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// Asks it to stop and waits.
    ///
    /// # Errors
    /// It takes too long, or ends badly.
    pub async fn stop(mut self, clock: &Clock) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "mizan payments cannot be asked to stop");
        let until = clock.monotonic() + ENDS_WITHIN;
        while clock.monotonic() < until {
            match self.child.try_wait()? {
                Some(code) if code.success() => return Ok(()),
                Some(code) => bail!("mizan payments ended with {code}: {}", self.last_words()),
                None => clock.sleep(LOOK_EVERY).await,
            }
        }
        bail!("mizan payments still runs after {ENDS_WITHIN:?}")
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(2).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already ended is as good.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr())?)
}
