//! Everything running, each service in a process of its own.
mod layout;
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::Connection as _;
use testkit::{Durable, Servers};

pub use layout::{Layout, SERVICES, WITH_DATABASE};
pub use process::Service;

/// `mizan all`: every service of the platform in one process, the outside world apart.
pub const ALL_IN_ONE: &str = "all";

/// From the start of a process to its readiness.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// From the signal to the end of a process.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// Servers, services and the outside world, with their data in one folder.
#[derive(Debug)]
pub struct Stack {
    pub layout: Layout,
    /// In start order; the outside world (`sandbox`) first.
    pub services: Vec<Service>,
    /// Ended last.
    servers: Servers,
}

/// Servers run and everything is planned; no process was started yet.
#[derive(Debug)]
pub struct Prepared {
    pub layout: Layout,
    servers: Servers,
}

impl Prepared {
    /// Starts private servers with their data in `folder`, which is emptied before.
    ///
    /// # Errors
    /// A server does not start.
    pub fn new(folder: &Path) -> anyhow::Result<Prepared> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder.join("logs"))?;
        let servers = Servers::start(&folder.join("servers"), Durable::Yes)?;
        let layout = Layout::plan(folder, servers.addresses())?;
        Ok(Prepared { layout, servers })
    }

    /// Makes and migrates the databases, then starts `processes` and waits until all are ready.
    ///
    /// # Errors
    /// The first thing that did not start, with the end of its log.
    pub async fn start(self, processes: &[&'static str]) -> anyhow::Result<Stack> {
        let Prepared { layout, servers } = self;
        make_databases(&layout).await?;
        mizan(&layout, &["migrate", "all"])?;
        let mut services = Vec::new();
        for name in processes {
            services.push(Service::start(name, &layout)?);
        }
        for service in &mut services {
            service.ready(READY_WITHIN).await?;
        }
        Ok(Stack { layout, services, servers })
    }
}

impl Stack {
    /// Everything from nothing: [`Prepared::new`] and [`Prepared::start`].
    ///
    /// # Errors
    /// As these two.
    pub async fn start(folder: &Path, processes: &[&'static str]) -> anyhow::Result<Stack> {
        Prepared::new(folder)?.start(processes).await
    }

    /// The process ids of NATS, Redis and Postgres.
    pub fn server_ids(&self) -> Vec<u32> {
        self.servers.process_ids()
    }

    /// Starts one more process; gives the time until it was ready.
    ///
    /// # Errors
    /// It does not start.
    pub async fn add(&mut self, name: &'static str) -> anyhow::Result<Duration> {
        let mut service = Service::start(name, &self.layout)?;
        let took = service.ready(READY_WITHIN).await?;
        self.services.push(service);
        Ok(took)
    }

    /// Kills one service as a power cut would, starts it again, and waits until it is ready.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn kill_and_restart(&mut self, name: &str) -> anyhow::Result<Duration> {
        let layout = self.layout.clone();
        let service = self
            .services
            .iter_mut()
            .find(|service| service.name() == name)
            .context("a service of this stack")?;
        service.kill()?;
        *service = Service::start(service.name(), &layout)?;
        service.ready(READY_WITHIN).await
    }

    /// Asks every service but the outside world to stop, and starts it again with the settings as they are now.
    ///
    /// # Errors
    /// One does not end in its time, or does not come back.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let layout = self.layout.clone();
        let mut ours: Vec<&mut Service> =
            self.services.iter_mut().filter(|service| service.name() != "sandbox").collect();
        for service in &ours {
            service.terminate()?;
        }
        for service in &mut ours {
            service.ended(ENDS_WITHIN).await?;
            **service = Service::start(service.name(), &layout)?;
        }
        for service in &mut ours {
            service.ready(READY_WITHIN).await?;
        }
        Ok(())
    }

    /// Asks every service to stop and waits.
    ///
    /// # Errors
    /// One does not end in its time, or ends badly.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for service in &self.services {
            service.terminate()?;
        }
        for service in &mut self.services {
            service.ended(ENDS_WITHIN).await?;
        }
        Ok(())
    }
}

async fn make_databases(layout: &Layout) -> anyhow::Result<()> {
    let mut postgres = sqlx::PgConnection::connect(&layout.database_url("postgres")).await?;
    for service in WITH_DATABASE {
        let name = Layout::database(service);
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut postgres).await?;
    }
    Ok(postgres.close().await?)
}

/// Runs a `mizan` command with the settings of this stack and gives its standard output.
///
/// # Errors
/// It ends with another code than 0: what it wrote on standard error.
pub fn mizan(layout: &Layout, args: &[&str]) -> anyhow::Result<String> {
    let ran = std::process::Command::new(binary()?).args(args).envs(layout.environment()).output()?;
    if !ran.status.success() {
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        bail!("mizan {}: {} {}", args.join(" "), out.trim(), err.trim());
    }
    Ok(String::from_utf8(ran.stdout)?)
}

/// The platform's binary: the one that was built beside this one.
///
/// # Errors
/// It was not built.
pub fn binary() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // A test's own program lies one folder deeper.
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join("mizan")).find(|path| path.is_file());
    found.context("the binary `mizan` is not built: run `make build`, or `cargo build` for tests")
}
