//! Money that a provider holds: pending until it is captured, let go, or expires.

use std::time::Duration;

use boot::Problem;
use proto::{
    payments::v1::{self as pb, AttemptState, PaymentState, ReceivableState},
    wallet::v1::ObservedState,
};
use testkit::wait_for;

use crate::engine::metric;
use crate::support::{
    Stack,
    stack::{SOON, money},
    wallet::{authorised, indeterminate, observed, paid},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// A payment whose money is held.
async fn held(t: &Stack, bill: &str, fils: i64) -> pb::Payment {
    t.wallet.on_initiate(bill, [authorised(fils, &format!("BP-{bill}"))]);
    t.wallet.on_inquire(bill, [authorised(fils, &format!("BP-{bill}"))]);
    let request = pb::StartPaymentRequest { delayed_capture: true, ..Stack::request(bill) };
    let payment = t.send(request, bill).await.unwrap();
    t.until(&payment.payment_id, PaymentState::Authorised).await
}

async fn capture(t: &Stack, payment: &pb::Payment, fils: Option<i64>) -> Result<pb::Payment, Problem> {
    let request =
        pb::CapturePaymentRequest { payment_id: payment.payment_id.clone(), amount: fils.map(money) };
    let key = format!("capture-{}-{fils:?}", payment.payment_id);
    let call = boot::Call::by("client:test").with_key(key).request(request)?;
    let answer = t.payments.clone().capture_payment(call).await;
    Ok(answer.map_err(|status| Problem::from_status(&status))?.into_inner().payment.unwrap())
}

async fn cancel(t: &Stack, payment: &pb::Payment) -> Result<(), Problem> {
    let request = pb::CancelPaymentRequest { payment_id: payment.payment_id.clone() };
    let key = format!("cancel-{}", payment.payment_id);
    let call = boot::Call::by("client:test").with_key(key).request(request)?;
    let answer = t.payments.clone().cancel_payment(call).await;
    answer.map(|_| ()).map_err(|status| Problem::from_status(&status))
}

#[tokio::test]
async fn held_money_is_pending_and_posted_once_it_is_captured() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = held(&t, &bill, 5_000).await;
    assert_eq!(payment.attempt_state(), AttemptState::Authorised);
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Held));
    assert_eq!(t.pay(&bill, "another").await.unwrap_err().code, "payment_in_progress");
    assert_eq!(t.balance("agency_payable:TRF").await, 0);
    assert_eq!(t.pending("provider_clearing:benefit-pay").await, 5_000);
    t.books_hold().await;

    t.wallet.on("capture", &bill, [indeterminate(), paid(5_000, "BP-1")]);
    let answer = capture(&t, &payment, None).await.unwrap();
    assert_eq!((answer.state(), answer.attempt_state()), (PaymentState::Processing, AttemptState::Capturing));
    let captured = t.until_moving(&payment.payment_id, PaymentState::Captured, SECOND).await;
    // A capture without an answer is asked for again: it is taken once.
    assert_eq!((t.wallet.calls("capture", &bill), t.wallet.captures()), (2, vec![5_000, 5_000]));
    assert!(captured.receipt_number.starts_with("W-"));
    assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));
    assert_eq!(t.balance("agency_payable:TRF").await, -5_000);
    assert_eq!(t.pending("provider_clearing:benefit-pay").await, 0);
    assert_eq!(t.told(&payment.payment_id).await, ["started", "authorised", "capturing", "captured"]);
    assert_eq!(capture(&t, &payment, None).await.unwrap(), answer);
    assert_eq!(capture(&t, &payment, Some(5_000)).await.unwrap_err().code, "attempt_wrong_state");
    t.books_hold().await;
}

#[tokio::test]
async fn void_lets_the_money_go_and_frees_the_bill() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = held(&t, &bill, 5_000).await;
    t.wallet.on("reverse", &bill, [indeterminate(), observed(ObservedState::Reversed)]);
    cancel(&t, &payment).await.unwrap();
    assert_eq!(capture(&t, &payment, None).await.unwrap_err().code, "attempt_wrong_state");
    t.until_moving(&payment.payment_id, PaymentState::Cancelled, SECOND).await;
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
    assert_eq!(t.pending("provider_clearing:benefit-pay").await, 0);
    assert_eq!(t.wallet.calls("capture", &bill), 0);
    t.books_hold().await;
}

