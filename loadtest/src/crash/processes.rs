//! Processes that are killed on purpose, and that end with us whatever happens.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use sqlx::Connection as _;

use crate::stack::{Layout, binary};

/// Until Postgres has replayed its log and takes connections.
const POSTGRES_BACK_WITHIN: Duration = Duration::from_mins(1);
/// Until the kernel has taken killed processes away.
const GONE_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Starts a command from a thread that lives as long as this process: the kernel kills what such a thread started when it
/// ends (`setpriv --pdeathsig`), also when we are killed ourselves.
fn spawn(command: Command) -> anyhow::Result<Child> {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                // Whoever ordered it may be gone.
                answer.send(command.spawn()).ok();
            }
        });
        orders
    });
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer))?;
    Ok(child.recv()??)
}

fn signal(name: &str, ids: &[u32]) -> anyhow::Result<()> {
    let sent = Command::new("kill").arg(format!("-{name}")).args(ids.iter().map(u32::to_string)).output()?;
    // One of several may have ended by itself meanwhile.
    ensure!(
        sent.status.success() || ids.len() > 1,
        "kill -{name} {ids:?}: {}",
        String::from_utf8_lossy(&sent.stderr)
    );
    Ok(())
}

/// A process's state letter and its parent, as the kernel tells; none when it is gone.
fn look(id: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in brackets and may hold anything.
    let (_name, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}

fn runs(id: u32) -> bool {
    look(id).is_some_and(|(state, _parent)| state != 'Z')
}

fn children_of(id: u32) -> anyhow::Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if look(child).is_some_and(|(_state, parent)| parent == id) {
            children.push(child);
        }
    }
    Ok(children)
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !done() {
        ensure!(begun.elapsed() < GONE_WITHIN, "{what}: not after {GONE_WITHIN:?}");
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// A Postgres that loses power again and again. Dropping it ends it.
#[derive(Debug)]
pub struct Postgres {
    id: u32,
    /// None while it is the process that the test servers started.
    child: Option<Child>,
    /// The command line it was first started with, behind what gives it its account.
    command: Vec<String>,
    log: PathBuf,
    url: String,
}

impl Postgres {
    /// Takes over the server that the test servers started: it is stopped in order, and started again at `address`, which
    /// nobody's own connection can sit on while it is down.
    ///
    /// # Errors
    /// It cannot be stopped or started.
    pub async fn take_over(id: u32, address: SocketAddr, log: &Path) -> anyhow::Result<Postgres> {
        let line = std::fs::read(format!("/proc/{id}/cmdline"))?;
        let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let data = words.iter().skip_while(|word| *word != "-D").nth(1).context("the folder of Postgres")?;
        let config = Path::new(data).join("postgresql.conf");
        let mut command = account_of(id)?;
        command.push("--".to_owned());
        command.extend(words);
        signal("INT", &[id])?;
        wait_until("Postgres stops", || !runs(id))?;
        // What stands last in the file counts.
        writeln!(File::options().append(true).open(config)?, "port = {}", address.port())?;
        let url = format!("postgres://postgres@{address}/postgres");
        let mut postgres = Postgres { id, child: None, command, log: log.to_path_buf(), url };
        postgres.start().await?;
        Ok(postgres)
    }

    /// Starts it after a power cut; gives the time until it takes connections.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn start(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new("setpriv");
        command.args(&self.command).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = spawn(command).context("starting Postgres")?;
        self.id = child.id();
        self.child = Some(child);
        while begun.elapsed() < POSTGRES_BACK_WITHIN {
            if let Ok(connection) = sqlx::PgConnection::connect(&self.url).await {
                connection.close().await?;
                return Ok(begun.elapsed());
            }
            ensure!(runs(self.id), "Postgres ended: see {}", self.log.display());
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("Postgres is not back after {POSTGRES_BACK_WITHIN:?}: see {}", self.log.display())
    }

    /// SIGKILL to all its processes at once. It is stopped first, so that it starts no other one meanwhile.
    ///
    /// # Errors
    /// They cannot be signalled, or do not go.
    pub fn cut_power(&mut self) -> anyhow::Result<()> {
        let id = self.id;
        signal("STOP", &[id])?;
        wait_until("Postgres stands still", || look(id).is_none_or(|(state, _)| matches!(state, 'T' | 'Z')))?;
        let mut all = children_of(id)?;
        all.push(id);
        signal("KILL", &all)?;
        if let Some(child) = &mut self.child {
            child.wait()?;
        }
        wait_until("the processes of Postgres are gone", || !all.iter().any(|id| runs(*id)))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // In order it gives its shared memory back; already ended is as good.
        let stopped = signal("INT", &[self.id]).and_then(|()| {
            let ended = |child: &mut Child| child.try_wait().is_ok_and(|code| code.is_some());
            wait_until("Postgres stops", || self.child.as_mut().is_none_or(ended))
        });
        if stopped.is_err() && runs(self.id) {
            self.cut_power().ok();
        }
    }
}

/// How `setpriv` makes a process like this one: its account, and what it may do beyond that.
fn account_of(id: u32) -> anyhow::Result<Vec<String>> {
    let field = |of: &str, name: &str| -> anyhow::Result<String> {
        let status = std::fs::read_to_string(format!("/proc/{of}/status"))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix(name)).context("a field of the status")?;
        Ok(line.split_whitespace().next().context("a value")?.to_owned())
    };
    let id = id.to_string();
    let mut args = vec!["--pdeathsig".to_owned(), "INT".to_owned()];
    if field(&id, "Uid:")? != field("self", "Uid:")? {
        args.extend(["--reuid".to_owned(), field(&id, "Uid:")?, "--regid".to_owned(), field(&id, "Gid:")?]);
        args.push("--clear-groups".to_owned());
    }
    if field(&id, "CapAmb:")?.contains(|digit| digit != '0') {
        let caps = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"];
        args.extend(caps.map(str::to_owned));
    }
    Ok(args)
}

