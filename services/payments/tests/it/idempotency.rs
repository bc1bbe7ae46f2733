//! One key, one effect, one answer.

use std::time::Duration;

use futures::future::join_all;
use testkit::wait_for;

use crate::support::{Stack, stack::SOON};

#[tokio::test]
async fn fifty_twins_at_once_have_one_effect_and_one_answer() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let answers = join_all((0..50).map(|_| t.pay(&bill, "same"))).await;
    let first = answers.first().unwrap().clone().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == &first));
    assert_eq!((t.count("payment").await, t.count("idempotency").await), (1, 1));
}

#[tokio::test]
async fn a_replay_is_the_first_answer_even_when_the_payment_has_moved_on() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let first = t.pay(&bill, "k").await.unwrap();
    t.until(&first.payment_id, proto::payments::v1::PaymentState::ActionRequired).await;
    assert_eq!(t.pay(&bill, "k").await.unwrap(), first);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let t = Stack::start().await;
    let (one, other) = (t.bill(1, 5_000), t.bill(2, 6_000));
    t.pay(&one, "k").await.unwrap();
    assert_eq!(t.pay(&other, "k").await.unwrap_err().code, "idempotency_key_reused");
    assert_eq!(t.count("payment").await, 1);
}

#[tokio::test]
async fn twins_and_a_stranger_in_one_batch() {
    let t = Stack::start_with(&["--payments-lanes", "1"]).await;
    let (held, bill, other) = (t.bill(1, 5_000), t.bill(2, 6_000), t.bill(3, 7_000));
    t.receivable(&held).await;
    t.receivable(&bill).await;
    t.receivable(&other).await;
    // The lane waits at the first bill's row; what comes meanwhile makes one batch.
    let gate = t.gate(&held).await;
    let first = t.pay(&held, "first");
    let rest = async {
        t.waiting(1).await;
        let pays = [t.pay(&bill, "twin"), t.pay(&bill, "twin"), t.pay(&other, "twin")];
        let in_lane = async {
            crate::engine::until_waiting_in_lane(&t, 3).await;
            drop(gate);
        };
        tokio::join!(join_all(pays), in_lane).0
    };
    let (first, rest) = tokio::join!(first, rest);
    first.unwrap();
    let [a, b, stranger] = <[_; 3]>::try_from(rest).unwrap();
    assert_eq!(a.unwrap(), b.unwrap());
    assert_eq!(stranger.unwrap_err().code, "idempotency_key_reused");
    assert_eq!((t.count("payment").await, t.count("idempotency").await), (2, 2));
}

#[tokio::test]
async fn a_key_is_forgotten_after_thirty_days_and_then_the_bill_answers() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let first = t.record(&bill, 5_000, "POS-1").await.unwrap();
    let days = |n: u64| Duration::from_hours(24 * n);
    t.env.clock.advance(days(29));
    assert_eq!(t.record(&bill, 5_000, "POS-1").await.unwrap(), first);
    t.env.clock.advance(days(2));
    wait_for("the key to be forgotten", SOON, async || (t.count("idempotency").await == 0).then_some(()))
        .await;
    // The provider's movement is known for ever.
    let again = t.record(&bill, 5_000, "POS-1").await.unwrap();
    assert_eq!(again.payment_id, first.payment_id);
    assert_eq!(t.count("journal").await, 1);
}

#[tokio::test]
async fn a_twin_at_another_replica_hears_the_first_answer_and_no_refusal() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.receivable(&bill).await;
    let other = t.replica().await;
    // Both have read that nobody used the key, and wait for the bill.
    let gate = t.gate(&bill).await;
    let twin = async {
        let call = boot::Call::by("client:test").with_key("same").request(Stack::request(&bill)).unwrap();
        other.clone().start_payment(call).await.unwrap().into_inner().payment.unwrap()
    };
    let open = async {
        t.waiting(2).await;
        drop(gate);
    };
    let (first, second, ()) = tokio::join!(t.pay(&bill, "same"), twin, open);
    assert_eq!(first.unwrap(), second);
    assert_eq!(t.count("payment").await, 1);
}
