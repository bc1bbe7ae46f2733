//! What a Postgres must be before money is entrusted to it.

use std::time::Duration;

use boot::{Clock, StartError};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::Options;

/// Clocks further apart than this are worth a warning, …
const SKEW_WARNS: Duration = Duration::from_secs(2);
/// … and this far, expiries and business days would be wrong.
const SKEW_REFUSES: Duration = Duration::from_secs(30);

#[derive(sqlx::FromRow)]
struct Server {
    version: i32,
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    isolation: String,
    time_zone: String,
    now: OffsetDateTime,
}

/// Refuses a server that is too old, may forget commits, sees transactions differently from what we tested, or lives in
/// another time than we do.
pub(crate) async fn run(
    conn: &mut PgConnection,
    setting: &str,
    options: &Options,
    clock: &Clock,
) -> Result<(), StartError> {
    let before = clock.monotonic();
    let server: Server = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int AS version,
                current_setting('fsync') AS fsync,
                current_setting('full_page_writes') AS full_page_writes,
                current_setting('synchronous_commit') AS synchronous_commit,
                current_setting('default_transaction_isolation') AS isolation,
                current_setting('TimeZone') AS time_zone,
                clock_timestamp() AS now",
    )
    .fetch_one(conn)
    .await
    .map_err(|error| StartError::dependency("Postgres", setting, error))?;
    // The answer was made somewhere in the round trip: its length is no skew.
    let round_trip = clock.monotonic().saturating_sub(before);
    let skew = (clock.now() - server.now).unsigned_abs().saturating_sub(round_trip);

    let wrong = |what: String, todo: &str| Err(StartError::setting(setting, what, todo));
    if let Some((what, todo)) = mistake(&server, options) {
        return wrong(what, todo);
    }
    if skew > SKEW_REFUSES {
        return wrong(
            format!("the clock of Postgres is {} s away from this machine's", skew.as_secs()),
            "set both clocks by NTP",
        );
    }
    if skew > SKEW_WARNS {
        tracing::warn!(seconds = skew.as_secs(), "the clock of Postgres is away from this machine's");
    }
    Ok(())
}

/// The first thing that is wrong with `server`, and what to do about it.
fn mistake(server: &Server, options: &Options) -> Option<(String, &'static str)> {
    if server.version < 150_000 {
        let what = format!("Postgres is version {}", server.version / 10_000);
        return Some((what, "use Postgres 15 or later"));
    }
    let durable = server.fsync == "on" && server.full_page_writes == "on";
    if !durable && !options.allow_unsafe {
        let what =
            "Postgres runs with fsync or full_page_writes off and may forget what it confirmed".to_owned();
        return Some((what, "set both to on in postgresql.conf"));
    }
    let waits_for_disk = matches!(server.synchronous_commit.as_str(), "on" | "remote_apply");
    if !waits_for_disk && !options.allow_unsafe {
        let what =
            format!("synchronous_commit is {}, so a confirmed commit may be lost", server.synchronous_commit);
        return Some((what, "set it to on for this server, database and role"));
    }
    if server.isolation != "read committed" {
        let what = format!("default_transaction_isolation is {}", server.isolation);
        return Some((what, "set it to 'read committed': row locks decide here"));
    }
    if !matches!(server.time_zone.as_str(), "UTC" | "Etc/UTC" | "GMT") {
        let what = format!("TimeZone is {}", server.time_zone);
        return Some((what, "set it to UTC for this server, database and role"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Server {
        Server {
            version: 150_004,
            fsync: "on".into(),
            full_page_writes: "on".into(),
            synchronous_commit: "on".into(),
            isolation: "read committed".into(),
            time_zone: "UTC".into(),
            now: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn each_unsafe_setting_is_named() {
        let strict = Options::new(1);
        let said = |server: Server| mistake(&server, &strict).map(|(what, _)| what).unwrap_or_default();
        assert_eq!(said(good()), "");
        assert!(said(Server { version: 140_011, ..good() }).contains("version 14"));
        assert!(said(Server { fsync: "off".into(), ..good() }).contains("fsync"));
        assert!(said(Server { full_page_writes: "off".into(), ..good() }).contains("full_page_writes"));
        assert!(
            said(Server { synchronous_commit: "local".into(), ..good() })
                .contains("synchronous_commit is local")
        );
        assert!(said(Server { isolation: "serializable".into(), ..good() }).contains("isolation"));
        assert!(said(Server { time_zone: "Asia/Bahrain".into(), ..good() }).contains("Asia/Bahrain"));
    }

    #[test]
    fn tests_may_use_a_fast_server_but_not_an_odd_one() {
        let fast = Options { allow_unsafe: true, ..Options::new(1) };
        let server = Server { fsync: "off".into(), synchronous_commit: "off".into(), ..good() };
        assert!(mistake(&server, &fast).is_none());
        assert!(mistake(&Server { isolation: "serializable".into(), ..good() }, &fast).is_some());
    }
}
