//! Refunds, disputes, credits: money goes back once, never more than came, and never by one person's will.

use proto::{
    kiosk::v1::SessionEnd,
    payments::v1::{self as pb, DisputeState, PaymentState, RefundState},
};

use crate::engine::until_waiting_in_lane;
use crate::support::{
    Stack,
    officers::{CLERK, OFFICER},
    stack::money,
    wallet::{indeterminate, not_sent, observed, paid, refunded},
};
use proto::wallet::v1::ObservedState;

const IBAN: &str = "BH67BMAG00001299123456";

/// A bill of 10.000 paid by wallet.
async fn captured(t: &Stack, n: u32) -> (String, pb::Payment) {
    let bill = t.bill(n, 10_000);
    t.wallet.on_initiate(&bill, [paid(10_000, &format!("BP-{n}"))]);
    let payment = t.pay(&bill, &bill).await.unwrap();
    let payment = t.until(&payment.payment_id, PaymentState::Captured).await;
    (bill, payment)
}

#[tokio::test]
async fn parts_go_back_to_the_source_and_then_the_whole() {
    let t = Stack::start().await;
    let (bill, payment) = captured(&t, 1).await;
    t.wallet.on("refund", &bill, [refunded(3_000, "RF-1")]);
    let refund = t.refund_of(&payment.payment_id, 3_000, "wrong tariff").await.unwrap();
    assert_eq!(refund.state(), RefundState::Requested);
    assert_eq!(t.wallet.calls("refund", &bill), 0, "nothing moves before the second person");
    assert_eq!(t.balance("refunds_payable").await, -3_000);
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    let done = t.until_refund(&refund.refund_id, RefundState::Succeeded).await;
    assert_eq!((done.provider_reference.as_str(), done.decided_by.as_str()), ("RF-1", OFFICER));
    let now = t.payment(&payment.payment_id).await;
    assert_eq!((now.state(), now.refunded.unwrap().minor_units), (PaymentState::PartiallyRefunded, 3_000));
    assert_eq!(now.receipt_number, payment.receipt_number);

    t.wallet.on("refund", &bill, [refunded(7_000, "RF-2")]);
    let rest = t.refund_of(&payment.payment_id, 7_000, "the service was cancelled").await.unwrap();
    t.approve_refund(OFFICER, &rest.refund_id).await.unwrap();
    t.until_refund(&rest.refund_id, RefundState::Succeeded).await;
    assert_eq!(t.payment(&payment.payment_id).await.state(), PaymentState::Refunded);
    assert_eq!(t.balance("agency_payable:TRF").await, 0);
    assert_eq!(t.balance("provider_clearing:benefit-pay").await, 0);
    assert_eq!(t.balance("refunds_payable").await, 0);
    assert_eq!(
        t.told(&refund.refund_id).await,
        ["requested", "approved", "succeeded"],
        "each step is told once"
    );
    t.books_hold().await;
}

