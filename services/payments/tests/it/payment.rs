//! A bill is opened, paid by wallet, captured.

use boot::Call;
use proto::{
    common::v1::Channel,
    payments::v1::{AttemptState, GetPaymentRequest, PaymentState, ReceivableState},
    wallet::v1::ObservedState,
};
use testkit::wait_for;

use crate::support::{
    Stack, bill,
    stack::SOON,
    wallet::{observed, paid},
};

#[tokio::test]
async fn a_bill_is_opened_started_and_captured() {
    let t = Stack::start().await;
    t.issued(bill(1, 12_500)).await;
    let reference = bill(1, 0).bill_reference;
    wait_for("the receivable", SOON, async || (t.count("receivable").await == 1).then_some(())).await;

    let started = t.pay(&reference, "k1").await.unwrap();
    assert_eq!(started.state(), PaymentState::Created);
    assert_eq!(started.attempt_state(), AttemptState::Submitting);
    let asked = t.until(&started.payment_id, PaymentState::ActionRequired).await;
    assert_eq!(asked.next_action.unwrap().redirect_url, "https://wallet.example/pay");
    assert_eq!(t.bill_says(&reference).await, (12_500, 0, ReceivableState::Held));

    t.wallet.on_inquire(&reference, [paid(12_500, "BP-1")]);
    t.callback(&started).await;
    let captured = t.until(&started.payment_id, PaymentState::Captured).await;
    assert!(captured.receipt_number.starts_with("W-"), "{}", captured.receipt_number);
    assert_eq!(captured.provider_reference, "BP-1");
    assert_eq!(captured.case_id, "");
    assert_eq!(captured.contact_ref, "contact");

    assert_eq!(t.bill_says(&reference).await, (12_500, 12_500, ReceivableState::Paid));
    assert_eq!(t.balance("provider_clearing:benefit-pay").await, 12_500);
    assert_eq!(t.balance("agency_payable:TRF").await, -12_500);
    assert_eq!(t.told(&started.payment_id).await, ["started", "action_required", "captured"]);
    assert_eq!(t.told(&captured.invoice_id).await, ["opened"]);
    t.books_hold().await;
}

#[tokio::test]
async fn the_event_after_the_pull_and_the_event_twice_change_nothing() {
    let t = Stack::start().await;
    let reference = t.bill(1, 5_000);
    t.pay(&reference, "k1").await.unwrap();
    t.issued(bill(1, 5_000)).await;
    t.issued(bill(1, 5_000)).await;
    t.issued(bill(2, 7_000)).await;
    wait_for("the later event", SOON, async || (t.count("receivable").await == 2).then_some(())).await;
    assert_eq!(t.bill_says(&reference).await, (5_000, 0, ReceivableState::Held));
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_by_name_and_writes_nothing() {
    let t = Stack::start().await;
    let reference = t.bill(1, 5_000);
    let code =
        |answer: Result<_, boot::Problem>| answer.map(|_: proto::payments::v1::Payment| ()).unwrap_err().code;

    assert_eq!(code(t.pay("TRF-2026-000009-XXXXX", "a").await), "bill_unknown");
    let mut card = Stack::request(&reference);
    card.channel = Channel::Card.into();
    assert_eq!(code(t.send(card, "b").await), "channel_not_supported");
    let mut other = Stack::request(&reference);
    other.provider = "nobody".into();
    assert_eq!(code(t.send(other, "c").await), "provider_unknown");
    let no_key = Call::by("client:test").request(Stack::request(&reference)).unwrap();
    let refused = t.payments.clone().start_payment(no_key).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&refused).code, "idempotency_key_missing");
    assert_eq!(t.count("payment").await, 0);

    t.wallet.on_initiate(&reference, [paid(5_000, "BP-1")]);
    let first = t.pay(&reference, "d").await.unwrap();
    t.until(&first.payment_id, PaymentState::Captured).await;
    assert_eq!(code(t.pay(&reference, "e").await), "bill_already_paid");
    assert_eq!(t.count("payment").await, 1);
    assert_eq!(t.count("idempotency").await, 1);
}

#[tokio::test]
async fn a_decline_frees_the_bill_for_another_payment() {
    let t = Stack::start().await;
    let reference = t.bill(1, 5_000);
    t.wallet.on_initiate(&reference, [observed(ObservedState::Declined), paid(5_000, "BP-2")]);
    let first = t.pay(&reference, "a").await.unwrap();
    let failed = t.until(&first.payment_id, PaymentState::Failed).await;
    assert_eq!(failed.failure, "declined");
    assert_eq!(t.bill_says(&reference).await, (5_000, 0, ReceivableState::Open));

    let second = t.pay(&reference, "b").await.unwrap();
    t.until(&second.payment_id, PaymentState::Captured).await;
    assert_eq!(t.told(&first.invoice_id).await, ["opened"]);
    t.books_hold().await;
}

#[tokio::test]
async fn an_agency_sees_and_starts_no_payment_of_another() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let by = |agency: &str| Call::by("client:test").for_agency(agency.parse().unwrap());
    let start = |agency: &str, key: &str| by(agency).with_key(key).request(Stack::request(&bill)).unwrap();
    let refused = t.payments.clone().start_payment(start("MUN", "a")).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&refused).code, "bill_unknown");
    let started = t.payments.clone().start_payment(start("TRF", "b")).await.unwrap().into_inner();

    let request = GetPaymentRequest { payment_id: started.payment.unwrap().payment_id };
    let own = by("TRF").request(request.clone()).unwrap();
    assert!(t.payments.clone().get_payment(own).await.is_ok());
    let others = by("MUN").request(request).unwrap();
    let refused = t.payments.clone().get_payment(others).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&refused).code, "payment_unknown");
}
