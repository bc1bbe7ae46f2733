//! Money is held and taken later: each way such a call can end, and what it is called.

use proto::{
    common::v1::Money,
    wallet::v1::{CaptureRequest, InitiateRequest, ObservedState},
};

use crate::harness::{ATTEMPT, REFERENCE, Script, Stack, doubt, not_sent, observed};

fn fils(minor_units: i64) -> Money {
    Money { currency: "BHD".to_owned(), minor_units }
}

#[tokio::test]
async fn an_order_says_that_money_is_only_held_and_only_then() {
    let t = Stack::start().await;
    t.initiate().await;
    t.provider.play(Script::Says("SUCCESS", "AUTHORIZED", "5.250"));
    let order = InitiateRequest { authorise_only: true, ..Stack::order() };
    let answer = t.wallet.clone().initiate(order).await.unwrap().into_inner();
    let held = observed(answer.outcome.unwrap().kind.unwrap());
    assert_eq!((held.state(), held.amount.clone()), (ObservedState::Authorised, Some(fils(5_250))));
    assert_eq!((held.provider_reference.as_str(), held.reason.as_str()), ("BP0001", ""));
    assert_eq!((held.redirect_url.as_str(), held.qr_payload.as_str()), ("", ""));
    assert_eq!(observed(t.inquire().await), held);

    let heard = t.provider.heard();
    let modes: Vec<_> = heard.iter().map(|order| order.get("captureMode").map(String::as_str)).collect();
    assert_eq!(modes, [None, Some("MANUAL"), None]);
    let held = "SELECT count(*) FROM provider_exchange WHERE observed_state = 'authorised'";
    assert_eq!(t.count(held).await, 2);
}

#[tokio::test]
async fn a_capture_is_asked_by_our_reference_and_says_what_was_taken() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "2.000"));
    let taken = observed(t.capture().await);
    assert_eq!((taken.state(), taken.amount.clone()), (ObservedState::Paid, Some(fils(2_000))));
    assert_eq!(taken.provider_reference, "BP0001");
    assert_eq!((taken.redirect_url.as_str(), taken.qr_payload.as_str()), ("", ""));
    assert_eq!(observed(t.capture().await), taken);
    assert_eq!(observed(t.inquire().await), taken);

    let heard = t.provider.heard();
    let order = heard.first().unwrap();
    for (name, value) in [
        ("merchant_id", "TESTMERCH"),
        ("reference_id", REFERENCE),
        ("payment_id", "BP0001"),
        ("amount", "2.000"),
        ("currency", "BHD"),
    ] {
        assert_eq!(order[name], value);
    }
    assert_eq!((order.len(), Some(order)), (5, heard.get(1)), "repeated, it is the same");
    let row = |kind: &str| (kind.to_owned(), Some("observed".to_owned()), true);
    let mut evidence = t.evidence().await;
    evidence.sort();
    assert_eq!(evidence, [row("capture"), row("capture"), row("inquire")]);
}

#[tokio::test]
async fn definite_words_of_a_capture_are_observations() {
    let t = Stack::start().await;
    for (status, code, state) in [
        ("SUCCESS", "CAPTURED", ObservedState::Paid),
        ("SUCCESS", "AUTHORIZED", ObservedState::Authorised),
        ("PENDING", "PENDING", ObservedState::Pending),
        ("FAILED", "DECLINED_BY_PAYER", ObservedState::Declined),
        ("EXPIRED", "EXPIRED", ObservedState::Expired),
        ("FAILED", "REVERSED", ObservedState::Reversed),
    ] {
        // The amount passes as the provider says it.
        t.provider.play(Script::Says(status, code, "1.000"));
        let seen = observed(t.capture().await);
        assert_eq!((seen.state(), seen.amount), (state, Some(fils(1_000))));
        assert_eq!(seen.reason, if state == ObservedState::Declined { code } else { "" });
        assert_eq!(seen.qr_payload, "");
    }
    t.provider.play(Script::ReversedUnknown);
    let over = observed(t.capture().await);
    assert_eq!((over.state(), over.amount), (ObservedState::Reversed, None));
    // An inquiry after money that was let go says what it says of any attempt that was given up.
    let over = observed(t.inquire().await);
    assert_eq!((over.state(), over.reason.as_str()), (ObservedState::Declined, "REVERSED"));
}