#[tokio::test]
async fn never_more_goes_back_than_came_however_many_ask_at_once() {
    let t = Stack::start().await;
    let (_bill, payment) = captured(&t, 1).await;
    let asks = (0..5).map(|n| format!("ask {n}"));
    let asks: Vec<_> = asks.collect();
    let asked = asks.iter().map(|reason| t.refund_of(&payment.payment_id, 4_000, reason));
    let answers = futures::future::join_all(asked).await;
    let (given, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(given.len(), 2);
    for refused in refused {
        assert_eq!(refused.unwrap_err().code, "refund_exceeds_captured");
    }
    let whole = t.refund_of(&payment.payment_id, 2_001, "too much").await;
    assert_eq!(whole.unwrap_err().code, "refund_exceeds_captured");
    for (fils, code) in
        [(0, "amount_not_positive"), (-5, "amount_not_positive"), (i64::MAX, "refund_exceeds_captured")]
    {
        let refused = t.refund_of(&payment.payment_id, fils, "odd").await.unwrap_err();
        assert_eq!(refused.code, code, "{fils}");
    }
    t.books_hold().await;
}

#[tokio::test]
async fn the_one_who_asked_cannot_agree_and_a_decision_is_taken_once() {
    let t = Stack::start().await;
    let (_bill, payment) = captured(&t, 1).await;
    let refund = t.refund_of(&payment.payment_id, 1_000, "x").await.unwrap();
    let alone = t.approve_refund(CLERK, &refund.refund_id).await.unwrap_err();
    assert_eq!(alone.code, "needs_second_person");
    assert_eq!(t.refund_now(&refund.refund_id).await.state(), RefundState::Requested);
    t.reject_refund(OFFICER, &refund.refund_id).await.unwrap();
    assert_eq!(t.approve_refund(OFFICER, &refund.refund_id).await.unwrap_err().code, "refund_wrong_state");
    assert_eq!(t.balance("agency_payable:TRF").await, -10_000, "the money stayed");
    assert!(t.payment(&payment.payment_id).await.refunding.is_none());
    let unknown = t.approve_refund(OFFICER, &payment.payment_id).await.unwrap_err();
    assert_eq!(unknown.code, "refund_unknown");
    t.books_hold().await;
}

#[tokio::test]
async fn a_small_refund_needs_one_person_where_the_setting_says_so() {
    let t = Stack::start_with(&["--payments-refund-alone-fils", "1000"]).await;
    let (bill, payment) = captured(&t, 1).await;
    t.wallet.on("refund", &bill, [refunded(1_000, "RF-1")]);
    let small = t.refund_of(&payment.payment_id, 1_000, "small").await.unwrap();
    t.approve_refund(CLERK, &small.refund_id).await.unwrap();
    t.until_refund(&small.refund_id, RefundState::Succeeded).await;
    let large = t.refund_of(&payment.payment_id, 1_001, "large").await.unwrap();
    assert_eq!(t.approve_refund(CLERK, &large.refund_id).await.unwrap_err().code, "needs_second_person");
}

#[tokio::test]
async fn no_answer_to_a_refund_is_unknown_and_an_inquiry_tells() {
    let t = Stack::start().await;
    let (bill, payment) = captured(&t, 1).await;
    t.wallet.on("refund", &bill, [not_sent(), indeterminate()]);
    t.wallet.on("inquire_refund", &bill, [indeterminate(), refunded(4_000, "RF-1")]);
    let refund = t.refund_of(&payment.payment_id, 4_000, "x").await.unwrap();
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    t.until_refund(&refund.refund_id, RefundState::Unknown).await;
    assert_eq!(t.balance("refunds_payable").await, -4_000, "neither back nor away");
    testkit::wait_for("the inquiries", crate::support::stack::SOON, async || {
        t.env.clock.advance(std::time::Duration::from_mins(10));
        (t.refund_now(&refund.refund_id).await.state() == RefundState::Succeeded).then_some(())
    })
    .await;
    assert_eq!(t.wallet.calls("refund", &bill), 2, "sent again only after it was not sent");
    t.books_hold().await;
}

#[tokio::test]
async fn a_refund_without_an_answer_for_hours_becomes_a_case_once_and_is_inquired_on() {
    let t = Stack::start().await;
    let (bill, payment) = captured(&t, 1).await;
    t.wallet.on("refund", &bill, [indeterminate()]);
    t.wallet.on("inquire_refund", &bill, [indeterminate()]);
    let refund = t.refund_of(&payment.payment_id, 4_000, "x").await.unwrap();
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    let asked_again = async |times: usize| {
        testkit::wait_for("the inquiries", crate::support::stack::SOON, async || {
            t.env.clock.advance(std::time::Duration::from_mins(10));
            (t.wallet.calls("inquire_refund", &bill) >= times).then_some(())
        })
        .await;
    };
    asked_again(3).await;
    assert_eq!(t.count("open_case").await, 0, "an hour is no news");
    asked_again(7).await;
    let case = t.cases(1).await.remove(0);
    let (kind, fils) = (case.kind.as_str(), case.amount.unwrap().minor_units);
    assert_eq!(
        (kind, case.payment_id.as_str(), fils),
        ("unknown_outcome", payment.payment_id.as_str(), 4_000)
    );
    assert_eq!(t.balance("refunds_payable").await, -4_000, "neither back nor away");
    t.wallet.on("inquire_refund", &bill, [refunded(4_000, "RF-1")]);
    asked_again(8).await;
    t.until_refund(&refund.refund_id, RefundState::Succeeded).await;
    t.books_hold().await;
}

#[tokio::test]
async fn a_declined_refund_leaves_the_money_and_may_be_asked_again() {
    let t = Stack::start().await;
    let (bill, payment) = captured(&t, 1).await;
    t.wallet.on("refund", &bill, [observed(ObservedState::Declined)]);
    let refund = t.refund_of(&payment.payment_id, 10_000, "x").await.unwrap();
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    let failed = t.until_refund(&refund.refund_id, RefundState::Failed).await;
    assert_eq!(failed.failure, "no");
    assert_eq!(t.balance("agency_payable:TRF").await, -10_000);
    let again = t.refund_of(&payment.payment_id, 10_000, "again").await.unwrap();
    assert_eq!(again.state(), RefundState::Requested);
    t.books_hold().await;
}

#[tokio::test]
async fn another_amount_given_back_opens_a_case_and_ends_nothing() {
    let t = Stack::start().await;
    let (bill, payment) = captured(&t, 1).await;
    t.wallet.on("refund", &bill, [refunded(1_000, "RF-1")]);
    let refund = t.refund_of(&payment.payment_id, 2_000, "x").await.unwrap();
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    assert_eq!(t.cases(1).await.remove(0).kind, "contradiction");
    assert_eq!(t.refund_now(&refund.refund_id).await.state(), RefundState::Approved);
    t.books_hold().await;
}

#[tokio::test]
async fn cash_goes_back_to_an_iban_once_the_bank_has_paid_it() {
    let t = Stack::start().await;
    let bill = t.bill(1, 10_000);
    t.receivable(&bill).await;
    t.cash(1, &bill, 10_000, SessionEnd::Committed).await;
    let payment = t.payments_of(&bill, 1).await.remove(0);
    let to_source = t.refund_of(&payment.payment_id, 1_000, "x").await.unwrap_err();
    assert_eq!(to_source.code, "refund_needs_iban");
    let request = pb::RequestRefundRequest {
        payment_id: payment.payment_id.clone(),
        amount: Some(money(6_000)),
        iban: "BH00BMAG00001299123456".into(),
        reason: "x".into(),
        ..pb::RequestRefundRequest::default()
    };
    assert_eq!(t.refund(request.clone()).await.unwrap_err().code, "iban_invalid");
    let refund = t.refund(pb::RequestRefundRequest { iban: IBAN.into(), ..request }).await.unwrap();
    let word = |reference: &str, failure: &str| pb::RecordPayoutRequest {
        refund_id: refund.refund_id.clone(),
        bank_reference: reference.into(),
        failure: failure.into(),
    };
    assert_eq!(t.payout(word("FT-1", "")).await.unwrap_err().code, "refund_wrong_state");
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    assert_eq!(t.payout(word("", "")).await.unwrap_err().code, "field_invalid");
    let done = t.payout(word("FT-1", "")).await.unwrap();
    assert_eq!((done.state(), done.iban.as_str()), (RefundState::Succeeded, IBAN));
    assert_eq!(t.balance("treasury_bank").await, -6_000);
    assert_eq!(t.payment(&payment.payment_id).await.state(), PaymentState::PartiallyRefunded);
    t.books_hold().await;
}

#[tokio::test]
async fn who_is_refused_in_the_batch_in_which_a_twin_is_done_hears_what_was_done() {
    let t = Stack::start_with(&["--payments-lanes", "1"]).await;
    let (_bill, payment) = captured(&t, 1).await;
    let dispute = t.dispute(&payment.payment_id, 6_000, "CB-1").await.unwrap();
    let held = t.bill(2, 5_000);
    t.receivable(&held).await;
    // The lane waits at the row of another bill; what comes meanwhile makes one batch.
    let gate = t.gate(&held).await;
    let refund = || t.refund_of(&payment.payment_id, 1_000, "x");
    let (_first, early, _closed, late, ()) = tokio::join!(
        t.pay(&held, "first"),
        async {
            t.waiting(1).await;
            refund().await
        },
        async {
            until_waiting_in_lane(&t, 1).await;
            t.close_dispute(&dispute.dispute_id, DisputeState::Won).await.unwrap()
        },
        async {
            until_waiting_in_lane(&t, 2).await;
            refund().await
        },
        async {
            until_waiting_in_lane(&t, 3).await;
            drop(gate);
        },
    );
    let (early, late) = (early.unwrap(), late.unwrap());
    assert_eq!((&early, late.state()), (&late, RefundState::Requested));
    assert_eq!(t.count("refund").await, 1);
}

#[tokio::test]
async fn a_dispute_keeps_the_money_until_it_is_decided() {
    let t = Stack::start().await;
    let (_bill, payment) = captured(&t, 1).await;
    let dispute = t.dispute(&payment.payment_id, 6_000, "CB-1").await.unwrap();
    assert_eq!(t.balance("disputed").await, -6_000);
    assert_eq!(t.refund_of(&payment.payment_id, 1_000, "x").await.unwrap_err().code, "payment_disputed");
    assert_eq!(
        t.dispute(&payment.payment_id, 5_000, "CB-2").await.unwrap_err().code,
        "refund_exceeds_captured"
    );
    assert_eq!(t.dispute(&payment.payment_id, 1_000, "CB-1").await.unwrap_err().code, "dispute_known");
    t.close_dispute(&dispute.dispute_id, DisputeState::Won).await.unwrap();
    assert_eq!(t.balance("agency_payable:TRF").await, -10_000);
    let again = t.close_dispute(&dispute.dispute_id, DisputeState::Lost).await;
    assert_eq!(again.unwrap_err().code, "dispute_wrong_state");

    let lost = t.dispute(&payment.payment_id, 10_000, "CB-3").await.unwrap();
    t.close_dispute(&lost.dispute_id, DisputeState::Lost).await.unwrap();
    assert_eq!(t.cases(1).await.remove(0).kind, "chargeback");
    assert_eq!(t.balance("provider_clearing:benefit-pay").await, 0);
    assert_eq!(t.payment(&payment.payment_id).await.charged_back.unwrap().minor_units, 10_000);
    assert_eq!(t.refund_of(&payment.payment_id, 1, "x").await.unwrap_err().code, "refund_exceeds_captured");
    t.books_hold().await;
}

#[tokio::test]
async fn a_credit_pays_another_bill_and_the_rest_is_paid_out() {
    let t = Stack::start().await;
    let (bill, other) = (t.bill(1, 10_000), t.bill(2, 4_000));
    t.receivable(&bill).await;
    t.record(&bill, 15_000, "POS-1").await.unwrap();
    let credit = t.credits_of(&bill).await.remove(0);
    assert_eq!((credit.amount.unwrap().minor_units, credit.state.as_str()), (5_000, "open"));
    let too_much = t.apply_credit(&credit.credit_id, &other, Some(5_000)).await.unwrap_err();
    assert_eq!(too_much.code, "amount_not_allowed");
    let used = t.apply_credit(&credit.credit_id, &other, None).await.unwrap();
    assert_eq!((used.used.unwrap().minor_units, used.state.as_str()), (4_000, "partially_used"));
    assert_eq!(t.bill_says(&other).await, (4_000, 4_000, pb::ReceivableState::Paid));
    let payout = |fils| pb::RequestRefundRequest {
        credit_id: credit.credit_id.clone(),
        amount: Some(money(fils)),
        iban: IBAN.into(),
        reason: "overpaid".into(),
        ..pb::RequestRefundRequest::default()
    };
    assert_eq!(t.refund(payout(1_001)).await.unwrap_err().code, "credit_exceeded");
    let refund = t.refund(payout(1_000)).await.unwrap();
    assert_eq!(t.refund(payout(1)).await.unwrap_err().code, "credit_exceeded", "it is reserved");
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    let word = pb::RecordPayoutRequest {
        refund_id: refund.refund_id.clone(),
        bank_reference: "FT-9".into(),
        ..pb::RecordPayoutRequest::default()
    };
    t.payout(word).await.unwrap();
    assert_eq!(t.credits_of(&bill).await.remove(0).state, "used");
    assert_eq!(t.balance("payer_credit").await, 0);
    t.books_hold().await;
}

#[tokio::test]
async fn a_late_payment_goes_back_where_it_came_from() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [observed(ObservedState::Expired)]);
    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Expired).await;
    t.callback(&payment).await;
    t.until(&payment.payment_id, PaymentState::Late).await;
    assert_eq!(
        t.refund_of(&payment.payment_id, 5_000, "x").await.unwrap_err().code,
        "payment_wrong_state",
        "it is a credit, not the bill's money"
    );
    let credit = t.credits_of(&bill).await.remove(0);
    t.wallet.on("refund", &bill, [refunded(5_000, "RF-1")]);
    let request = pb::RequestRefundRequest {
        credit_id: credit.credit_id,
        reason: "paid twice".into(),
        ..pb::RequestRefundRequest::default()
    };
    let refund = t.refund(request).await.unwrap();
    t.approve_refund(OFFICER, &refund.refund_id).await.unwrap();
    t.until_refund(&refund.refund_id, RefundState::Succeeded).await;
    assert_eq!(t.balance("provider_clearing:benefit-pay").await, 0);
    t.books_hold().await;
}