#[tokio::test]
async fn a_hold_that_expires_at_the_provider_is_noticed() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = held(&t, &bill, 5_000).await;
    // Nobody polls it: it is looked at now and then.
    let asked = t.wallet.calls("inquire", &bill);
    t.env.clock.advance(HOUR);
    let due = format!("work WHERE due_at <= '{}'", t.env.clock.now());
    assert_eq!((t.count(&due).await, t.wallet.calls("inquire", &bill)), (0, asked));
    t.wallet.on_inquire(&bill, [observed(ObservedState::Expired)]);
    t.until_moving(&payment.payment_id, PaymentState::Expired, HOUR).await;
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
    assert_eq!(t.pending("agency_payable:TRF").await, 0);
    t.books_hold().await;
}

#[tokio::test]
async fn what_is_held_for_a_bill_that_others_paid_is_let_go() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = held(&t, &bill, 5_000).await;
    t.record(&bill, 5_000, "POS-1").await.unwrap();
    t.wallet.on("reverse", &bill, [observed(ObservedState::Reversed)]);
    t.callback(&payment).await;
    t.until_moving(&payment.payment_id, PaymentState::Cancelled, SECOND).await;
    assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));
    assert_eq!(t.pending("provider_clearing:benefit-pay").await, 0);
    assert_eq!((t.count("payer_credit").await, t.wallet.captures().len()), (0, 0));
    t.books_hold().await;
}

#[tokio::test]
async fn only_what_is_still_due_is_captured_and_the_rest_is_let_go() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = held(&t, &bill, 5_000).await;
    t.record(&bill, 2_000, "POS-1").await.unwrap();
    t.wallet.on("capture", &bill, [paid(3_000, "BP-1")]);
    let answer = capture(&t, &payment, None).await.unwrap();
    assert_eq!(answer.amount, Some(money(3_000)));
    t.until(&payment.payment_id, PaymentState::Captured).await;
    assert_eq!(t.wallet.captures(), [3_000]);
    assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));
    assert_eq!((t.count("payer_credit").await, t.count("open_case").await), (0, 0));
    t.books_hold().await;
}

#[tokio::test]
async fn what_cannot_be_captured_is_refused_in_its_own_words_and_changes_nothing() {
    let t = Stack::start().await;
    let (plan, paid_otherwise, cash) =
        (t.shared_bill(1, 4_000, 2_000, &[3_000, 3_000]), t.bill(2, 5_000), t.bill(3, 5_000));
    let payment = held(&t, &plan, 6_000).await;
    assert_eq!(capture(&t, &payment, Some(6_001)).await.unwrap_err().code, "capture_exceeds_authorised");
    assert_eq!(capture(&t, &payment, Some(2_999)).await.unwrap_err().code, "amount_not_allowed");
    assert_eq!(capture(&t, &payment, Some(0)).await.unwrap_err().code, "amount_not_positive");
    assert_eq!(t.payment(&payment.payment_id).await, payment);
    // Up to the end of an instalment it may be.
    t.wallet.on("capture", &plan, [paid(3_000, "BP-1")]);
    capture(&t, &payment, Some(3_000)).await.unwrap();
    assert_eq!(cancel(&t, &payment).await.unwrap_err().code, "attempt_wrong_state");
    t.until(&payment.payment_id, PaymentState::Captured).await;
    assert_eq!(t.bill_says(&plan).await, (6_000, 3_000, ReceivableState::PartiallyPaid));

    let second = held(&t, &paid_otherwise, 5_000).await;
    t.record(&paid_otherwise, 5_000, "POS-1").await.unwrap();
    assert_eq!(capture(&t, &second, None).await.unwrap_err().code, "bill_already_paid");
    let direct = t.record(&cash, 5_000, "POS-2").await.unwrap();
    assert_eq!(capture(&t, &direct, None).await.unwrap_err().code, "payment_wrong_state");
    t.books_hold().await;
}

