//! Connections at hand.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use pg::{Options, Pg, Tx};
use testkit::{Env, wait_for};

use crate::{boxes, end_all_others, env, put};

const SOON: Duration = Duration::from_secs(10);

async fn backend(tx: &mut Tx) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(tx.conn()).await.unwrap()
}

/// What was last asked on a connection.
async fn last_statement(env: &Env, backend: i32) -> String {
    let mut tx = env.pg.read().await.unwrap();
    let last = sqlx::query_scalar("SELECT query FROM pg_stat_activity WHERE pid = $1").bind(backend);
    let last = last.fetch_one(tx.conn()).await.unwrap();
    tx.rollback().await.unwrap();
    last
}

async fn named(env: &Env, name: &str, max_connections: u32) -> Pg {
    let options =
        Options { application_name: name.to_owned(), allow_unsafe: true, ..Options::new(max_connections) };
    Pg::connect_with(&env.database_url, "DATABASE_URL", &options).await.unwrap()
}

#[tokio::test]
async fn after_a_good_end_the_next_transaction_has_the_same_connection_and_nothing_was_asked_in_between() {
    let env = env().await;
    let pg = named(&env, "at hand", 4).await;
    let mut first = pg.begin().await.unwrap();
    let connection = backend(&mut first).await;
    first.commit().await.unwrap();
    assert_eq!(last_statement(&env, connection).await, "SELECT 1; COMMIT");

    let mut second = pg.read().await.unwrap();
    assert_eq!(backend(&mut second).await, connection);
    second.rollback().await.unwrap();
    assert_eq!(last_statement(&env, connection).await, "ROLLBACK");

    // One that is dropped has left it open: the pool looks, and rolls back.
    let mut third = pg.begin().await.unwrap();
    assert_eq!(backend(&mut third).await, connection);
    drop(third);
    wait_for("the pool has looked", SOON, async || {
        (last_statement(&env, connection).await == "ROLLBACK").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_callers_than_connections_come_through_one_after_the_other() {
    let env = env().await;
    let pg = named(&env, "few", 2).await;
    let work = |n: i64| {
        let pg = pg.clone();
        async move {
            let mut tx = pg.begin().await.unwrap();
            put(&mut tx, n, 1).await.unwrap();
            match n % 3 {
                0 => tx.commit().await.unwrap(),
                1 => tx.rollback().await.unwrap(),
                _ => drop(tx),
            }
        }
    };
    join_all((0..300).map(work)).await;
    assert_eq!(boxes(&env.pg).await.len(), 100);
    let mut tx = env.pg.read().await.unwrap();
    let made =
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'few'");
    assert!(made.fetch_one(tx.conn()).await.unwrap() <= 2);
}

#[tokio::test]
async fn after_the_death_of_all_at_hand_the_next_transaction_begins() {
    let env = env().await;
    let pg = named(&env, "dying", 4).await;
    for tx in try_join_all((0..4).map(|_| pg.begin())).await.unwrap() {
        tx.commit().await.unwrap();
    }
    end_all_others(&env.pg).await;

    let mut next = pg.begin().await.unwrap();
    put(&mut next, 1, 1).await.unwrap();
    next.commit().await.unwrap();
}

#[tokio::test]
async fn who_waits_behind_an_abandoned_statement_gets_the_connection_that_is_free_first() {
    let env = env().await;
    let pg = named(&env, "abandoned", 2).await;
    let (mut slow, quick) = (pg.begin().await.unwrap(), pg.begin().await.unwrap());
    let slow_backend = backend(&mut slow).await;
    let lock = "SELECT pg_advisory_xact_lock(1)";
    let mut gate = env.pg.begin().await.unwrap();
    sqlx::raw_sql(lock).execute(gate.conn()).await.unwrap();
    tokio::select! {
        _ = sqlx::raw_sql(lock).execute(slow.conn()) => panic!("the gate is closed"),
        () = wait_for("the statement runs", SOON, async || {
            (last_statement(&env, slow_backend).await == lock).then_some(())
        }) => {}
    }
    drop(slow);

    let (next, ()) = tokio::join!(pg.begin(), async { quick.commit().await.unwrap() });
    next.unwrap().rollback().await.unwrap();
    drop(gate);
}

#[tokio::test]
async fn a_close_takes_those_at_hand_too_and_waits_for_the_others() {
    let env = env().await;
    let pg = named(&env, "closing", 3).await;
    let mut open = try_join_all((0..3).map(|_| pg.begin())).await.unwrap();
    let last = open.pop().unwrap();
    for tx in open {
        tx.commit().await.unwrap();
    }
    let (_closed, ()) = tokio::join!(tokio::time::timeout(SOON, pg.close()), async {
        assert!(pg.begin().await.is_err(), "nobody gets one any more");
        last.commit().await.unwrap();
    });
    wait_for("all are closed", SOON, async || {
        let mut tx = env.pg.read().await.unwrap();
        let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closing'";
        let left: i64 = sqlx::query_scalar(left).fetch_one(tx.conn()).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
}