/// What another agency hears of what is not its own: that it does not exist.
#[tokio::test]
async fn another_agency_finds_nothing_of_it() {
    let mut t = Stack::start().await;
    let (bill, payment) = captured(&t, 1).await;
    let (bill, payment) = (bill.as_str(), payment.payment_id.as_str());
    let refund = t.refund_of(payment, 1_000, "x").await.unwrap().refund_id;
    let overpaid = t.bill(2, 1_000);
    t.record(&overpaid, 3_000, "POS-1").await.unwrap();
    let credit = t.credits_of(&overpaid).await.remove(0).credit_id;
    let dispute = t.dispute(payment, 1_000, "CB-1").await.unwrap().dispute_id;
    let open = t.bill(3, 1_000);
    t.receivable(&open).await;
    let adjustment = t.write_off(&open).await.unwrap().adjustment_id;

    t.agency = Some("ELC".parse().unwrap());
    let heard = [
        ("payment_unknown", t.refund_of(payment, 1, "y").await.err()),
        ("refund_unknown", t.approve_refund(OFFICER, &refund).await.err()),
        ("refund_unknown", t.reject_refund(OFFICER, &refund).await.err()),
        ("payment_unknown", t.dispute(payment, 1, "CB-2").await.err()),
        ("dispute_unknown", t.close_dispute(&dispute, DisputeState::Lost).await.err()),
        ("credit_unknown", t.apply_credit(&credit, bill, None).await.err()),
        ("bill_unknown", t.record(&open, 1, "POS-2").await.err()),
        ("bill_unknown", t.cancel_bill(&open, 1).await.err()),
        ("bill_unknown", t.write_off(&open).await.err()),
        ("adjustment_unknown", t.approve_adjustment(OFFICER, &adjustment).await.err()),
    ];
    for (n, (code, problem)) in heard.into_iter().enumerate() {
        assert_eq!(problem.unwrap_or_else(|| panic!("call {n} was let through")).code, code);
    }
    assert!(t.credits_of(&overpaid).await.is_empty());
    t.books_hold().await;
}