#[tokio::test]
async fn a_cart_is_captured_whole_or_not_at_all() {
    let t = Stack::start().await;
    let (one, two) = (t.bill(1, 5_000), t.bill(2, 7_000));
    t.wallet.on_initiate(&one, [authorised(12_000, "BP-1")]);
    let request = pb::StartPaymentRequest {
        delayed_capture: true,
        more_bill_references: vec![two.clone()],
        ..Stack::request(&one)
    };
    let payment = t.send(request, "cart").await.unwrap();
    let payment = t.until(&payment.payment_id, PaymentState::Authorised).await;
    assert_eq!(t.pending("provider_clearing:benefit-pay").await, 12_000);
    assert_eq!(capture(&t, &payment, Some(5_000)).await.unwrap_err().code, "amount_not_allowed");
    t.wallet.on("capture", &one, [paid(12_000, "BP-1")]);
    capture(&t, &payment, None).await.unwrap();
    t.until(&payment.payment_id, PaymentState::Captured).await;
    assert_eq!(t.bill_says(&two).await, (7_000, 7_000, ReceivableState::Paid));
    assert_eq!(t.pending("provider_clearing:benefit-pay").await, 0);
    t.books_hold().await;
}

#[tokio::test]
async fn a_hold_nobody_asked_for_is_let_go_and_a_person_looks() {
    let t = Stack::start().await;
    let (at_once, other) = (t.bill(1, 5_000), t.bill(2, 5_000));
    for bill in [&at_once, &other] {
        t.wallet.on("reverse", bill, [observed(ObservedState::Reversed)]);
    }
    t.wallet.on_initiate(&at_once, [authorised(5_000, "BP-1")]);
    t.wallet.on_initiate(&other, [authorised(5_001, "BP-2")]);
    let first = t.pay(&at_once, "a").await.unwrap();
    let request = pb::StartPaymentRequest { delayed_capture: true, ..Stack::request(&other) };
    let second = t.send(request, "b").await.unwrap();
    let kinds: Vec<String> = t.cases(2).await.into_iter().map(|case| case.kind).collect();
    assert_eq!(kinds, ["contradiction", "contradiction"]);
    t.env.clock.advance(HOUR);
    for payment in [&first, &second] {
        t.until(&payment.payment_id, PaymentState::Cancelled).await;
    }
    assert_eq!((t.count("journal").await, t.wallet.captures().len()), (0, 0));
    t.books_hold().await;
}

#[tokio::test]
async fn a_capture_without_an_answer_for_hours_is_a_case_once_and_is_asked_for_on() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = held(&t, &bill, 5_000).await;
    // That it was held for days says nothing about the capture.
    t.env.clock.advance(50 * HOUR);
    t.wallet.on("capture", &bill, [indeterminate()]);
    capture(&t, &payment, None).await.unwrap();
    let doubt = async || (metric(&t, "mizan_payments_unknown_oldest_seconds") > Some(0)).then_some(());
    wait_for("the first capture", SOON, async || (t.wallet.calls("capture", &bill) > 0).then_some(())).await;
    assert_eq!(t.count("open_case").await, 0);
    wait_for("the case", SOON, async || {
        t.env.clock.advance(HOUR);
        (t.count("open_case").await == 1).then_some(())
    })
    .await;
    wait_for("doubt that grows old, for who is on call", SOON, doubt).await;
    assert!(metric(&t, "mizan_payments_unposted_oldest_seconds") > Some(0), "the money may have moved");
    assert_eq!(t.cases(1).await.remove(0).kind, "unknown_outcome");
    t.wallet.on("capture", &bill, [paid(5_000, "BP-1")]);
    t.until_moving(&payment.payment_id, PaymentState::Captured, HOUR).await;
    t.books_hold().await;
}

#[tokio::test]
async fn who_takes_money_at_once_cannot_be_asked_to_hold_it() {
    let t = Stack::start_with(&["--payments-authorising-providers", "other"]).await;
    let bill = t.bill(1, 5_000);
    let request = pb::StartPaymentRequest { delayed_capture: true, ..Stack::request(&bill) };
    assert_eq!(t.send(request, "a").await.unwrap_err().code, "authorise_not_supported");
    assert_eq!(t.count("payment").await, 0);
}
