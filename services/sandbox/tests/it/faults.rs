//! Each fault does to book, answer and callback exactly what its name says.

use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn silent_after_applying_pays_and_closes_without_an_answer() {
    let w = World::start().await;
    w.arm("silent_after_applying", 0).await;
    let error = w.try_collect("PI-1", "5.250").await.unwrap_err();
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");

    let line = w.charge("PI-1").await.unwrap();
    assert_eq!((&line["state"], &line["amount_fils"]), (&json!("paid"), &json!(5250)));
    assert_eq!(w.inquire("PI-1").await.get("status"), "SUCCESS");
    assert!(w.told.so_far().is_empty(), "only an inquiry tells");
    // Asked again, it answers: the fault was for the first.
    assert_eq!(w.collect("PI-1", "5.250").await.get("status"), "SUCCESS");
}

#[tokio::test]
async fn error_then_applied_answers_500_and_pays() {
    let w = World::start().await;
    w.arm("error_then_applied", 0).await;
    assert_eq!(w.try_collect("PI-1", "5.250").await.unwrap().status(), 500);
    assert_eq!(w.charge("PI-1").await.unwrap()["state"], "paid");
    assert_eq!(w.inquire("PI-1").await.get("status"), "SUCCESS");
    assert!(w.told.so_far().is_empty(), "only an inquiry tells");
}

#[tokio::test]
async fn callback_before_answer_tells_while_the_call_waits() {
    let w = World::start().await;
    w.arm("callback_before_answer", 0).await;
    let answer = w.try_collect("PI-1", "5.250").await.unwrap();
    let told = w.told.so_far();
    assert_eq!(told.len(), 1, "told before the answer");
    assert_eq!(told[0]["status"], "SUCCESS");
    assert_eq!(crate::harness::read(answer).await.get("status"), "SUCCESS");
    assert_eq!(w.charge("PI-1").await.unwrap()["state"], "paid");
}

#[tokio::test]
async fn callback_twice_tells_the_same_twice() {
    let w = World::start().await;
    w.arm("callback_twice", 0).await;
    w.collect("PI-1", "5.250").await;
    w.press("PI-1", "approve").await;
    let told = w.told.times(2).await;
    assert_eq!(told[0], told[1]);
    assert_eq!(w.charge("PI-1").await.unwrap()["amount_fils"], 5250);
}

#[tokio::test]
async fn callback_late_tells_after_its_delay() {
    let w = World::start().await;
    w.arm("callback_late", 700).await;
    w.collect("PI-1", "5.250").await;
    let begun = w.env.clock.monotonic();
    w.press("PI-1", "approve").await;
    assert_eq!(w.inquire("PI-1").await.get("status"), "SUCCESS");
    w.told.times(1).await;
    assert!(w.env.clock.monotonic() >= begun + std::time::Duration::from_millis(700));
}

#[tokio::test]
async fn callback_wrong_amount_lies_only_in_the_callback() {
    let w = World::start().await;
    w.arm("callback_wrong_amount", 0).await;
    w.collect("PI-1", "5.250").await;
    w.press("PI-1", "approve").await;
    assert_eq!(w.told.times(1).await[0]["amount"], "6.250");
    assert_eq!(w.inquire("PI-1").await.get("amount"), "5.250");
    assert_eq!(w.charge("PI-1").await.unwrap()["amount_fils"], 5250);
}

#[tokio::test]
async fn charge_wrong_amount_takes_another_amount_and_says_so() {
    let w = World::start().await;
    w.arm("charge_wrong_amount", 0).await;
    assert_eq!(w.collect("PI-1", "5.250").await.get("amount"), "5.250");
    w.press("PI-1", "approve").await;
    assert_eq!(w.inquire("PI-1").await.get("amount"), "6.250");
    let line = w.charge("PI-1").await.unwrap();
    assert_eq!((&line["asked_fils"], &line["amount_fils"]), (&json!(5250), &json!(6250)));
}

#[tokio::test]
async fn a_fault_is_for_one_charge_of_one_bill_and_an_unknown_one_is_refused() {
    let w = World::start().await;
    w.arm("error_then_applied", 0).await;
    assert_eq!(w.try_collect("PI-1", "5.250").await.unwrap().status(), 500);
    assert_eq!(w.collect("PI-2", "5.250").await.get("status"), "PENDING");

    let url = format!("{}/control/wallet/faults", w.base);
    let body = json!({ "bill_reference": "TRF-1", "fault": "explode" });
    let refused = w.http.post(url).json(&body).send().await.unwrap();
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("silent_after_applying"));
}
