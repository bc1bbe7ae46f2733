//! A reversed reference is never paid, and a paid one is never reversed.

use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn a_late_order_of_a_reference_that_was_reversed_unknown_is_declined() {
    let w = World::start().await;
    let reversed = w.reverse("PI-1").await;
    assert_eq!((reversed.meta.as_str(), reversed.get("status")), ("SUCCESS", "FAILED"));
    assert_eq!((reversed.get("code"), reversed.get("reference_id")), ("REVERSED", "PI-1"));
    assert_eq!((reversed.get("amount"), reversed.get("redirect_url")), ("", ""));
    assert_eq!(w.reverse("PI-1").await.response, reversed.response, "a repeat says the same");

    // Even a fault that pays at once does not pay it.
    w.arm("silent_after_applying", 0).await;
    for amount in ["5.250", "1.000"] {
        assert_eq!(w.collect("PI-1", amount).await.response, reversed.response);
    }
    assert_eq!(w.press("PI-1", "approve").await, 409);
    assert_eq!(w.inquire("PI-1").await.response, reversed.response);
    let line = w.charge("PI-1").await.unwrap();
    assert_eq!((&line["state"], &line["amount_fils"]), (&json!("reversed"), &json!(0)));
    assert!(w.told.so_far().is_empty(), "the merchant knows what it reversed");
}

#[tokio::test]
async fn an_unpaid_charge_is_reversed_and_can_no_longer_be_paid() {
    let w = World::start().await;
    w.collect("PI-1", "5.250").await;
    let reversed = w.reverse("PI-1").await;
    assert_eq!((reversed.get("status"), reversed.get("code")), ("FAILED", "REVERSED"));
    assert_eq!(w.press("PI-1", "approve").await, 409);
    assert_eq!(w.collect("PI-1", "5.250").await.response, reversed.response);

    w.collect("PI-2", "5.250").await;
    w.press("PI-2", "decline").await;
    assert_eq!(w.reverse("PI-2").await.get("code"), "REVERSED");
    for reference in ["PI-1", "PI-2"] {
        let line = w.charge(reference).await.unwrap();
        assert_eq!((&line["state"], &line["applied_at"]), (&json!("reversed"), &json!(null)));
    }
}

#[tokio::test]
async fn a_paid_charge_answers_that_it_is_paid() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    let line = w.charge("PI-1").await.unwrap();
    let late = w.reverse("PI-1").await;
    assert_eq!((late.get("status"), late.get("code")), ("SUCCESS", "CAPTURED"));
    assert_eq!((late.get("amount"), late.get("payment_id")), ("5.250", payment_id.as_str()));
    assert_eq!(w.charge("PI-1").await.unwrap(), line);
}

#[tokio::test]
async fn an_order_and_a_reversal_at_once_end_in_one_way() {
    let w = World::start().await;
    for turn in 0..20 {
        let reference = format!("PI-{turn}");
        w.arm("callback_twice", 0).await;
        let (ordered, reversed) = tokio::join!(w.collect(&reference, "5.250"), w.reverse(&reference));
        assert_eq!(reversed.get("code"), "REVERSED", "{ordered:?}");
        assert_eq!(w.press(&reference, "approve").await, 409);
        assert_eq!(w.charge(&reference).await.unwrap()["state"], "reversed");

        // A charge that is paid at once is either paid for both or for neither.
        let reference = format!("PI-AT-ONCE-{turn}");
        w.arm("callback_before_answer", 0).await;
        let (ordered, reversed) = tokio::join!(w.collect(&reference, "5.250"), w.reverse(&reference));
        assert_eq!(ordered.get("code"), reversed.get("code"));
        let paid = reversed.get("code") == "CAPTURED";
        let state = if paid { "paid" } else { "reversed" };
        assert_eq!(w.charge(&reference).await.unwrap()["state"], state);
    }
}

#[tokio::test]
async fn a_reversal_is_refused_only_for_what_is_no_reference() {
    let w = World::start().await;
    for reference in ["", "PI 1", &"X".repeat(65)] {
        assert_eq!(w.reverse(reference).await.get("code"), "BAD_REQUEST");
    }
}
