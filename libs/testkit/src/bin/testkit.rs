//! Starts the private servers around a command, or keeps them for a while.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::Parser;
use testkit::{Durable, SHARED_SERVERS, Servers};

/// Private Postgres, NATS and Redis for tests and for the demo.
#[derive(Debug, Parser)]
enum Settings {
    /// Starts the servers in a temporary folder, runs a command with MIZAN_TEST_SERVERS set, and stops them.
    /// The exit code is the command's.
    Run {
        /// The command and its arguments, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Starts the servers with their data in a folder, writes their addresses to `servers.json` in it, prints them as
    /// one line of JSON, and keeps them until it is told to stop (SIGTERM or SIGINT).
    Serve {
        /// Where their data is, also the next time.
        #[arg(long)]
        dir: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Settings::parse() {
        Settings::Run { command } => run(&command),
        Settings::Serve { dir } => serve(&dir),
    };
    done.unwrap_or_else(|error| {
        eprintln!("testkit: {error:#}");
        ExitCode::from(69)
    })
}

fn run(command: &[String]) -> anyhow::Result<ExitCode> {
    let servers = Servers::temporary()?;
    let (program, args) = command.split_first().context("no command")?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--", program]).args(args);
    command.env(SHARED_SERVERS, serde_json::to_string(&servers.addresses())?);
    // This is the main thread: it ends with the process, and the command with it.
    let status = command.status().with_context(|| format!("starting {program} through setpriv"))?;
    drop(servers);
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(70);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(70)))
}

fn serve(dir: &Path) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        // From here on they are awaited, not obeyed at once.
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let servers = Servers::start(dir, Durable::Yes)?;
        let addresses = serde_json::to_string(&servers.addresses())?;
        let file = servers.folder().join("servers.json");
        std::fs::write(&file, &addresses).with_context(|| format!("writing {}", file.display()))?;
        writeln!(std::io::stdout(), "{addresses}")?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        drop(servers);
        std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        Ok(ExitCode::SUCCESS)
    })
}
