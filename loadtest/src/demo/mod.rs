//! The platform's main job, end to end, checked from the outside.
mod acts;
mod bills;
mod bills_changed;
mod books;
mod carts;
mod channels;
mod corrections;
mod desk;
mod disputes;
mod every_service;
mod holds;
mod idempotency;
mod instalments;
mod killer;
pub mod kiosks;
mod messages;
mod new_agency;
mod night;
pub mod policies;
mod race;
mod refunds;
mod retries;
mod setup;
mod uploads;
mod wallets;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::api::Api;
use crate::report::{Report, say};
use crate::stack::{Layout, SERVICES, Stack};
use crate::world::World;

pub use acts::Acts;
pub use bills::{Bill, Purse};
pub use messages::bills_told_to;
pub use setup::{AGENCIES, data_folder, links, seed};
pub use uploads::{issue_fines, run as uploads, send};
pub use wallets::follow;

/// What every chapter works with.
#[derive(Debug)]
pub struct Demo {
    pub world: World,
    /// By agency.
    pub apis: BTreeMap<String, Api>,
    /// By agency: the secret that its webhooks are signed with.
    pub webhook_secrets: BTreeMap<String, String>,
    /// The payer's pages.
    pub portal: String,
    /// Issued bills that nobody has paid yet.
    pub purse: Purse,
    pub acts: Acts,
    /// What the new agency has planned for later days.
    pub plans: Option<night::Plans>,
}

impl Demo {
    /// A bill as its payer sees it.
    ///
    /// # Errors
    /// The payers' pages do not answer.
    pub async fn page(&self, language: &str, bill_reference: &str) -> anyhow::Result<String> {
        let url = format!("{}/{language}/bills/{bill_reference}", self.portal);
        Ok(reqwest::get(&url).await?.text().await?)
    }

    /// A payment as its payer sees it.
    ///
    /// # Errors
    /// As [`Demo::page`].
    pub async fn payment_page(&self, language: &str, payment: &str) -> anyhow::Result<String> {
        let url = format!("{}/{language}/payments/{payment}", self.portal);
        Ok(reqwest::get(&url).await?.text().await?)
    }
}

/// The heart of it, on a platform that is installed and seeded: files in, bills out, wallets, kiosks, and what people and
/// agencies were told.
///
/// # Errors
/// An outside party is out of reach; failed checks are counted, not errors.
pub async fn main_job(demo: &mut Demo, layout: &Layout, report: &mut Report) -> anyhow::Result<()> {
    policies::open_kiosks(layout, report)?;
    uploads(demo, report).await?;
    let paid = wallets::run(demo, report).await?;
    let cash = kiosks::run(demo, layout, report).await?;
    idempotency::run(demo, &paid, report).await?;
    messages::run(demo, &paid, &cash, report).await
}

/// How the run ended.
#[derive(Debug)]
pub struct Ended {
    pub failed: u32,
    pub took: Duration,
}

/// Runs the whole demo in `folder`.
///
/// # Errors
/// The platform does not start or an outside party is out of reach; failed checks are counted, not errors.
pub async fn run(folder: &Path) -> anyhow::Result<Ended> {
    let begun = Instant::now();
    let mut report = Report::default();
    let stack = Stack::start(folder, &SERVICES).await?;
    say(format!("ten processes ready in {:.1} s", begun.elapsed().as_secs_f32()));
    let mut demo = seed(&stack.layout, &mut report).await?;
    policies::open_kiosks(&stack.layout, &mut report)?;
    uploads(&mut demo, &mut report).await?;

    // Payments and kiosk cash go on while one service after the other is killed.
    let killer = killer::Killer::start(stack);
    let paid = wallets::run(&mut demo, &mut report).await?;
    let cash = kiosks::run(&mut demo, &killer.layout(), &mut report).await?;
    let stack = killer.finish(&mut report).await?;

    let desk = desk::Desk::new(&stack.layout)?;
    race::run(&mut demo, &desk, &mut report).await?;
    idempotency::run(&mut demo, &paid, &mut report).await?;
    messages::run(&demo, &paid, &cash, &mut report).await?;
    carts::run(&mut demo, &desk, &mut report).await?;
    channels::run(&mut demo, &desk, &mut report).await?;
    policies::closed(&mut demo, &desk, &mut report).await?;
    bills_changed::run(&mut demo, &desk, &mut report).await?;
    instalments::run(&demo, &desk, &mut report).await?;
    every_service::run(&mut demo, &stack.layout, &desk, &mut report).await?;
    new_agency::run(&mut demo, &stack.layout, &desk, &mut report).await?;
    retries::run(&mut demo, &desk, &mut report).await?;
    holds::run(&mut demo, &desk, &mut report).await?;
    refunds::run(&demo, &paid, &desk, &mut report).await?;
    disputes::run(&mut demo, &paid, &desk, &mut report).await?;
    corrections::run(&demo, &paid, &desk, &mut report).await?;
    books::run(&demo, &desk, &mut report).await?;
    let stack = night::pass(&demo, stack, &desk, &mut report).await?;
    report.chapter("Stopping");
    report.done("every service ends in order when asked to", stack.stop().await);
    say(format!(
        "\nWhere to look: `make up` leaves it running; {}/logs has this run's logs",
        folder.display()
    ));
    say(format!("took {:.1} s", begun.elapsed().as_secs_f32()));
    report.close();
    Ok(Ended { failed: report.failed(), took: begun.elapsed() })
}
