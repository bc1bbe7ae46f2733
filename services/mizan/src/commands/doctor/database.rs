//! Postgres of a service: safe to trust, with the right schema, and with nothing that waits too long. Read only.
use std::time::Duration;

use boot::{Clock, bahrain_date};
use pg::{Pg, Tx};
use sqlx::migrate::Migrator;
use time::{Date, OffsetDateTime};

use super::report::Finding;
use super::{Check, settings};
use crate::commands::migrate;

/// Clocks further apart than this are worth a look.
const SKEW: Duration = Duration::from_secs(2);
/// An event that waits longer was not published.
const OUTBOX_WARNS: Duration = Duration::from_mins(1);
const OUTBOX_FAILS: Duration = Duration::from_mins(15);
/// An attempt whose outcome is unknown longer than this needs somebody's eyes.
const UNKNOWN_WARNS: Duration = Duration::from_mins(10);
/// Days are closed seconds after midnight.
const CLOSES_WITHIN: Duration = Duration::from_mins(10);

type Looked = Result<Finding, sqlx::Error>;

/// The checks of one database.
pub fn checks(service: &str, setting: String, url: String) -> Vec<Check> {
    let Some(migrator) = migrate::schema(service) else { return Vec::new() };
    let name = service.to_owned();
    vec![Check::new(service, "Postgres", async move { looks(&name, (&setting, &url), migrator).await })]
}

async fn looks(service: &str, (setting, url): (&str, &str), migrator: &Migrator) -> Vec<Finding> {
    // It refuses what may forget a commit, is too old, or lives in another time.
    let pg = match Pg::connect(url, setting, 1).await {
        Ok(pg) => pg,
        Err(error) => return vec![Finding::refused(&error)],
    };
    let mut tx = match pg.read().await {
        Ok(tx) => tx,
        Err(error) => {
            let why = boot::start_error::chain(&error);
            return vec![Finding::wrong(why, format!("check {}_DATABASE_URL", settings::prefix(service)))];
        }
    };
    let mut found = vec![server(&mut tx).await, schema(&mut tx, service, migrator).await];
    if has(&mut tx, "outbox_envelope").await {
        found.push(outbox(&mut tx).await);
    }
    if service == "payments" && has(&mut tx, "day_close").await {
        found.extend([unknown(&mut tx).await, day(&mut tx).await]);
    }
    let failed = |error: sqlx::Error| {
        let todo = "run `mizan migrate` of this version; else look into the log of Postgres";
        Finding::wrong(boot::start_error::chain(&error), todo)
    };
    found.into_iter().map(|found| found.unwrap_or_else(failed)).collect()
}

async fn has(tx: &mut Tx, table: &str) -> bool {
    let found = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table);
    found.fetch_one(tx.conn()).await.unwrap_or(false)
}

async fn server(tx: &mut Tx) -> Looked {
    let sql = "SELECT current_setting('server_version'), clock_timestamp()";
    let (version, now): (String, OffsetDateTime) = sqlx::query_as(sql).fetch_one(tx.conn()).await?;
    let skew = (Clock::system().now() - now).unsigned_abs();
    Ok(if skew > SKEW {
        let said = format!("Postgres {version}; its clock is {} s away from this machine's", skew.as_secs());
        Finding::warn(said, "set both clocks by NTP; from 30 s on services do not start")
    } else {
        Finding::ok(format!(
            "Postgres {version}, keeps what it confirms, clock within {} ms",
            skew.as_millis()
        ))
    })
}

