//! Private Postgres, NATS and Redis.

mod nats;
mod postgres;
mod redis;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::SHARED_SERVERS;
use crate::process::{Afterwards, Janitor, Program, Server};

/// How much of what the servers were told they still know after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// All of it; they are stopped in order. For data that somebody comes back to.
    Yes,
    /// All of it, and yet they are stopped at once: their folder is thrown away with them. For tests.
    No,
}

/// Where the servers listen, on this machine only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Trusts whoever connects, as the superuser `postgres`.
    pub postgres: SocketAddr,
    /// One JetStream account for all who give no name, and `t0` to `t63` beside it.
    pub nats: SocketAddr,
    /// 256 numbered databases.
    pub redis: SocketAddr,
}

impl Addresses {
    /// How many accounts for tests NATS has, beside the one for everybody.
    pub const TEST_ACCOUNTS: u16 = 64;

    /// The URL of a database.
    pub fn database_url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.postgres)
    }

    /// NATS, in the account of those who give no name.
    pub fn nats_url(&self) -> String {
        format!("nats://{}", self.nats)
    }

    /// NATS, in the account `t<number>`: it sees no stream and no message of another.
    pub fn nats_url_of(&self, number: u16) -> String {
        format!("nats://t{number}:t{number}@{}", self.nats)
    }

    /// Redis, its database `number`, 0 to 255.
    pub fn redis_url(&self, number: u16) -> String {
        format!("redis://{}/{number}", self.redis)
    }

    /// The servers that [`SHARED_SERVERS`] names, if it is set.
    ///
    /// # Errors
    /// It is set, and neither the JSON of `Addresses` nor a path to it.
    #[expect(clippy::disallowed_methods, reason = "a test has no clap::Args to read it for us")]
    pub fn shared() -> anyhow::Result<Option<Self>> {
        let Ok(setting) = std::env::var(SHARED_SERVERS) else { return Ok(None) };
        let json = if setting.trim_start().starts_with('{') {
            setting
        } else {
            std::fs::read_to_string(&setting).with_context(|| format!("{SHARED_SERVERS} names {setting}"))?
        };
        Ok(Some(
            serde_json::from_str(&json)
                .with_context(|| format!("{SHARED_SERVERS} is not what it should be"))?,
        ))
    }
}

/// Running servers. Dropping this stops them; so does the end of this process, however it ends.
#[derive(Debug)]
pub struct Servers {
    addresses: Addresses,
    folder: PathBuf,
    children: Vec<Server>,
    janitor: Janitor,
}

impl Servers {
    /// Starts all three with their data in `folder`, and returns when they answer. What an earlier run left in `folder`
    /// is still there. Blocks for about a second the first time.
    ///
    /// # Errors
    /// A program is missing (says what to run), or does not start (with its last words).
    pub fn start(folder: &Path, durable: Durable) -> anyhow::Result<Self> {
        Self::start_in(folder, durable, Afterwards::Keep)
    }

    /// Starts all three in a folder of their own, which is removed when they end: in memory where there is room for it
    /// (a database per test is made six times as fast there), else among the system's temporary ones.
    ///
    /// # Errors
    /// As for [`Servers::start`].
    pub fn temporary() -> anyhow::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("mizan-test-");
        let folder = match memory_folder() {
            Some(memory) => builder.tempdir_in(memory),
            None => builder.tempdir(),
        };
        let folder = folder.context("making a temporary folder")?;
        // From here on the janitor removes it, who outlives us.
        Self::start_in(&folder.keep(), Durable::No, Afterwards::Remove)
    }

    fn start_in(folder: &Path, durable: Durable, afterwards: Afterwards) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let folder = folder.canonicalize().with_context(|| format!("finding {}", folder.display()))?;
        let mut janitor = Janitor::hire(&folder, afterwards)?;
        match Self::start_all(&folder, durable, &mut janitor) {
            Ok((addresses, children)) => Ok(Self { addresses, folder, children, janitor }),
            Err(error) => {
                janitor.finish();
                Err(error)
            }
        }
    }

    fn start_all(
        folder: &Path,
        durable: Durable,
        janitor: &mut Janitor,
    ) -> anyhow::Result<(Addresses, Vec<Server>)> {
        // Postgres is the slow one: the others start while it makes its first files.
        let (nats, redis, postgres) = std::thread::scope(|scope| {
            let nats = scope.spawn(|| nats::start(folder));
            let redis = scope.spawn(|| redis::start(folder));
            let postgres = postgres::start(folder, durable);
            (nats.join(), redis.join(), postgres)
        });
        let started = [
            nats.unwrap_or_else(|_| bail!("the thread that started NATS panicked")),
            redis.unwrap_or_else(|_| bail!("the thread that started Redis panicked")),
            postgres,
        ];
        // All that run are handed over before the first failure is told.
        for (_, server) in started.iter().flatten() {
            janitor.looks_after(server)?;
        }
        let [nats, redis, postgres] = started;
        let ((nats, nats_server), (redis, redis_server), (postgres, postgres_server)) =
            (nats?, redis?, postgres?);
        Ok((Addresses { postgres, nats, redis }, vec![nats_server, redis_server, postgres_server]))
    }

    /// Where they listen.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Where their data and logs are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process ids of NATS, Redis and Postgres, for tests that hurt them.
    pub fn process_ids(&self) -> Vec<u32> {
        self.children.iter().map(Server::id).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.janitor.finish();
        for server in &mut self.children {
            // The janitor has seen it end.
            server.wait().ok();
        }
    }
}

/// A folder in memory, if it has 2 GiB to spare and nobody asked for another by TMPDIR.
fn memory_folder() -> Option<&'static Path> {
    const ROOM_KIB: u64 = 2 * 1024 * 1024;
    let memory = Path::new("/dev/shm");
    if std::env::var_os("TMPDIR").is_some() {
        return None;
    }
    let output = std::process::Command::new("df").args(["-k", "--output=avail"]).arg(memory).output().ok()?;
    let free_kib: u64 = String::from_utf8_lossy(&output.stdout).lines().nth(1)?.trim().parse().ok()?;
    (free_kib >= ROOM_KIB).then_some(memory)
}

/// Starts a server on a free port and waits until `ready` says that it answers. Somebody may take the port between our
/// look and the server's: then the server ends, and another port is tried.
fn start_on_free_port(
    name: &str,
    prepare: impl Fn(SocketAddr) -> anyhow::Result<Program>,
    ready: impl Fn(SocketAddr, u32) -> bool,
) -> anyhow::Result<(SocketAddr, Server)> {
    let mut last_words = String::new();
    for _ in 0..3 {
        let address = crate::free_address()?;
        let mut server = Server::start(&prepare(address)?)?;
        // 30 s: a machine under full load may need most of it.
        for _ in 0..6_000 {
            if ready(address, server.id()) {
                return Ok((address, server));
            }
            if server.ended()?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        last_words = server.last_words();
        server.kill();
    }
    bail!("{name} does not start. Its last words:\n{last_words}")
}

/// Connects, says `greeting`, and tells whether the answer begins with `expected`.
fn answers(address: SocketAddr, greeting: &[u8], expected: &[u8]) -> bool {
    use std::io::{Read as _, Write as _};
    let ask = || -> std::io::Result<bool> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(greeting)?;
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer == expected)
    };
    ask().unwrap_or(false)
}
