//! Money goes back: each way such a call can end, and what it is called.

use proto::{
    common::v1::Money,
    wallet::v1::{InquireRefundRequest, ObservedState, RefundRequest},
};

use crate::harness::{REFERENCE, REFUND, REFUND_REFERENCE, Script, Stack, doubt, not_sent, observed};

fn fils(minor_units: i64) -> Money {
    Money { currency: "BHD".to_owned(), minor_units }
}

#[tokio::test]
async fn a_refund_is_asked_by_our_reference_and_observed_with_the_providers() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "REFUNDED", "2.000"));
    let done = observed(t.refund().await);
    assert_eq!((done.state(), done.amount.clone()), (ObservedState::Refunded, Some(fils(2_000))));
    assert_eq!(done.provider_reference, "BR0001", "the movement, not the charge");
    assert_eq!((done.redirect_url.as_str(), done.qr_payload.as_str()), ("", ""));
    assert_eq!(observed(t.inquire_refund().await), done);

    let heard = t.provider.heard();
    let order = heard.first().unwrap();
    for (name, value) in [
        ("merchant_id", "TESTMERCH"),
        ("reference_id", REFUND_REFERENCE),
        ("original_reference_id", REFERENCE),
        ("payment_id", "BP0001"),
        ("amount", "2.000"),
        ("currency", "BHD"),
    ] {
        assert_eq!(order[name], value);
    }
    assert_eq!(heard.last().unwrap()["reference_id"], REFUND_REFERENCE);
    let mut evidence = t.evidence().await;
    evidence.sort();
    let row = |kind: &str| (kind.to_owned(), Some("observed".to_owned()), true);
    assert_eq!(evidence, [row("inquire_refund"), row("refund")]);
    assert_eq!(t.count("SELECT count(*) FROM provider_exchange WHERE observed_state = 'refunded'").await, 2);
}

#[tokio::test]
async fn definite_words_of_a_refund_are_observations() {
    let t = Stack::start().await;
    for (status, code, state) in [
        ("SUCCESS", "REFUNDED", ObservedState::Refunded),
        ("FAILED", "AMOUNT_EXCEEDS_PAID", ObservedState::Declined),
        ("PENDING", "PENDING", ObservedState::Pending),
    ] {
        t.provider.play(Script::Says(status, code, "2.000"));
        for seen in [observed(t.refund().await), observed(t.inquire_refund().await)] {
            assert_eq!((seen.state(), seen.amount), (state, Some(fils(2_000))));
            assert_eq!(seen.reason, if state == ObservedState::Declined { code } else { "" });
            assert_eq!((seen.redirect_url.as_str(), seen.qr_payload.as_str()), ("", ""));
        }
    }
    t.provider.play(Script::Refuses("NOT_FOUND"));
    let seen = observed(t.inquire_refund().await);
    assert_eq!((seen.state(), seen.amount), (ObservedState::NotFound, None));
    // It is no answer to an order.
    assert_eq!(doubt(t.refund().await), "provider_said_NOT_FOUND");
    // Another amount passes as the provider says it.
    t.provider.play(Script::Says("SUCCESS", "REFUNDED", "1.000"));
    assert_eq!(observed(t.refund().await).amount, Some(fils(1_000)));
}

#[tokio::test]
async fn whatever_is_not_exactly_an_answer_about_the_refund_is_indeterminate() {
    let t = Stack::start().await;
    for (script, reason) in [
        (Script::Code(500), "http_500"),
        (Script::Text("{}"), "answer_malformed"),
        (Script::WronglySigned, "answer_signature_wrong"),
        (Script::OtherReference, "answer_of_another_reference"),
        (Script::OtherCharge, "answer_of_another_reference"),
        (Script::Says("SUCCESS", "REFUNDED", "2.00"), "answer_malformed"),
        (Script::ReversedUnknown, "answer_malformed"),
        // Words about a charge are no words about a refund.
        (Script::Says("SUCCESS", "CAPTURED", "2.000"), "provider_said_CAPTURED"),
        (Script::Says("EXPIRED", "EXPIRED", "2.000"), "provider_said_EXPIRED"),
        (Script::Refuses("REFERENCE_REUSED"), "provider_said_REFERENCE_REUSED"),
        (Script::Huge, "answer_too_long"),
        (Script::Hangs, "timeout"),
    ] {
        t.provider.play(script);
        assert_eq!(doubt(t.refund().await), reason);
    }
    // Nor are words about a refund words about a charge.
    t.provider.play(Script::Says("SUCCESS", "REFUNDED", "5.250"));
    assert_eq!(doubt(t.inquire().await), "provider_said_REFUNDED");
    assert_eq!(t.provider.heard().len(), 13, "each was sent once");
    assert!(t.evidence().await.iter().all(|(_, outcome, _)| outcome.as_deref() == Some("indeterminate")));
}

