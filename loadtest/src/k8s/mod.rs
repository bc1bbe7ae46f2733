//! The chart on a real cluster, chapter by chapter, as who runs it would see it.
mod cluster;
mod faults;
mod install;
mod judge;
mod kinds;
mod network;
mod scaling;
mod telemetry;
mod tls;
mod upgrade;

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::demo::Demo;
use crate::payers::Payers;
use crate::report::{Report, say};
use crate::stack::{self, Layout};

pub use cluster::{Cluster, NAMESPACE, RELEASE, node_ports};

/// Chapters that can be left out, in their order.
pub const CHAPTERS: [&str; 7] = ["main-job", "scaling", "upgrade", "faults", "kinds", "tls", "telemetry"];

/// All of our services; the simulated world, the first of all, is not ours.
const OURS: &[&str] = {
    let [_world, ours @ ..] = &stack::SERVICES;
    ours
};

/// What every chapter works with, once the platform is installed.
#[derive(Debug)]
pub struct Site {
    pub cluster: Cluster,
    pub layout: Layout,
    pub demo: Demo,
    /// Load, from the first chapter to the last.
    pub payers: Payers,
}

/// Runs `chapters` between the installation and the removal.
///
/// # Errors
/// The cluster does not do what it is told; what does not hold is counted, and is no error.
pub async fn run(chapters: &[String]) -> anyhow::Result<u32> {
    if let Some(unknown) = chapters.iter().find(|name| !CHAPTERS.contains(&name.as_str())) {
        bail!("there is no chapter `{unknown}`; there are {}", CHAPTERS.join(", "));
    }
    let wanted = |name: &str| chapters.is_empty() || chapters.iter().any(|chapter| chapter == name);
    let begun = Instant::now();
    let mut report = Report::default();
    let cluster = Cluster::clean()?;
    let ran = async {
        let mut site = install::run(cluster.clone(), &mut report).await?;
        network::run(&cluster, &mut report).await?;
        if wanted("main-job") {
            install::main_job(&mut site, &mut report).await?;
        }
        if wanted("scaling") {
            scaling::run(&mut site, &mut report).await?;
        }
        if wanted("upgrade") && cluster.has_next() {
            upgrade::run(&mut site, &mut report).await?;
        } else if wanted("upgrade") {
            report.skip("upgrade and back", "there is no image of a next version");
        }
        if wanted("faults") {
            faults::run(&mut site, &mut report).await?;
        }
        if wanted("kinds") {
            kinds::run(&mut site, &mut report).await?;
        }
        if wanted("tls") {
            tls::run(&mut site, &mut report).await?;
        }
        if wanted("telemetry") {
            telemetry::run(&mut site, &mut report).await?;
        }
        judge::run(&site, &mut report).await
    };
    if let Some(()) = report_error(ran.await) {
        install::remove(&cluster, &mut report).await?;
    } else {
        report.done::<()>("every chapter comes to its end", Err(anyhow::anyhow!("see above")));
        cluster.tell_what_is_wrong();
    }
    say(format!("took {:.0} s", begun.elapsed().as_secs_f32()));
    report.close();
    Ok(report.failed())
}

fn report_error(ran: anyhow::Result<()>) -> Option<()> {
    ran.inspect_err(|error| say(format!("e2e: {error:#}"))).ok()
}

/// A fact, once it is one.
///
/// # Errors
/// What was still wrong when patience ended.
pub(crate) async fn until<T>(
    within: Duration,
    mut fact: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<(T, Duration)> {
    let begun = Instant::now();
    loop {
        match fact().await {
            Ok(fact) => return Ok((fact, begun.elapsed())),
            Err(error) if begun.elapsed() > within => {
                return Err(error.context(format!("not so within {within:?}")));
            }
            Err(_not_yet) => tokio::time::sleep(Duration::from_millis(250)).await,
        }
    }
}

/// Uploads and issues `count` more bills for load.
pub(crate) async fn more_bills(site: &mut Site, count: u32, report: &mut Report) -> anyhow::Result<()> {
    site.payers.more_bills(&site.demo, count, report).await
}
