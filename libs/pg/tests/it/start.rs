//! A service does not start on a Postgres it cannot trust, and says why in one line.

use std::{borrow::Cow, time::Duration};

use pg::{Options, Pg};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use testkit::FaultProxy;

use crate::{MIGRATOR, boxes, env, put};

const SETTING: &str = "MIZAN_PAYMENTS_DATABASE_URL";

const PATIENCE: Duration = Duration::from_secs(10);

fn migration(version: i64, sql: &'static str) -> Migration {
    let sql = sqlx::SqlSafeStr::into_sql_str(sql);
    Migration::new(version, Cow::Borrowed("more"), MigrationType::Simple, sql, false)
}

#[tokio::test]
async fn a_wrong_url_and_an_absent_server_name_the_setting_and_not_the_password() {
    let wrong = Pg::connect("postgres://u:secret@host:port/x", SETTING, 1).await.unwrap_err();
    assert_eq!(wrong.exit_code(), 64);
    let absent = Pg::connect("postgres://u:secret@127.0.0.1:1/x", SETTING, 1).await.unwrap_err();
    assert_eq!(absent.exit_code(), 69);
    for error in [wrong, absent] {
        let line = error.to_string();
        assert!(line.contains(SETTING) && !line.contains("secret"), "{line}");
    }
}

#[tokio::test]
async fn a_server_that_may_forget_commits_is_refused_unless_a_test_says_so() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    sqlx::raw_sql(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    )
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();

    let refused = Pg::connect(&env.database_url, SETTING, 1).await.unwrap_err();
    assert!(refused.to_string().contains("synchronous_commit is off"), "{refused}");
    let unsafe_too = Options { allow_unsafe: true, ..Options::new(1) };
    Pg::connect_with(&env.database_url, SETTING, &unsafe_too).await.unwrap();
}

#[tokio::test]
async fn a_pending_or_changed_migration_is_refused_and_a_newer_schema_is_not() {
    let env = env().await;
    env.pg.check_migrated(&MIGRATOR).await.unwrap();
    env.pg.check_migrated(&Migrator::DEFAULT).await.unwrap();

    let pending = Migrator::with_migrations(vec![migration(2, "SELECT 1")]);
    let error = env.pg.check_migrated(&pending).await.unwrap_err();
    assert!(error.to_string().contains("0002 (more)"), "{error}");
    let changed = Migrator::with_migrations(vec![migration(1, "SELECT 1")]);
    env.pg.check_migrated(&changed).await.unwrap_err();

    Pg::migrate(&env.database_url, &Migrator::with_migrations(vec![migration(1, "SELECT 1")]))
        .await
        .unwrap_err();
    let both: Vec<Migration> = MIGRATOR.iter().cloned().chain([migration(2, "SELECT 1")]).collect();
    Pg::migrate(&env.database_url, &Migrator::with_migrations(both)).await.unwrap();
    env.pg.check_migrated(&pending).await.unwrap();
}

#[tokio::test]
async fn a_migration_that_waits_for_a_table_stops_nobody_and_has_it_in_the_end() {
    let env = env().await;
    let mut holder = env.pg.begin().await.unwrap();
    put(&mut holder, 1, 0).await.unwrap();
    let wider = migration(2, "ALTER TABLE box ADD COLUMN wide boolean");
    let both: Vec<Migration> = MIGRATOR.iter().cloned().chain([wider]).collect();
    let clock = boot::Clock::system();
    let all = Migrator::with_migrations(both);
    let others = async {
        let hurried = Options { lock_timeout: Duration::from_secs(1), ..Options::new(2) };
        let hurried = Pg::connect_with(&env.database_url, SETTING, &hurried).await.unwrap();
        testkit::wait_for("a read that stood behind the migration", PATIENCE, async || {
            let begun = clock.monotonic();
            assert_eq!(boxes(&hurried).await, Vec::<i64>::new());
            let took = clock.monotonic().saturating_sub(begun);
            (took > Duration::from_millis(100)).then_some(())
        })
        .await;
        holder.rollback().await.unwrap();
    };
    let (migrated, ()) = tokio::join!(Pg::migrate(&env.database_url, &all), others);
    migrated.unwrap();
    env.pg.check_migrated(&all).await.unwrap();
}

#[tokio::test]
async fn the_service_is_not_ready_while_postgres_is_away() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let pg = Pg::connect(&proxy.url(&env.database_url), SETTING, 2).await.unwrap();
    pg.watch(&env.ctx);
    env.ctx.health.started();
    env.ctx.health.poll().await;
    assert!(env.ctx.health.is_ready());

    proxy.cut();
    for _ in 0..3 {
        env.ctx.health.poll().await;
    }
    assert!(!env.ctx.health.is_ready());

    proxy.heal();
    env.ctx.health.poll().await;
    assert!(env.ctx.health.is_ready());
}
