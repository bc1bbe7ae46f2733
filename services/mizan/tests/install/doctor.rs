//! `mizan doctor`: all well where everything runs, and each thing that is broken is named with what helps.
use sqlx::{Connection as _, PgConnection};
use testkit::free_address;

use crate::platform::{Ended, Platform};

/// There is such a line about one thing.
fn about(report: &Ended, level: &str, of: &str, what: &str) {
    let is = |line: &&str| {
        let words: Vec<_> = line.split_whitespace().take(3).collect();
        words.first() == Some(&level) && words.get(1) == Some(&of) && line.contains(what)
    };
    assert!(report.out.lines().any(|line| is(&line)), "no `{level} {of} {what}` in\n{}", report.out);
}

async fn run(url: &str, sql: &'static str) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_where_everything_runs() {
    let p = Platform::planned().await;
    let _running = (p.runs("sandbox"), p.runs("all"));
    p.ready("sandbox").await;
    for service in ["catalogue", "payments", "gateway", "portal", "notifications"] {
        p.ready(service).await;
    }
    assert_eq!(p.mizan(&["selftest"]).code, Some(0));
    let report = p.mizan(&["doctor"]);
    assert_eq!(report.code, Some(0), "{}", report.out);
    assert!(report.out.lines().last().unwrap().ends_with(" 0 failed"), "{}", report.out);
    for (of, what) in [
        ("payments", "ready"),
        ("payments", "as this binary needs it"),
        ("payments", "outbox"),
        ("payments", "unknown outcome"),
        ("payments", "closed"),
        ("payments", "no question waits"),
        ("invoicing", "32 bytes"),
        ("portal", "ready"),
        ("NATS", "stream MIZAN"),
        ("Redis", "answers"),
    ] {
        about(&report, "ok", of, what);
    }
    let json: serde_json::Value = serde_json::from_str(&p.mizan(&["doctor", "--json"]).out).unwrap();
    assert_eq!(json["failed"], 0);
    assert!(json["findings"].as_array().unwrap().iter().all(|finding| finding["level"] != "wrong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named_with_what_helps() {
    let mut p = Platform::planned().await;
    let catalogue = p.setting("MIZAN_CATALOGUE_DATABASE_URL").to_owned();
    run(
        &catalogue,
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    let identity = p.setting("MIZAN_IDENTITY_DATABASE_URL").to_owned();
    run(
        &identity,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                    VALUES (9999, 'of a newer version', true, '', 0)",
    )
    .await;
    let payments = p.setting("MIZAN_PAYMENTS_DATABASE_URL").to_owned();
    run(&payments, "INSERT INTO outbox_envelope (event_ids, subjects, aggregates, versions, bodies, traceparents, created_at)
                    VALUES (ARRAY[gen_random_uuid()], ARRAY['mizan.payments.case.opened'], ARRAY['x'], ARRAY[1::bigint],
                            ARRAY[''::bytea], ARRAY[''], now() - interval '1 hour')")
    .await;
    for (name, value) in &mut p.settings {
        match name.as_str() {
            "MIZAN_INVOICING_MASTER_KEY_FILE" => *value = "/nowhere/master.key".to_owned(),
            "MIZAN_NOTIFICATIONS_DATABASE_URL" => {
                *value = format!("postgres://mizan:secret-word@{}/gone", free_address().unwrap());
            }
            "MIZAN_GATEWAY_REDIS_URL" => *value = format!("redis://{}", free_address().unwrap()),
            _ => {}
        }
    }
    let report = p.mizan(&["doctor"]);
    assert_eq!(report.code, Some(69), "{}", report.out);
    about(&report, "wrong", "catalogue", "is missing");
    about(&report, "ok", "identity", "ahead of this binary");
    about(&report, "wrong", "payments", "outbox: 1 envelopes, the oldest waits 36");
    about(&report, "wrong", "invoicing", "/nowhere/master.key");
    about(&report, "wrong", "notifications", "refused");
    about(&report, "wrong", "gateway", "does not answer at");
    about(&report, "warn", "Redis", "counts limits for itself");
    for helps in ["run `mizan migrate catalogue`", "start `mizan gateway`", "openssl rand -base64 32"] {
        assert!(report.out.contains(helps), "{helps} in\n{}", report.out);
    }
    assert!(!report.out.contains("secret-word"), "{}", report.out);
}

#[tokio::test]
async fn only_services_that_are_set_up_here_are_looked_at() {
    let mut p = Platform::planned().await;
    p.settings.retain(|(name, _)| name.starts_with("MIZAN_CATALOGUE_"));
    let report = p.mizan(&["doctor", "--health", "catalogue=http://127.0.0.1:1"]);
    assert_eq!(report.code, Some(69), "{}", report.out);
    about(&report, "wrong", "catalogue", "does not answer at http://127.0.0.1:1");
    about(&report, "ok", "catalogue", "as this binary needs it");
    assert!(!report.out.contains("payments"), "{}", report.out);
}
