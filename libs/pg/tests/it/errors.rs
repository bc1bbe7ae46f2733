//! Errors say what the caller may do.

use std::sync::atomic::{AtomicU32, Ordering};

use pg::{Error, Pg};
use tokio::sync::Barrier;

use crate::{boxes, env, put};

#[tokio::test]
async fn a_broken_constraint_is_called_by_its_name() {
    let env = env().await;
    for (box_id, held, name) in [(1, 5, "box_pkey"), (2, -1, "box_never_below_zero")] {
        let mut tx = env.pg.begin().await.unwrap();
        put(&mut tx, 1, 0).await.unwrap();
        let error = put(&mut tx, box_id, held).await.unwrap_err();
        assert!(matches!(&error, Error::Constraint { name: broken } if broken == name), "{error:?}");
    }
}

#[tokio::test]
async fn a_read_transaction_cannot_write() {
    let env = env().await;
    let mut tx = env.pg.read().await.unwrap();
    assert!(matches!(put(&mut tx, 1, 1).await, Err(Error::Database(_))));
    drop(tx);
    assert!(boxes(&env.pg).await.is_empty());
}

#[tokio::test]
async fn exactly_one_row_or_a_conflict() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    put(&mut tx, 1, 1).await.unwrap();
    let one = sqlx::raw_sql("UPDATE box SET held = 2 WHERE box_id = 1 AND held = 1")
        .execute(tx.conn())
        .await
        .unwrap();
    pg::exactly_one(one, "box").unwrap();
    let none = sqlx::raw_sql("UPDATE box SET held = 2 WHERE box_id = 1 AND held = 1")
        .execute(tx.conn())
        .await
        .unwrap();
    assert!(matches!(pg::exactly_one(none, "box"), Err(Error::Conflict { table: "box" })));
}

/// Takes two row locks in the given order, so that two of these in opposite order must meet in a deadlock.
async fn lock_both(pg: &Pg, order: [i64; 2], meeting: &Barrier, tries: &AtomicU32) -> Result<(), Error> {
    let mut tx = pg.begin().await?;
    for (step, box_id) in order.into_iter().enumerate() {
        if step == 1 && tries.fetch_add(1, Ordering::SeqCst) < 2 {
            meeting.wait().await; // each has its first lock; once is enough
        }
        sqlx::query_scalar::<_, i64>("UPDATE box SET held = held + 1 WHERE box_id = $1 RETURNING held")
            .bind(box_id)
            .fetch_one(tx.conn())
            .await?;
    }
    tx.commit().await
}

#[tokio::test]
async fn a_deadlock_is_tried_again_from_the_start_and_both_succeed() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    put(&mut tx, 1, 0).await.unwrap();
    put(&mut tx, 2, 0).await.unwrap();
    tx.commit().await.unwrap();

    let (meeting, tries) = (Barrier::new(2), AtomicU32::new(0));
    let (a, b) = tokio::join!(
        pg::retry(|| lock_both(&env.pg, [1, 2], &meeting, &tries)),
        pg::retry(|| lock_both(&env.pg, [2, 1], &meeting, &tries)),
    );
    a.unwrap();
    b.unwrap();

    assert!(tries.load(Ordering::SeqCst) > 2, "there was no deadlock");
    let mut tx = env.pg.read().await.unwrap();
    let held: Vec<i64> = sqlx::query_scalar("SELECT held FROM box").fetch_all(tx.conn()).await.unwrap();
    assert_eq!(held, [2, 2]);
}

#[tokio::test]
async fn a_serialisation_failure_may_be_retried() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    put(&mut tx, 1, 0).await.unwrap();
    tx.commit().await.unwrap();

    let mut late = env.pg.begin().await.unwrap();
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT held FROM box")
        .execute(late.conn())
        .await
        .unwrap();
    let mut fast = env.pg.begin().await.unwrap();
    sqlx::raw_sql("UPDATE box SET held = 1").execute(fast.conn()).await.unwrap();
    fast.commit().await.unwrap();

    let error = Error::from(sqlx::raw_sql("UPDATE box SET held = 2").execute(late.conn()).await.unwrap_err());
    assert!(matches!(error, Error::Retryable(_)), "{error:?}");
}
