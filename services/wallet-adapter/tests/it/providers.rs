//! Each way a call can end, and what it is called.

use proto::{
    common::v1::Money,
    wallet::v1::{InitiateRequest, ObservedState, outcome::Kind},
};
use standards::emv_qr;
use testkit::wait_for;
use tonic::Code;

use crate::harness::{ATTEMPT, REFERENCE, SOON, Script, Stack, doubt, not_sent, observed};

#[tokio::test]
async fn a_pending_payment_has_a_page_and_a_code() {
    let t = Stack::start().await;
    let seen = observed(t.initiate().await);
    assert_eq!(seen.state(), ObservedState::Pending);
    assert_eq!(
        (seen.redirect_url.as_str(), seen.provider_reference.as_str()),
        ("http://wallet.test/pay", "BP0001")
    );
    let bill = emv_qr::parse(&seen.qr_payload).unwrap().to_bill().unwrap();
    assert_eq!(
        (bill.bill.as_str(), bill.amount.as_str(), bill.agency.as_str()),
        ("TRF-2026-000123", "5.250", "TRF")
    );
    assert_eq!(bill.reference.unwrap().len(), 25);
    // An inquiry finds the code again: the first answer may have been lost.
    assert_eq!(observed(t.inquire().await).qr_payload, seen.qr_payload);

    let heard = t.provider.heard();
    let order = heard.first().unwrap();
    assert_eq!(order["referenceNumber"], REFERENCE);
    assert_eq!(order["transactionAmount"], "5.250");
    assert_eq!(order["callbackUrl"], format!("http://{}/callbacks/benefit-pay", t.running.http));
}

#[tokio::test]
async fn a_bill_whose_reference_is_too_long_for_a_code_is_paid_without_one() {
    let t = Stack::start().await;
    let long = InitiateRequest { bill_reference: "LONGCODE-2026-1000001-Y33JJ".to_owned(), ..Stack::order() };
    let answer = t.wallet.clone().initiate(long).await.unwrap();
    let seen = observed(answer.into_inner().outcome.unwrap().kind.unwrap());
    assert_eq!((seen.state(), seen.qr_payload.as_str()), (ObservedState::Pending, ""));
    assert_eq!(seen.redirect_url, "http://wallet.test/pay");
}

#[tokio::test]
async fn definite_words_are_observations() {
    let t = Stack::start().await;
    for (status, code, state) in [
        ("SUCCESS", "CAPTURED", ObservedState::Paid),
        ("FAILED", "LIMIT", ObservedState::Declined),
        ("EXPIRED", "EXPIRED", ObservedState::Expired),
        ("PENDING", "PENDING", ObservedState::Pending),
    ] {
        t.provider.play(Script::Says(status, code, "5.250"));
        let seen = observed(t.inquire().await);
        assert_eq!(seen.state(), state);
        assert_eq!(seen.amount, Some(Money { currency: "BHD".to_owned(), minor_units: 5_250 }));
        assert_eq!(seen.reason, if state == ObservedState::Declined { "LIMIT" } else { "" });
    }
    t.provider.play(Script::Refuses("NOT_FOUND"));
    let seen = observed(t.inquire().await);
    assert_eq!((seen.state(), seen.amount), (ObservedState::NotFound, None));
    // It is no answer to an order.
    assert_eq!(doubt(t.initiate().await), "provider_said_NOT_FOUND");
}

#[tokio::test]
async fn a_wrong_amount_passes_as_the_provider_says_it() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "6.250"));
    let amount = observed(t.inquire().await).amount.unwrap();
    assert_eq!(amount.minor_units, 6_250);
}

#[tokio::test]
async fn no_connection_is_not_sent_and_only_while_nothing_was_ever_sent() {
    let t = Stack::start().await;
    let mut lonely = t.lonely().await;
    let mut initiate = async || {
        let answer = lonely.initiate(Stack::order()).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    };
    assert!(not_sent(&initiate().await));
    assert!(not_sent(&initiate().await), "still nothing was sent");

    t.provider.play(Script::Code(500));
    assert_eq!(doubt(t.initiate().await), "http_500");
    assert_eq!(doubt(initiate().await), "an_earlier_call_may_have_arrived");
    let sent = Some("not_sent".to_owned());
    assert_eq!(t.evidence().await.iter().filter(|(_, outcome, _)| *outcome == sent).count(), 2);
}

#[tokio::test]
async fn applied_and_then_reset_is_indeterminate_and_leaves_evidence() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "5.250"));
    t.proxy.drop_answers(1);
    assert_eq!(doubt(t.initiate().await), "connection_lost");
    assert_eq!(t.provider.heard().len(), 1, "it was applied, and not sent again");
    let row = ("initiate".to_owned(), Some("indeterminate".to_owned()), false);
    assert_eq!(t.evidence().await, [row]);
    // The truth is one inquiry away.
    assert_eq!(observed(t.inquire().await).state(), ObservedState::Paid);
}

