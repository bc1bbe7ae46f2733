//! `demo run`: the platform's main job, end to end, as a counted list. `demo up` and `demo down`: leave it running.
#![expect(clippy::disallowed_methods, reason = "this program lives in real time")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use loadtest::demo;
use loadtest::report::{Report, say};
use loadtest::stack::{ALL_IN_ONE, Stack};

/// Where `make up` keeps its data and its process id.
const UP_FOLDER: &str = ".mizan/up";
const RUN_FOLDER: &str = ".mizan/demo";
const UP_WITHIN: Duration = Duration::from_mins(1);

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Runs everything once and checks it from the outside.
    Run,
    /// Starts everything, with bills to look at, and leaves it running.
    Up,
    /// Ends what `up` started.
    Down,
    /// What `up` starts in the background.
    #[command(hide = true)]
    Serve,
}

#[tokio::main]
async fn main() -> ExitCode {
    boot::install_tls();
    let ended = match Cli::parse().command {
        Verb::Run => demo::run(Path::new(RUN_FOLDER)).await.map(|ended| ended.failed == 0),
        Verb::Up => up().map(|()| true),
        Verb::Down => down().map(|()| true),
        Verb::Serve => serve().await.map(|()| true),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format!("demo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn pid_file() -> PathBuf {
    Path::new(UP_FOLDER).with_extension("pid")
}

fn links_file() -> PathBuf {
    Path::new(UP_FOLDER).with_extension("links")
}

fn up() -> anyhow::Result<()> {
    if pid_file().exists() {
        bail!("it is running already (or was not ended in order): `make down` first");
    }
    std::fs::create_dir_all(".mizan")?;
    std::fs::remove_file(links_file()).ok();
    let log = std::fs::File::create(Path::new(UP_FOLDER).with_extension("log"))?;
    let mut child = Command::new("setsid")
        .arg(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting in the background (setsid, of util-linux)")?;
    let begun = Instant::now();
    while begun.elapsed() < UP_WITHIN {
        if let Ok(links) = std::fs::read_to_string(links_file()) {
            say(links);
            return Ok(());
        }
        if child.try_wait()?.is_some_and(|code| !code.success()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("it did not come up; {UP_FOLDER}.log says why")
}

async fn serve() -> anyhow::Result<()> {
    std::fs::write(pid_file(), std::process::id().to_string())?;
    let served = stay_up().await;
    std::fs::remove_file(pid_file()).ok();
    served
}

async fn stay_up() -> anyhow::Result<()> {
    let stack = Stack::start(Path::new(UP_FOLDER), &["sandbox", ALL_IN_ONE]).await?;
    let mut report = Report::default();
    let mut demo = demo::seed(&stack.layout, &mut report).await?;
    demo::uploads(&mut demo, &mut report).await?;
    let mut links = demo::links(&stack.layout);
    for agency in ["TRF", "MUN"] {
        let bill = demo.purse.take_one(agency)?;
        links.push(format!("a bill to pay      {}/en/bills/{}", demo.portal, bill.bill_reference));
    }
    links.push("ends with          make down".to_owned());
    let half_written = links_file().with_extension("links.new");
    std::fs::write(&half_written, links.join("\n"))?;
    std::fs::rename(half_written, links_file())?;
    boot::shutdown_signal().await?;
    stack.stop().await
}

fn down() -> anyhow::Result<()> {
    let pid = std::fs::read_to_string(pid_file()).context("nothing is running")?;
    let pid = pid.trim();
    let asked = Command::new("kill").args(["-TERM", pid]).status()?;
    let begun = Instant::now();
    while asked.success() && Path::new("/proc").join(pid).exists() && begun.elapsed() < UP_WITHIN {
        std::thread::sleep(Duration::from_millis(100));
    }
    std::fs::remove_file(pid_file()).ok();
    say("everything that `make up` started has ended");
    Ok(())
}
