//! What one payment by wallet costs: the processor's time, process by process, and the commits of each database.
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use sqlx::{Connection as _, PgConnection};

use crate::demo;
use crate::payers::{self, Load, Payers};
use crate::report::Report;
use crate::stack::Stack;

/// Payers who begin, a second: all ways are walked, and the machine has time left.
const PER_SECOND: u32 = 20;
/// Paid before anything is counted: connections are open, and plans are those for tables with rows in them.
const WARM_UP: usize = 1_000;
/// Counted.
const COUNTED: usize = 1_000;
const WITHIN: Duration = Duration::from_mins(3);
/// The kernel counts a process's time in hundredths of a second.
const TICK_US: u64 = 10_000;
const POSTGRES: &str = "postgres";

/// Of one payment, on average.
#[derive(Debug)]
pub struct Cost {
    /// Processor time in µs by whose it is: a service, `postgres` with the database it works for, a server.
    pub processor_us: BTreeMap<String, u64>,
    /// Thousandths of a commit, by database.
    pub commits_milli: BTreeMap<String, u64>,
}

/// Lets payers pay at a steady rate and counts.
///
/// # Errors
/// A payment fails, or the platform does not answer.
pub async fn measure(stack: &Stack) -> anyhow::Result<Cost> {
    let mut report = Report::default();
    let demo = demo::seed(&stack.layout, &mut report).await?;
    let mut payers = Payers::new(&stack.layout, &demo)?;
    payers.more_bills(&demo, u32::try_from(2 * WARM_UP + COUNTED)?, &mut report).await?;
    let mut db = PgConnection::connect(&stack.layout.database_url("postgres")).await?;

    let load = Load::start(&mut payers, PER_SECOND, 0);
    load.goes_on(WARM_UP, WITHIN).await?;
    let (begun, before, commits) = (load.captured(), processor_time(stack)?, commits(&mut db).await?);
    load.goes_on(COUNTED, WITHIN).await?;
    let (after, commits_after) = (processor_time(stack)?, self::commits(&mut db).await?);
    let paid = u64::try_from(load.captured() - begun)?;
    let told = load.finish(&mut payers).await?;
    payers::judge("payments that were counted", &told, 0, &mut report);
    ensure!(report.failed() == 0, "payments failed: their cost means nothing");

    let each = |after: BTreeMap<String, u64>, before: &BTreeMap<String, u64>, unit: u64| {
        let cost = after.into_iter().map(|(who, then)| {
            let more = then.saturating_sub(before.get(&who).copied().unwrap_or_default());
            (who, more * unit / paid)
        });
        cost.filter(|(_, cost)| *cost > 0).collect()
    };
    Ok(Cost {
        processor_us: each(after, &before, TICK_US),
        commits_milli: each(commits_after, &commits, 1_000),
    })
}

/// Ticks so far of the stack's processes and of this one, by whose work it is.
fn processor_time(stack: &Stack) -> anyhow::Result<BTreeMap<String, u64>> {
    let [nats, redis, postgres] = stack.server_ids()[..] else { bail!("three servers") };
    let services = stack.services.iter().map(|service| (service.id(), service.name()));
    let others = [(std::process::id(), "load"), (nats, "nats"), (redis, "redis"), (postgres, POSTGRES)];
    let names: BTreeMap<u32, &str> = services.chain(others).collect();
    let mut ticks = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let folder = entry?.path();
        let id = folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        // It may have ended since it was listed.
        let (Some(id), Ok(stat)) = (id, std::fs::read_to_string(folder.join("stat"))) else { continue };
        let (parent, spent) = spent(&stat).with_context(|| format!("the state of process {id}"))?;
        let name = match names.get(&id) {
            Some(name) => (*name).to_owned(),
            None if parent == postgres => works_for(&folder),
            None => continue,
        };
        *ticks.entry(name).or_default() += spent;
    }
    Ok(ticks)
}

/// The parent, and the ticks in user and kernel mode, of a line of `/proc/<id>/stat`.
fn spent(stat: &str) -> Option<(u32, u64)> {
    // The name stands in brackets and may hold anything.
    let (_name, rest) = stat.rsplit_once(") ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<u64>().ok();
    Some((u32::try_from(number(1)?).ok()?, number(11)? + number(12)?))
}

/// The database for which a process of Postgres works: `postgres: user database 127.0.0.1(1234) idle`, or the name of a worker.
fn works_for(folder: &Path) -> String {
    let title = std::fs::read_to_string(folder.join("cmdline")).unwrap_or_default();
    let database = title.split(' ').nth(2).filter(|word| word.starts_with("mizan_"));
    database.map_or_else(|| POSTGRES.to_owned(), |database| format!("{POSTGRES} {database}"))
}

async fn commits(db: &mut PgConnection) -> anyhow::Result<BTreeMap<String, u64>> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT datname, xact_commit FROM pg_stat_database WHERE datname LIKE 'mizan%'")
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|(database, commits)| Ok((database, u64::try_from(commits)?))).collect()
}
