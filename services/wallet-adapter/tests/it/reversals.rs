//! An attempt is given up: it is over, it was paid before, or nobody knows.

use proto::{
    common::v1::Money,
    wallet::v1::{ObservedState, ReverseRequest},
};

use crate::harness::{ATTEMPT, REFERENCE, Script, Stack, doubt, not_sent, observed};

#[tokio::test]
async fn a_reversal_ends_in_reversed_or_in_paid() {
    let t = Stack::start().await;
    t.provider.play(Script::ReversedUnknown);
    let over = observed(t.reverse().await);
    assert_eq!((over.state(), over.amount), (ObservedState::Reversed, None));
    assert_eq!(t.provider.heard().first().unwrap()["reference_id"], REFERENCE);

    t.provider.play(Script::Says("FAILED", "REVERSED", "5.250"));
    assert_eq!(observed(t.reverse().await).state(), ObservedState::Reversed);

    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "5.250"));
    let late = observed(t.reverse().await);
    assert_eq!((late.state(), late.provider_reference.as_str()), (ObservedState::Paid, "BP0001"));
    assert_eq!(late.amount, Some(Money { currency: "BHD".to_owned(), minor_units: 5_250 }));
    let row = ("reverse".to_owned(), Some("observed".to_owned()), true);
    assert_eq!(t.evidence().await, [row.clone(), row.clone(), row]);
}

#[tokio::test]
async fn an_order_after_a_reversal_is_declined() {
    let t = Stack::start().await;
    t.provider.play(Script::ReversedUnknown);
    for seen in [observed(t.initiate().await), observed(t.inquire().await)] {
        assert_eq!((seen.state(), seen.reason.as_str()), (ObservedState::Declined, "REVERSED"));
        assert_eq!((seen.amount, seen.qr_payload.as_str()), (None, ""));
    }
}

#[tokio::test]
async fn whatever_does_not_settle_the_attempt_is_indeterminate() {
    let t = Stack::start().await;
    for (script, reason) in [
        (Script::Says("PENDING", "PENDING", "5.250"), "provider_said_PENDING"),
        (Script::Says("FAILED", "DECLINED_BY_PAYER", "5.250"), "provider_said_DECLINED_BY_PAYER"),
        (Script::Says("EXPIRED", "EXPIRED", "5.250"), "provider_said_EXPIRED"),
        (Script::Refuses("NOT_FOUND"), "provider_said_NOT_FOUND"),
        (Script::Says("SUCCESS", "CAPTURED", ""), "answer_malformed"),
        (Script::WronglySigned, "answer_signature_wrong"),
        (Script::OtherReference, "answer_of_another_reference"),
        (Script::Code(503), "http_503"),
        (Script::Hangs, "timeout"),
    ] {
        t.provider.play(script);
        assert_eq!(doubt(t.reverse().await), reason);
    }
    assert_eq!(t.provider.heard().len(), 9, "each was sent once");
}

#[tokio::test]
async fn a_reversal_whose_answer_was_lost_is_indeterminate_and_can_be_repeated() {
    let t = Stack::start().await;
    let mut lonely = t.lonely().await;
    let request = ReverseRequest { provider: "benefit-pay".to_owned(), attempt_id: ATTEMPT.to_owned() };
    let mut reverse = async || {
        let answer = lonely.reverse(request.clone()).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    };
    assert!(not_sent(&reverse().await));
    t.provider.play(Script::ReversedUnknown);
    t.proxy.drop_answers(1);
    assert_eq!(doubt(t.reverse().await), "connection_lost");
    assert_eq!(doubt(reverse().await), "an_earlier_call_may_have_arrived");
    assert_eq!(observed(t.reverse().await).state(), ObservedState::Reversed);

    let unknown = ReverseRequest { provider: "other".to_owned(), attempt_id: ATTEMPT.to_owned() };
    let status = t.wallet.clone().reverse(unknown).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&status).code, "provider_unknown");
}