#[tokio::test]
async fn silent_after_applying_is_indeterminate_and_the_inquiry_tells() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "REFUNDED", "2.000"));
    t.proxy.drop_answers(1);
    assert_eq!(doubt(t.refund().await), "connection_lost");
    assert_eq!(t.provider.heard().len(), 1, "it was applied, and not sent again");
    let row = ("refund".to_owned(), Some("indeterminate".to_owned()), false);
    assert_eq!(t.evidence().await, [row]);
    assert_eq!(observed(t.inquire_refund().await).state(), ObservedState::Refunded);
}

#[tokio::test]
async fn the_refund_is_evidence_before_it_leaves_and_what_is_not_kept_is_not_believed() {
    let t = Stack::start().await;
    t.provider.play(Script::Hangs);
    let (outcome, while_asking) = tokio::join!(t.refund(), t.while_asking());
    assert_eq!(while_asking, [("refund".to_owned(), None, false)]);
    assert_eq!(doubt(outcome), "timeout");

    t.provider.play(Script::Says("SUCCESS", "REFUNDED", "2.000"));
    let mut tx = t.env.pg.begin().await.unwrap();
    let refuse = "ALTER TABLE provider_exchange ADD CONSTRAINT none_ends CHECK (ended_at IS NULL) NOT VALID";
    sqlx::raw_sql(refuse).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(doubt(t.refund().await), "evidence_not_kept");
}

#[tokio::test]
async fn a_refund_that_met_nobody_is_not_sent_only_while_no_copy_of_it_ever_left() {
    let t = Stack::start().await;
    let mut lonely = t.lonely().await;
    let mut refund = async |id: &str| {
        let order = RefundRequest { refund_id: id.to_owned(), ..Stack::refund_order() };
        lonely.refund(order).await.unwrap().into_inner().outcome.unwrap().kind.unwrap()
    };
    // The charge of the same attempt left; that says nothing of its refunds.
    t.initiate().await;
    assert!(not_sent(&refund(REFUND).await));
    assert!(not_sent(&refund(REFUND).await), "still nothing was sent");
    t.provider.play(Script::Code(500));
    assert_eq!(doubt(t.refund().await), "http_500");
    assert_eq!(doubt(refund(REFUND).await), "an_earlier_call_may_have_arrived");
    let another = "019b1d2e-7a3b-7c4d-8e5f-000000000002";
    assert!(not_sent(&refund(another).await), "another refund of the attempt never left");
}

#[tokio::test]
async fn a_wrong_refund_is_refused_before_anything_is_sent() {
    let t = Stack::start().await;
    let refused = async |order: RefundRequest| {
        let status = t.wallet.clone().refund(order).await.unwrap_err();
        let problem = boot::Problem::from_status(&status);
        (problem.code.to_string(), problem.field.unwrap_or_default())
    };
    let said = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    let order = Stack::refund_order;
    let unknown = RefundRequest { provider: "other".to_owned(), ..order() };
    assert_eq!(refused(unknown).await, said("provider_unknown", "provider"));
    for amount in [0, -1, 10_000_001] {
        let outside = RefundRequest { amount: Some(fils(amount)), ..order() };
        assert_eq!(refused(outside).await, said("amount_outside_limits", "amount"));
    }
    let no_id = RefundRequest { refund_id: "1".to_owned(), ..order() };
    assert_eq!(refused(no_id).await, said("invalid_id", "refund_id"));
    let no_attempt = RefundRequest { attempt_id: "1".to_owned(), ..order() };
    assert_eq!(refused(no_attempt).await, said("invalid_id", "attempt_id"));

    let inquiry = InquireRefundRequest { provider: "other".to_owned(), refund_id: REFUND.to_owned() };
    let status = t.wallet.clone().inquire_refund(inquiry).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&status).code, "provider_unknown");
    assert!(t.provider.heard().is_empty() && t.evidence().await.is_empty());
}

#[tokio::test]
async fn a_repeated_refund_carries_the_same_reference() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "REFUNDED", "2.000"));
    assert_eq!(observed(t.refund().await), observed(t.refund().await));
    let heard = t.provider.heard();
    assert_eq!((heard.len(), heard.first()), (2, heard.last()));
}