async fn schema(tx: &mut Tx, service: &str, migrator: &Migrator) -> Looked {
    if !has(tx, "_sqlx_migrations").await {
        return Ok(Finding::wrong("has no schema", format!("run `mizan migrate {service}`")));
    }
    let sql = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
    let applied: Vec<(i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(tx.conn()).await?;
    let missing =
        migrator.iter().find(|wanted| !applied.iter().any(|(version, _)| *version == wanted.version));
    if let Some(missing) = missing {
        let said = format!(
            "behind this binary: migration {:04} ({}) is missing",
            missing.version, missing.description
        );
        return Ok(Finding::wrong(said, format!("run `mizan migrate {service}`")));
    }
    let changed = migrator.iter().find(|wanted| {
        applied
            .iter()
            .any(|(version, sum)| *version == wanted.version && sum.as_slice() != wanted.checksum.as_ref())
    });
    if let Some(changed) = changed {
        let said = format!("migration {:04} was applied with another text", changed.version);
        return Ok(Finding::wrong(said, "this binary is not of a released version; use one that is"));
    }
    let newest = applied.last().map_or(0, |(version, _)| *version);
    let own = migrator.iter().map(|wanted| wanted.version).max().unwrap_or_default();
    Ok(if newest > own {
        let said = format!("schema {newest:04}, ahead of this binary's {own:04}: a newer version ran here");
        Finding::ok(format!("{said}; this one runs beside it"))
    } else {
        Finding::ok(format!("schema {newest:04}, as this binary needs it"))
    })
}

async fn outbox(tx: &mut Tx) -> Looked {
    let sql = "SELECT count(*), min(created_at) FROM outbox_envelope WHERE published_at IS NULL";
    let (count, oldest): (i64, Option<OffsetDateTime>) = sqlx::query_as(sql).fetch_one(tx.conn()).await?;
    let waits = oldest.map_or(Duration::ZERO, since);
    let said = format!("outbox: {count} envelopes, the oldest waits {} s", waits.as_secs());
    let todo = "look whether NATS is reachable and has room; facts are kept and told when it is back";
    Ok(if waits >= OUTBOX_FAILS {
        Finding::wrong(said, todo)
    } else if waits >= OUTBOX_WARNS {
        Finding::warn(said, todo)
    } else {
        Finding::ok(format!("outbox: {count} envelopes wait"))
    })
}

async fn unknown(tx: &mut Tx) -> Looked {
    let sql = "SELECT count(*), min(since_at) FROM attempt WHERE state = 'unknown'";
    let (count, oldest): (i64, Option<OffsetDateTime>) = sqlx::query_as(sql).fetch_one(tx.conn()).await?;
    let age = oldest.map_or(Duration::ZERO, since);
    if age < UNKNOWN_WARNS {
        return Ok(Finding::ok(format!("{count} attempts with an unknown outcome")));
    }
    let said = format!("{count} attempts with an unknown outcome, the oldest for {} min", age.as_secs() / 60);
    let todo = "payers were told not to pay again: ask the provider. `mizan payment search --state processing` lists them";
    Ok(Finding::warn(said, todo))
}

async fn day(tx: &mut Tx) -> Looked {
    let sql = "SELECT (SELECT max(business_date) FROM day_close),
                      (SELECT min(sealed_at) FROM lane JOIN posting_batch ON posting_batch.lane = lane.lane AND seq = 1)";
    let (last, first): (Option<Date>, Option<OffsetDateTime>) =
        sqlx::query_as(sql).fetch_one(tx.conn()).await?;
    let yesterday = bahrain_date(Clock::system().now() - CLOSES_WITHIN).previous_day();
    let Some(first) = first.map(bahrain_date) else { return Ok(Finding::ok("nothing is in the books yet")) };
    let said = last
        .map_or_else(|| "no business day is closed yet".to_owned(), |last| format!("last closed day {last}"));
    let behind =
        yesterday.is_some_and(|yesterday| first <= yesterday && last.is_none_or(|last| last < yesterday));
    Ok(if behind {
        Finding::wrong(
            format!("{said}, and yesterday is over"),
            "look into the log of payments for `cannot close the day`",
        )
    } else {
        Finding::ok(said)
    })
}

fn since(at: OffsetDateTime) -> Duration {
    Duration::try_from(Clock::system().now() - at).unwrap_or_default()
}