/// One process of `mizan payments`. Dropping it kills it.
#[derive(Debug)]
pub struct Replica {
    layout: Layout,
    child: Child,
    started: Instant,
}

impl Replica {
    /// Starts it; its log is appended to the layout's file.
    ///
    /// # Errors
    /// The process cannot be made.
    pub fn start(layout: Layout) -> anyhow::Result<Replica> {
        let started = Instant::now();
        let child = Self::process(&layout)?;
        Ok(Replica { layout, child, started })
    }

    fn process(layout: &Layout) -> anyhow::Result<Child> {
        let log = File::options().create(true).append(true).open(layout.log("payments"))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary()?).arg("payments");
        command.envs(layout.environment());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        spawn(command).context("starting mizan payments")
    }

    /// Its gRPC.
    pub fn url(&self) -> String {
        self.layout.url("payments", "grpc")
    }

    /// The stripes that it took so far, with their fences: its log says so.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn stripes(&self) -> anyhow::Result<BTreeMap<i32, i64>> {
        let log = std::fs::read_to_string(self.layout.log("payments"))?;
        let mut taken = BTreeMap::new();
        for line in log.lines().filter(|line| line.contains("a lane took its stripe")) {
            let number = |name: &str| {
                let plain: String =
                    line.chars().filter(|letter| !matches!(letter, '"' | ':' | '=')).collect();
                let (_, after) = plain.rsplit_once(name)?;
                let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<i64>().ok()
            };
            let (stripe, fence) = (number("stripe").context(line.to_owned())?, number("fence"));
            taken.insert(i32::try_from(stripe)?, fence.context(line.to_owned())?);
        }
        Ok(taken)
    }

    /// Waits until it says that it is ready; gives the time since its start.
    ///
    /// # Errors
    /// It ends, or takes longer.
    pub async fn ready(&mut self, within: Duration) -> anyhow::Result<Duration> {
        let url = format!("{}/ready", self.layout.url("payments", "health"));
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(code) = self.child.try_wait()? {
                bail!("mizan payments ended with {code}: see {}", self.layout.log("payments").display());
            }
            if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(self.started.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("mizan payments is not ready after {within:?}: see {}", self.layout.log("payments").display())
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

    /// Starts it again at the same addresses.
    ///
    /// # Errors
    /// The process cannot be made.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.started = Instant::now();
        self.child = Self::process(&self.layout)?;
        Ok(())
    }

    /// SIGTERM: it may finish what runs. Waits for its end; gives the time that took.
    ///
    /// # Errors
    /// It takes longer, or ends with another code than 0.
    pub async fn stop(&mut self, within: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        signal("TERM", &[self.child.id()])?;
        while begun.elapsed() < within {
            match self.child.try_wait()? {
                Some(code) if code.success() => return Ok(begun.elapsed()),
                Some(code) => bail!("mizan payments ended with {code}"),
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
        bail!("mizan payments still runs after {within:?}")
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Already ended is as good.
        self.kill().ok();
    }
}
