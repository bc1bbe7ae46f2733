//! `kill -9` of payments and of Postgres under load, again and again; then every acknowledged call is looked for.
//!
//! Clients write to a history, outside the system, what they asked and what they heard. They repeat a call that was not
//! answered with the same key. After the last round the checker compares the history, the books, and the provider's own
//! book: nothing lost, nothing doubled, nothing changed by a refusal.
mod books;
mod calls;
mod check;
mod history;
mod load;
mod processes;
mod rounds;
mod site;
mod wallet;

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub use calls::{Ask, Call, Door, Heard};
pub use history::{History, Line};
pub use load::{Bills, Clients, Load};
pub use processes::{Postgres, Replica};
pub use site::Site;
pub use wallet::Wallet;

/// From the start of a process to its readiness.
pub const READY_WITHIN: Duration = Duration::from_secs(30);

/// Waits that fit a run of minutes.
pub const QUICK: [(&str, &str); 7] = [
    ("MIZAN_PAYMENTS_POLL_EVERY_MS", "200"),
    ("MIZAN_PAYMENTS_POLL_FOR_MS", "3000"),
    ("MIZAN_PAYMENTS_UNKNOWN_FIRST_MS", "500"),
    ("MIZAN_PAYMENTS_UNKNOWN_LONGEST_MS", "2000"),
    ("MIZAN_PAYMENTS_NOT_FOUND_AFTER_MS", "4000"),
    ("MIZAN_PAYMENTS_CLAIM_MS", "3000"),
    ("MIZAN_PAYMENTS_QUEUE_AGE_MS", "5000"),
];

/// How long and how hard.
#[derive(Debug, Clone)]
pub struct Plan {
    pub rounds: u32,
    pub seed: u64,
    pub clients: u64,
    /// Emptied before.
    pub folder: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub struct Summary {
    pub rounds: u32,
    pub acknowledged: usize,
    /// Calls that were sent more than once before they were answered.
    pub repeated: usize,
    pub lost: usize,
    pub doubled: usize,
    pub wrong: usize,
    pub first_offender: Option<String>,
    pub figures: Value,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { rounds, acknowledged, repeated, lost, doubled, .. } = self;
        write!(
            f,
            "{rounds} rounds, {acknowledged} payments acknowledged, {repeated} repeated, {lost} lost, \
             {doubled} doubled"
        )
    }
}

/// Runs the rounds and checks.
///
/// # Errors
/// Something does not come back, a call is never answered, or the system does not become quiet.
pub async fn run(plan: &Plan) -> anyhow::Result<Summary> {
    let begun = Instant::now();
    let mut site = Site::open(&plan.folder, plan.seed).await?;
    let rounds = u64::from(plan.rounds);
    let bills = site.open_bills(100, rounds.saturating_add(2).saturating_mul(300)).await?;
    let mut payments = site.replica("payments", &QUICK)?;
    payments.ready(READY_WITHIN).await?;
    let door = Door::at(&payments.url())?;
    let history = History::create(&plan.folder.join("history.jsonl"))?;
    let (load, clients) = Load::new(vec![door.clone()], history, bills, plan.seed).start(plan.clients);
    let killed = rounds::run(&mut site, &mut payments, &load, (plan.rounds, plan.seed)).await?;
    clients.finish(&load).await?;
    let mut judged = judge(&site, &load, &door).await?;
    judged.rounds = plan.rounds;
    if let Some(figures) = judged.figures.as_object_mut() {
        figures.insert("rounds".to_owned(), plan.rounds.into());
        figures.insert("seed".to_owned(), plan.seed.into());
        figures.insert("clients".to_owned(), plan.clients.into());
        figures.insert("victims".to_owned(), killed.figures());
        figures.insert("took_s".to_owned(), begun.elapsed().as_secs().into());
    }
    payments.stop(READY_WITHIN).await?;
    Ok(judged)
}

/// Waits for quiet, then compares everything. No client may be at work.
///
/// # Errors
/// It does not become quiet; the books or the history cannot be read.
pub async fn judge(site: &Site, load: &Load, door: &Door) -> anyhow::Result<Summary> {
    let mut database = site.database().await?;
    let waited = books::quiet(&mut database).await?;
    let story = load.history.read()?;
    let before = books::Books::read(&mut database).await?;
    let mut found = check::books(&story, &before, site.wallet.statement());
    let again = check::repeat_all(&story, door, &mut found).await;
    books::quiet(&mut database).await?;
    let after = books::Books::read(&mut database).await?;
    if (after.movements.len(), after.collected.len(), after.refunds.len(), &after.clearing)
        != (before.movements.len(), before.collected.len(), before.refunds.len(), &before.clearing)
    {
        found.doubled.push("repeating the acknowledged calls changed the books".to_owned());
    }
    if let Err(error) = site.verify() {
        found.wrong.push(format!("{error:#}"));
    }
    let acknowledged = story.acknowledged().filter(|(call, ..)| call.is_payment()).count();
    let repeated = story.calls.values().filter(|told| told.tries > 1).count();
    let figures = json!({
        "payments_acknowledged": acknowledged,
        "calls": story.calls.len(),
        "calls_repeated": repeated,
        "answers": story.answers,
        "acknowledged_calls_sent_once_more": again,
        "charges_of_the_provider": site.wallet.statement().taken.len(),
        "refunds": before.refunds.len(),
        "stripes": before.stripes,
        "quiet_after_ms": u64::try_from(waited.as_millis())?,
        "lost": found.lost.len(),
        "doubled": found.doubled.len(),
        "wrong": found.wrong.len(),
    });
    Ok(Summary {
        rounds: 0,
        acknowledged,
        repeated,
        lost: found.lost.len(),
        doubled: found.doubled.len(),
        wrong: found.wrong.len(),
        first_offender: found.first().cloned(),
        figures,
    })
}
