//! After `commit` the caller knows what happened, or knows that he does not know.

use pg::{Error, Pg};
use testkit::FaultProxy;

use crate::{boxes, env, put};

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_though_it_happened() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let pg = Pg::connect(&proxy.url(&env.database_url), "DATABASE_URL", 2).await.unwrap();

    let mut tx = pg.begin().await.unwrap();
    put(&mut tx, 1, 1).await.unwrap();
    proxy.drop_answers(1);
    let error = tx.commit().await.unwrap_err();

    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
    assert_eq!(boxes(&env.pg).await, [1]);
    proxy.heal();
    pg.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_commit_that_never_arrives_is_unknown_too() {
    let env = env().await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let pg = Pg::connect(&proxy.url(&env.database_url), "DATABASE_URL", 2).await.unwrap();

    let mut tx = pg.begin().await.unwrap();
    put(&mut tx, 1, 1).await.unwrap();
    proxy.cut();
    let error = tx.commit().await.unwrap_err();

    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
    assert!(boxes(&env.pg).await.is_empty());
}

#[tokio::test]
async fn a_backend_that_is_shut_down_before_commit_leaves_it_unknown() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    put(&mut tx, 1, 1).await.unwrap();
    let mut admin = env.pg.begin().await.unwrap();
    sqlx::query_scalar::<_, bool>(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_all(admin.conn())
    .await
    .unwrap();

    // Postgres sent its farewell (57P01) before it heard of COMMIT: an answer, and yet not one to COMMIT.
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::CommitUnknown(_)), "{error:?}");
}

#[tokio::test]
async fn a_swallowed_error_cannot_pass_for_a_commit() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    put(&mut tx, 1, 1).await.unwrap();
    put(&mut tx, 1, 1).await.unwrap_err(); // the caller goes on as if nothing were wrong

    let error = tx.commit().await.unwrap_err();

    assert!(matches!(error, Error::Database(_)), "known to be rolled back: {error:?}");
    assert!(boxes(&env.pg).await.is_empty());
}

#[tokio::test]
async fn a_constraint_that_speaks_at_commit_is_a_definite_no() {
    let env = env().await;
    let mut tx = env.pg.begin().await.unwrap();
    sqlx::raw_sql("INSERT INTO label VALUES (7)").execute(tx.conn()).await.unwrap();

    let error = tx.commit().await.unwrap_err();

    assert_eq!(error.constraint(), Some("label_has_a_box"), "{error:?}");
}
