//! Whoever goes away leaves no transaction behind.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use pg::{Options, Pg, Tx};
use sqlx::Row as _;
use testkit::{Env, FaultProxy, wait_for};

use crate::{boxes, end_all_others, env, idle_in_transaction, put};

const SOON: Duration = Duration::from_secs(10);

/// A pool of one connection, so that each borrower gets what the one before it left.
async fn one_connection(env: &Env, proxy: &FaultProxy) -> Pg {
    Pg::connect(&proxy.url(&env.database_url), "DATABASE_URL", 1).await.unwrap()
}

/// Polls `begin` so often and drops it then; whether it had ended by itself.
async fn begin_dropped_after(pg: &Pg, polls: u32) -> bool {
    let mut begin = pin!(pg.begin());
    for _ in 0..polls {
        let ended = poll_fn(|cx| Poll::Ready(begin.as_mut().poll(cx).is_ready())).await;
        if ended {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn a_begin_cancelled_anywhere_leaves_nothing_open_and_harms_nobody() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let pg = one_connection(&env, &proxy).await;
    proxy.delay(1); // makes the wait for the answer long enough to be cancelled in

    let mut cancelled = 0;
    for polls in 0..60 {
        if !begin_dropped_after(&pg, polls).await {
            cancelled += 1;
        }
        let mut next = pg.begin().await.unwrap();
        put(&mut next, i64::from(polls), 1).await.unwrap();
        next.commit().await.unwrap();
    }
    assert!(cancelled > 2, "no begin was cancelled on its way");
    assert_eq!(boxes(&env.pg).await.len(), 60, "each write of a later borrower is there for everybody");
    wait_for("no transaction is left open", SOON, async || {
        (idle_in_transaction(&env.pg).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_begin_dropped_while_postgres_answers_ends_in_its_own_task() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let pg = one_connection(&env, &proxy).await;
    drop(pg.begin().await.unwrap());
    proxy.delay(100);

    let given_up = tokio::time::timeout(Duration::from_millis(50), pg.begin()).await;
    assert!(given_up.is_err());

    let mut next = pg.begin().await.unwrap();
    put(&mut next, 1, 1).await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(boxes(&env.pg).await, [1]);
}

#[tokio::test]
async fn a_dropped_transaction_is_rolled_back_before_its_connection_is_used_again() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let pg = one_connection(&env, &proxy).await;

    let mut dropped = pg.begin().await.unwrap();
    put(&mut dropped, 1, 1).await.unwrap();
    drop(dropped);
    wait_for("it is rolled back", SOON, async || (idle_in_transaction(&env.pg).await == 0).then_some(()))
        .await;

    let mut failed = pg.begin().await.unwrap();
    put(&mut failed, 2, -1).await.unwrap_err();
    drop(failed);

    let mut next = pg.begin().await.unwrap();
    put(&mut next, 3, 1).await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(boxes(&env.pg).await, [3]);
}

#[tokio::test]
async fn after_a_restart_of_postgres_the_first_begin_works() {
    let env = env().await;
    let pg = Pg::connect(&env.database_url, "DATABASE_URL", 4).await.unwrap();
    let four = futures::future::join_all([pg.begin(), pg.begin(), pg.begin(), pg.begin()]).await;
    assert!(four.iter().all(Result::is_ok));
    drop(four);
    wait_for("all are idle", SOON, async || (idle_in_transaction(&env.pg).await == 0).then_some(())).await;

    end_all_others(&env.pg).await;

    let mut first = pg.begin().await.unwrap();
    put(&mut first, 1, 1).await.unwrap();
    first.commit().await.unwrap();
}

#[tokio::test]
async fn what_a_crash_may_forget_is_forgettable_alone() {
    let env = env().await;
    let pg = Pg::connect(&env.database_url, "DATABASE_URL", 1).await.unwrap();
    let waits_for_disk = async |mut tx: Tx| {
        let setting = sqlx::query_scalar::<_, String>("SELECT current_setting('synchronous_commit')");
        let setting = setting.fetch_one(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        setting
    };
    assert_eq!(waits_for_disk(pg.begin_forgettable().await.unwrap()).await, "off");
    // On the same connection.
    assert_eq!(waits_for_disk(pg.begin().await.unwrap()).await, "on");
}

#[tokio::test]
async fn a_number_is_asked_on_one_connection_until_it_dies() {
    let env = env().await;
    let pg = Pg::connect(&env.database_url, "DATABASE_URL", 2).await.unwrap();
    let backend = "SELECT pg_backend_pid()::bigint";
    let (seat, first) = pg.number(None, backend).await.unwrap();
    let (seat, again) = pg.number(Some(seat), backend).await.unwrap();
    assert_eq!(first, again, "the same connection");
    let error = pg.number(Some(seat), "SELECT 1::bigint / 0").await.unwrap_err();
    assert!(!error.is_unavailable(), "{error:?}");
    wait_for("it is rolled back", SOON, async || (idle_in_transaction(&env.pg).await == 0).then_some(()))
        .await;

    let (seat, _) = pg.number(None, backend).await.unwrap();
    end_all_others(&env.pg).await;
    let (_, after) = pg.number(Some(seat), backend).await.unwrap();
    assert_ne!(after, first, "another connection");
}

#[tokio::test]
async fn statements_and_waiting_clients_have_limits() {
    let env = env().await;
    let options = Options {
        statement_timeout: Duration::from_millis(50),
        idle_in_transaction_timeout: Duration::from_millis(200),
        application_name: "limits".to_owned(),
        ..Options::new(1)
    };
    let pg = Pg::connect_with(&env.database_url, "DATABASE_URL", &options).await.unwrap();

    let mut slow = pg.begin().await.unwrap();
    let error = sqlx::raw_sql("SELECT pg_sleep(5)").execute(slow.conn()).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "57014");
    drop(slow);

    let mut waiting = pg.begin().await.unwrap();
    let name =
        sqlx::raw_sql("SELECT current_setting('application_name')").fetch_one(waiting.conn()).await.unwrap();
    assert_eq!(name.get::<String, _>(0), "limits");
    wait_for("Postgres gives it up", SOON, async || (idle_in_transaction(&env.pg).await == 0).then_some(()))
        .await;
    let error = put(&mut waiting, 1, 1).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

#[tokio::test]
async fn what_the_network_swallows_ends_soon_and_the_other_connections_are_not_asked_one_by_one() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let options =
        Options { statement_timeout: Duration::from_secs(1), allow_unsafe: true, ..Options::new(6) };
    let pg = Pg::connect_with(&proxy.url(&env.database_url), "DATABASE_URL", &options).await.unwrap();
    let mut open = futures::future::try_join_all((0..6).map(|_| pg.begin())).await.unwrap();
    let mut caught = open.pop().unwrap();
    for tx in open {
        tx.commit().await.unwrap();
    }

    let clock = boot::Clock::system();
    proxy.half_open();
    sqlx::raw_sql("SELECT 1").execute(caught.conn()).await.unwrap_err();
    assert!(clock.monotonic() < Duration::from_secs(8), "the statement took {:?}", clock.monotonic());
    drop(caught);

    let before = clock.monotonic();
    assert!(pg.begin().await.unwrap_err().is_unavailable());
    let took = clock.monotonic().saturating_sub(before);
    // One that is dead, and a new one that cannot be made; not five dead ones, one after the other.
    assert!(took < Duration::from_secs(10), "BEGIN took {took:?}");
    proxy.heal();
    wait_for("it works again", SOON, async || pg.begin().await.ok()).await.rollback().await.unwrap();
}

/// Connections by that name, of those whose last statement begins so.
async fn connections(env: &Env, application_name: &str, last: &str) -> i64 {
    let mut tx = env.pg.read().await.unwrap();
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
          WHERE application_name = $1 AND state = 'idle' AND starts_with(query, $2)",
    );
    let count = count.bind(application_name).bind(last).fetch_one(tx.conn()).await.unwrap();
    tx.rollback().await.unwrap();
    count
}

#[tokio::test]
async fn a_dead_connection_is_known_of_though_its_caller_gave_up() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let options = Options { allow_unsafe: true, application_name: "gave-up".to_owned(), ..Options::new(2) };
    let pg = Pg::connect_with(&proxy.url(&env.database_url), "DATABASE_URL", &options).await.unwrap();
    for tx in futures::future::try_join_all([pg.begin(), pg.begin()]).await.unwrap() {
        tx.commit().await.unwrap();
    }

    assert_eq!(connections(&env, "gave-up", "SELECT 1; COMMIT").await, 2, "both are at hand");

    let clock = boot::Clock::system();
    proxy.half_open();
    tokio::time::timeout(Duration::from_millis(500), pg.begin()).await.unwrap_err();
    let closed = async || (connections(&env, "gave-up", "").await == 0).then_some(());
    wait_for("the one that did not answer is closed, and the other one with it", SOON, closed).await;

    let before = clock.monotonic();
    assert!(pg.begin().await.unwrap_err().is_unavailable());
    let took = clock.monotonic().saturating_sub(before);
    // Only the new connection that cannot be made, not first the other dead one.
    assert!(took < Duration::from_secs(5), "BEGIN took {took:?}");
}