#[tokio::test]
async fn whatever_is_not_exactly_an_answer_is_indeterminate() {
    let t = Stack::start().await;
    for (script, reason) in [
        (Script::Code(500), "http_500"),
        (Script::Code(404), "http_404"),
        (Script::Code(302), "http_302"),
        (Script::Text("<html>"), "answer_malformed"),
        (Script::Text("{}"), "answer_malformed"),
        (Script::WronglySigned, "answer_signature_wrong"),
        (Script::OtherReference, "answer_of_another_reference"),
        (Script::Says("SUCCESS", "CAPTURED", "5.2500"), "answer_malformed"),
        (Script::Says("SUCCESS", "APPROVED?", "5.250"), "provider_said_APPROVED?"),
        (Script::Refuses("REFERENCE_REUSED"), "provider_said_REFERENCE_REUSED"),
        (Script::Huge, "answer_too_long"),
        (Script::Hangs, "timeout"),
    ] {
        t.provider.play(script);
        assert_eq!(doubt(t.initiate().await), reason);
    }
    assert_eq!(t.provider.heard().len(), 12, "each was sent once");
    assert!(t.evidence().await.iter().all(|(_, outcome, _)| outcome.as_deref() == Some("indeterminate")));
}

#[tokio::test]
async fn the_request_is_evidence_before_it_leaves() {
    let t = Stack::start().await;
    t.provider.play(Script::Hangs);
    let (outcome, while_asking) = tokio::join!(t.initiate(), t.while_asking());
    assert_eq!(while_asking, [("initiate".to_owned(), None, false)]);
    assert_eq!(doubt(outcome), "timeout");
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_stop_the_call() {
    let t = Stack::start().await;
    t.proxy.delay(200);
    let mut request = tonic::Request::new(Stack::order());
    request.set_timeout(std::time::Duration::from_millis(50));
    t.wallet.clone().initiate(request).await.unwrap_err();
    wait_for("the evidence is complete", SOON, async || {
        let evidence = t.evidence().await;
        evidence.iter().any(|(_, outcome, _)| outcome.as_deref() == Some("observed")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_believed() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "5.250"));
    let mut tx = t.env.pg.begin().await.unwrap();
    let refuse = "ALTER TABLE provider_exchange ADD CONSTRAINT nothing_ends CHECK (ended_at IS NULL)";
    sqlx::raw_sql(refuse).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(doubt(t.initiate().await), "evidence_not_kept");
    // An inquiry has changed nothing there, so no doubt comes of it.
    assert_eq!(t.inquiry().await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn an_inquiry_that_cannot_be_kept_now_says_that_we_are_away_and_not_the_provider() {
    let t = Stack::start().await;
    t.provider.play(Script::Says("SUCCESS", "CAPTURED", "5.250"));
    t.postgres.cut();
    assert_eq!(t.inquiry().await.unwrap_err().code(), Code::Unavailable);
    t.postgres.heal();
    assert_eq!(observed(t.inquire().await).state(), ObservedState::Paid);
}

#[tokio::test]
async fn a_wrong_order_is_refused_before_anything_is_sent() {
    let t = Stack::start().await;
    let refused = async |order: InitiateRequest| {
        let status = t.wallet.clone().initiate(order).await.unwrap_err();
        let problem = boot::Problem::from_status(&status);
        (problem.code.to_string(), problem.field.unwrap_or_default())
    };
    let fils = |minor_units| Some(Money { currency: "BHD".to_owned(), minor_units });
    let said = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    let order = Stack::order;
    let unknown = InitiateRequest { provider: "other".to_owned(), ..order() };
    assert_eq!(refused(unknown).await, said("provider_unknown", "provider"));
    for amount in [0, -1, 10_000_001] {
        let outside = InitiateRequest { amount: fils(amount), ..order() };
        assert_eq!(refused(outside).await, said("amount_outside_limits", "amount"));
    }
    let no_id = InitiateRequest { attempt_id: ATTEMPT.to_uppercase() + "0", ..order() };
    assert_eq!(refused(no_id).await, said("invalid_id", "attempt_id"));
    assert!(t.provider.heard().is_empty() && t.evidence().await.is_empty());
}

#[tokio::test]
async fn a_repeated_order_carries_the_same_reference() {
    let t = Stack::start().await;
    let kinds = [t.initiate().await, t.initiate().await];
    assert!(kinds.iter().all(|kind| matches!(kind, Kind::Observation(_))));
    let heard = t.provider.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard.first(), heard.last());
}
