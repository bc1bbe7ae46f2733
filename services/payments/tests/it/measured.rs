//! What is measured says what hurts.

use std::time::Duration;

use testkit::wait_for;

use crate::{
    engine::metric,
    support::{Stack, stack::SOON, wallet::paid},
};

/// Waits until a metric is what it should be.
async fn until(t: &Stack, name: &str, fits: impl Fn(i64) -> bool) {
    wait_for(name, SOON, async || metric(t, name).filter(|value| fits(*value)).map(drop)).await;
}

#[tokio::test]
async fn a_case_counts_by_its_kind_and_grows_old() {
    let t = Stack::start().await;
    until(&t, r#"mizan_payments_cases{kind="amount_mismatch"}"#, |cases| cases == 0).await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [paid(4_000, "BP-1")]);
    t.pay(&bill, "k").await.unwrap();
    t.cases(1).await;
    t.env.clock.advance(Duration::from_hours(2));
    until(&t, r#"mizan_payments_cases{kind="amount_mismatch"}"#, |cases| cases == 1).await;
    until(&t, r#"mizan_payments_cases_oldest_seconds{kind="amount_mismatch"}"#, |age| age >= 7_200).await;
    assert_eq!(metric(&t, r#"mizan_payments_cases{kind="contradiction"}"#), Some(0));
}

#[tokio::test]
async fn a_payment_counts_once_it_is_in_the_books_by_its_channel() {
    let t = Stack::start().await;
    let captured = r#"mizan_payments_outcomes_total{channel="pos",outcome="captured"}"#;
    assert_eq!(metric(&t, captured), Some(0));
    let bill = t.bill(1, 5_000);
    t.record(&bill, 5_000, "M-1").await.unwrap();
    assert_eq!(metric(&t, captured), Some(1));
    t.record(&bill, 5_000, "M-1").await.ok();
    assert_eq!(metric(&t, captured), Some(1), "a movement that is known is no payment");
    assert!(metric(&t, "mizan_payments_lane_wait_seconds_count") >= Some(2));
}

#[tokio::test]
async fn books_that_somebody_edits_differ_by_so_much() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.record(&bill, 5_000, "M-1").await.unwrap();
    until(&t, "mizan_payments_books_difference_fils", |fils| fils == 0).await;
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::raw_sql("UPDATE balance SET debit_fils = debit_fils + 7 WHERE account = 'agency_payable:TRF'")
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    until(&t, "mizan_payments_books_difference_fils", |fils| fils == 7).await;
}

#[tokio::test]
async fn a_day_that_cannot_be_closed_is_seen_and_one_that_is_closed_no_more() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.record(&bill, 5_000, "M-1").await.unwrap();
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE day_close IN SHARE MODE").execute(tx.conn()).await.unwrap();
    t.env.clock.advance(Duration::from_hours(24));
    until(&t, "mizan_payments_day_unclosed_seconds", |age| age > 3_600).await;
    tx.rollback().await.unwrap();
    until(&t, "mizan_payments_day_unclosed_seconds", |age| age == 0).await;
}
