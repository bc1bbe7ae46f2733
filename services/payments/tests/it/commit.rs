//! An error at COMMIT is neither success nor failure: it is read back.

use payments::MIGRATOR;
use testkit::{Env, FaultProxy, wait_for};

use crate::{
    engine::metric,
    support::{Stack, stack::SOON},
};

/// From here on every COMMIT of a batch waits for the advisory lock 42.
pub async fn hold_commits(t: &Stack) -> pg::Tx {
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::raw_sql(
        "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON posting_batch DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION at_commit()",
    )
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let mut gate = t.env.pg.begin().await.unwrap();
    let _: bool = sqlx::query_scalar("SELECT pg_advisory_xact_lock(42) IS NOT NULL")
        .fetch_one(gate.conn())
        .await
        .unwrap();
    gate
}

#[tokio::test]
async fn a_commit_that_was_kept_but_not_answered_is_found_and_answered_once() {
    let env = Env::start("payments", &MIGRATOR).await;
    let proxy = FaultProxy::start(env.addresses.postgres).await;
    let database_url = proxy.url(&env.database_url);
    let t = Stack::start_on(env, &database_url, &[]).await;
    let bill = t.bill(1, 5_000);
    t.receivable(&bill).await;
    let before = t.count("posting_batch").await;
    let gate = hold_commits(&t).await;
    let lose = async {
        t.waiting(1).await;
        proxy.drop_answers(u64::MAX);
        drop(gate);
        wait_for("the commit", SOON, async || (t.count("posting_batch").await > before).then_some(())).await;
        let read_back = || metric(&t, "mizan_payments_commits_read_back_total") == Some(1);
        wait_for("the reading back", SOON, async || read_back().then_some(())).await;
        proxy.heal();
    };
    let (payment, ()) = tokio::join!(t.pay(&bill, "k"), lose);
    let payment = payment.unwrap();
    assert_eq!(t.pay(&bill, "k").await.unwrap(), payment);
    assert_eq!((t.count("payment").await, t.count("attempt").await), (1, 1));
    t.until(&payment.payment_id, proto::payments::v1::PaymentState::ActionRequired).await;
    t.books_hold().await;
}

#[tokio::test]
async fn a_commit_that_was_not_kept_is_done_again_and_has_one_effect() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.receivable(&bill).await;
    let gate = hold_commits(&t).await;
    let kill = async {
        t.waiting(1).await;
        let mut tx = t.env.pg.begin().await.unwrap();
        let _: Vec<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_all(tx.conn())
        .await
        .unwrap();
        drop(gate);
    };
    let (payment, ()) = tokio::join!(t.pay(&bill, "k"), kill);
    payment.unwrap();
    assert_eq!(metric(&t, "mizan_payments_commits_read_back_total"), Some(1));
    assert_eq!((t.count("payment").await, t.count("attempt").await), (1, 1));
    t.books_hold().await;
}