#[tokio::test]
async fn whatever_is_not_exactly_an_answer_to_the_capture_is_indeterminate() {
    let t = Stack::start().await;
    for (script, reason) in [
        (Script::Code(500), "http_500"),
        (Script::Text("{}"), "answer_malformed"),
        (Script::WronglySigned, "answer_signature_wrong"),
        (Script::OtherReference, "answer_of_another_reference"),
        (Script::Says("SUCCESS", "CAPTURED", "2.00"), "answer_malformed"),
        (Script::Says("SUCCESS", "REFUNDED", "2.000"), "provider_said_REFUNDED"),
        // That the money is held is no answer to any other code.
        (Script::Says("PENDING?", "AUTHORIZED", "2.000"), "provider_said_AUTHORIZED"),
        // A refusal says nothing of what is held, and "not found" is no answer to a call that changes something.
        (Script::Refuses("AMOUNT_EXCEEDS_HELD"), "provider_said_AMOUNT_EXCEEDS_HELD"),
        (Script::Refuses("NOT_FOUND"), "provider_said_NOT_FOUND"),
        (Script::Hangs, "timeout"),
    ] {
        t.provider.play(script);
        assert_eq!(doubt(t.capture().await), reason);
    }
    assert_eq!(t.provider.heard().len(), 10, "each was sent once");
    assert!(t.evidence().await.iter().all(|(_, outcome, _)| outcome.as_deref() == Some("indeterminate")));

    // Held money is not what a reversal or a refund is about.
    t.provider.play(Script::Says("SUCCESS", "AUTHORIZED", "5.250"));
    for kind in [t.reverse().await, t.refund().await, t.inquire_refund().await] {
        assert_eq!(doubt(kind), "provider_said_AUTHORIZED");
    }
}

#[tokio::test]
async fn a_capture_whose_answer_was_lost_is_told_by_the_same_capture_again() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "2.000"));
    t.proxy.drop_answers(1);
    assert_eq!(doubt(t.capture().await), "connection_lost");
    assert_eq!(t.provider.heard().len(), 1, "it was applied, and not sent again");
    let row = ("capture".to_owned(), Some("indeterminate".to_owned()), false);
    assert_eq!(t.evidence().await, [row]);
    assert_eq!(observed(t.capture().await).state(), ObservedState::Paid);
}

#[tokio::test]
async fn the_capture_is_evidence_before_it_leaves() {
    let t = Stack::start().await;
    t.provider.play(Script::Hangs);
    let (outcome, while_asking) = tokio::join!(t.capture(), t.while_asking());
    assert_eq!(while_asking, [("capture".to_owned(), None, false)]);
    assert_eq!(doubt(outcome), "timeout");
}

#[tokio::test]
async fn a_capture_that_met_nobody_is_not_sent_only_while_no_copy_of_it_ever_left() {
    let t = Stack::start().await;
    let mut lonely = t.lonely().await;
    let mut capture = async || {
        let answer = lonely.capture(Stack::capture_order()).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    };
    // The order of the same attempt left; that says nothing of its capture.
    t.initiate().await;
    assert!(not_sent(&capture().await));
    assert!(not_sent(&capture().await), "still nothing was sent");
    t.provider.play(Script::Code(500));
    assert_eq!(doubt(t.capture().await), "http_500");
    assert_eq!(doubt(capture().await), "an_earlier_call_may_have_arrived");
}

#[tokio::test]
async fn a_wrong_capture_is_refused_before_anything_is_sent() {
    let t = Stack::start().await;
    let refused = async |order: CaptureRequest| {
        let status = t.wallet.clone().capture(order).await.unwrap_err();
        let problem = boot::Problem::from_status(&status);
        (problem.code.to_string(), problem.field.unwrap_or_default())
    };
    let said = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    let order = Stack::capture_order;
    let unknown = CaptureRequest { provider: "other".to_owned(), ..order() };
    assert_eq!(refused(unknown).await, said("provider_unknown", "provider"));
    for amount in [0, -1, 10_000_001] {
        let outside = CaptureRequest { amount: Some(fils(amount)), ..order() };
        assert_eq!(refused(outside).await, said("amount_outside_limits", "amount"));
    }
    let no_id = CaptureRequest { attempt_id: ATTEMPT.to_uppercase() + "0", ..order() };
    assert_eq!(refused(no_id).await, said("invalid_id", "attempt_id"));
    assert!(t.provider.heard().is_empty() && t.evidence().await.is_empty());
}
