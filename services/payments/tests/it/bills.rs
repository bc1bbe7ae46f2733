//! Bills: shares, instalments, carts, changes, write-offs, corrections; money that channels tell of.

use proto::{
    kiosk::v1::{DeviceQuarantined, OpenSession, SessionEnd},
    payments::v1::{self as pb, PaymentState, ReceivableState},
    wallet::v1::ObservedState,
};

use crate::support::{
    Stack,
    officers::{CLERK, OFFICER},
    stack::money,
    wallet::{observed, paid},
};

#[tokio::test]
async fn money_is_divided_by_shares_to_the_last_fils() {
    let t = Stack::start().await;
    let bill = t.shared_bill(1, 6_667, 3_333, &[]);
    t.receivable(&bill).await;
    for (n, fils) in [(1, 3_001), (2, 3_002), (3, 3_997)] {
        t.record(&bill, fils, &format!("POS-{n}")).await.unwrap();
        let receivable = t.receivable(&bill).await.receivable.unwrap();
        let shares: i64 = receivable.shares.iter().map(|s| s.paid.as_ref().unwrap().minor_units).sum();
        assert_eq!(shares, receivable.paid.unwrap().minor_units);
    }
    assert_eq!(t.balance("agency_payable:TRF").await, -6_667);
    assert_eq!(t.balance("beneficiary_payable:MUN").await, -3_333);
    t.books_hold().await;
}

#[tokio::test]
async fn a_plan_is_paid_by_instalments_and_not_by_other_amounts() {
    let t = Stack::start().await;
    let bill = t.shared_bill(1, 6_000, 3_000, &[2_000, 3_000, 4_000]);
    let pay = |fils| pb::StartPaymentRequest { amount: Some(money(fils)), ..Stack::request(&bill) };
    for odd in [1, 1_999, 3_000, 9_001, 0, -2_000] {
        let refused = t.send(pay(odd), &format!("odd{odd}")).await.unwrap_err();
        assert_eq!(refused.code, "amount_not_allowed", "{odd}");
    }
    t.wallet.on_initiate(&bill, [paid(2_000, "BP-1"), paid(7_000, "BP-2")]);
    let first = t.send(pay(2_000), "first").await.unwrap();
    t.until(&first.payment_id, PaymentState::Captured).await;
    assert_eq!(t.bill_says(&bill).await, (9_000, 2_000, ReceivableState::PartiallyPaid));
    // Two instalments at once.
    let rest = t.send(pay(7_000), "rest").await.unwrap();
    t.until(&rest.payment_id, PaymentState::Captured).await;
    assert_eq!(t.bill_says(&bill).await, (9_000, 9_000, ReceivableState::Paid));
    t.books_hold().await;
}

#[tokio::test]
async fn a_cart_is_one_attempt_and_a_payment_and_a_receipt_for_each_bill() {
    let t = Stack::start().await;
    let bills = [t.bill(1, 5_000), t.bill(2, 7_000), t.shared_bill(3, 2_000, 1_000, &[])];
    let [first, second, third] = &bills;
    let cart = pb::StartPaymentRequest {
        more_bill_references: vec![second.clone(), third.clone()],
        ..Stack::request(first)
    };
    t.wallet.on_initiate(first, [paid(15_000, "BP-1")]);
    let payment = t.send(cart.clone(), "cart").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Captured).await;
    let mut receipts = std::collections::HashSet::new();
    for bill in &bills {
        let payment = t.receivable(bill).await.payments.remove(0);
        assert_eq!((payment.state(), &payment.bill_reference), (PaymentState::Captured, bill));
        receipts.insert(payment.receipt_number);
    }
    assert_eq!(receipts.len(), 3);
    assert_eq!(t.balance("provider_clearing:benefit-pay").await, 15_000);
    assert_eq!(t.send(cart, "again").await.unwrap_err().code, "bill_already_paid");
    let twice = pb::StartPaymentRequest {
        more_bill_references: vec![t.bill(4, 1_000), t.bill(4, 1_000)],
        ..Stack::request(&t.bill(5, 1_000))
    };
    assert_eq!(t.send(twice.clone(), "twice").await.unwrap_err().code, "bill_twice");
    let many = pb::StartPaymentRequest { more_bill_references: vec!["X".into(); 20], ..twice };
    assert_eq!(t.send(many, "many").await.unwrap_err().code, "cart_too_large");
    t.books_hold().await;
}

#[tokio::test]
async fn a_cart_that_is_declined_frees_every_bill_and_one_paid_otherwise_becomes_a_credit() {
    let t = Stack::start().await;
    let (one, two) = (t.bill(1, 5_000), t.bill(2, 7_000));
    let cart = pb::StartPaymentRequest { more_bill_references: vec![two.clone()], ..Stack::request(&one) };
    t.wallet.on_initiate(&one, [observed(ObservedState::Declined), observed(ObservedState::Pending)]);
    let declined = t.send(cart.clone(), "a").await.unwrap();
    t.until(&declined.payment_id, PaymentState::Failed).await;
    for bill in [&one, &two] {
        assert_eq!(t.receivable(bill).await.receivable.unwrap().state(), ReceivableState::Open);
    }
    let payment = t.send(cart, "b").await.unwrap();
    t.until(&payment.payment_id, PaymentState::ActionRequired).await;
    assert_eq!(t.pay(&two, "c").await.unwrap_err().code, "payment_in_progress");
    t.cash(1, &two, 10_000, SessionEnd::Committed).await;
    t.until_balance("payer_clearing:KSK-0001", 0).await;
    t.wallet.on_inquire(&one, [paid(12_000, "BP-1")]);
    t.callback(&payment).await;
    t.until(&payment.payment_id, PaymentState::Captured).await;
    let states: Vec<_> = t.receivable(&two).await.payments.iter().map(pb::Payment::state).collect();
    assert!(states.contains(&PaymentState::Late), "{states:?}");
    // 3.000 too much in notes, and 7.000 of the cart.
    assert_eq!(t.balance("payer_credit").await, -10_000);
    t.books_hold().await;
}

#[tokio::test]
async fn a_declined_payment_is_tried_again_and_money_of_the_first_try_is_a_credit() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [observed(ObservedState::Declined), observed(ObservedState::Pending)]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Failed).await;
    let first = t.payment(&payment.payment_id).await;
    let again = pb::RetryPaymentRequest {
        payment_id: payment.payment_id.clone(),
        provider: "benefit-pay".into(),
        delayed_capture: false,
    };
    let retry = |key: &str| boot::Call::by("client:test").with_key(key).request(again.clone()).unwrap();
    t.payments.clone().retry_payment(retry("r")).await.unwrap();
    let live = t.payments.clone().retry_payment(retry("r2")).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&live).code, "payment_wrong_state");
    let second = t.until(&payment.payment_id, PaymentState::ActionRequired).await;
    assert_ne!(second.attempt_id, first.attempt_id);
    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    t.callback(&first).await;
    assert_eq!(t.cases(1).await.remove(0).kind, "second_payment");
    assert_eq!(t.balance("payer_credit").await, -5_000);
    t.wallet.on_inquire(&bill, [paid(5_000, "BP-2")]);
    t.callback(&second).await;
    t.until(&payment.payment_id, PaymentState::Captured).await;
    assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));
    t.books_hold().await;
}

#[tokio::test]
async fn a_movement_is_booked_once_for_ever_whoever_tells_it_again() {
    let t = Stack::start().await;
    let (bill, other) = (t.bill(1, 5_000), t.bill(2, 5_000));
    let payment = t.record(&bill, 5_000, "POS-1").await.unwrap();
    assert_eq!(payment.state(), PaymentState::Captured);
    let request = pb::RecordPaymentRequest {
        bill_reference: bill.clone(),
        channel: proto::common::v1::Channel::Pos.into(),
        provider: "pos-acquirer".into(),
        provider_reference: "POS-1".into(),
        amount: Some(money(5_000)),
        contact_ref: String::new(),
    };
    let call = boot::Call::by("another").with_key("other-key").request(request).unwrap();
    let again = t.payments.clone().record_payment(call).await.unwrap().into_inner().payment.unwrap();
    assert_eq!(again.payment_id, payment.payment_id);
    for (bill, fils) in [(&other, 5_000), (&bill, 4_000)] {
        let differs = t.record(bill, fils, "POS-1").await.unwrap_err();
        assert_eq!(differs.code, "charge_already_recorded");
    }
    for fils in [0, -1] {
        assert_eq!(t.record(&other, fils, "POS-2").await.unwrap_err().code, "amount_not_positive");
    }
    assert_eq!(t.record("TRF-404", 1, "POS-3").await.unwrap_err().code, "bill_unknown");
    let late = t.record(&bill, 1_000, "POS-4").await.unwrap();
    assert_eq!(late.state(), PaymentState::Late);
    assert_eq!(t.count("journal").await, 2);
    t.books_hold().await;
}

#[tokio::test]
async fn a_bill_is_amended_by_who_knows_its_version_and_never_below_what_is_paid() {
    let t = Stack::start().await;
    let bill = t.bill(1, 10_000);
    t.record(&bill, 4_000, "POS-1").await.unwrap();
    let version = t.receivable(&bill).await.receivable.unwrap().version;
    let amend = |version, due: i64| pb::AmendReceivableRequest {
        bill_reference: bill.clone(),
        version,
        due: Some(money(due)),
        ..pb::AmendReceivableRequest::default()
    };
    assert_eq!(t.amend(amend(version - 1, 5_000)).await.unwrap_err().code, "version_stale");
    assert_eq!(t.amend(amend(version, 3_999)).await.unwrap_err().code, "amended_below_paid");
    assert_eq!(t.amend(amend(version, 0)).await.unwrap_err().code, "nothing_due");
    let plan = pb::AmendReceivableRequest { instalments: vec![money(1)], ..amend(version, 5_000) };
    assert_eq!(t.amend(plan).await.unwrap_err().code, "terms_do_not_sum");
    let mut foreign = amend(version, 5_000);
    foreign.due = Some(proto::common::v1::Money { currency: "USD".into(), minor_units: 5_000 });
    assert_eq!(t.amend(foreign).await.unwrap_err().field.as_deref(), Some("due"));
    assert_eq!(t.cancel_bill(&bill, version).await.unwrap_err().code, "bill_already_paid");
    let paid = t.amend(amend(version, 4_000)).await.unwrap();
    assert_eq!(paid.state(), ReceivableState::Paid);
    t.books_hold().await;
}

#[tokio::test]
async fn a_bill_is_not_changed_while_somebody_pays_it_and_a_cancelled_one_takes_no_payment() {
    let t = Stack::start().await;
    let (bill, held) = (t.bill(1, 5_000), t.bill(2, 5_000));
    let payment = t.pay(&held, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::ActionRequired).await;
    assert_eq!(t.cancel_bill(&held, 2).await.unwrap_err().code, "payment_in_progress");
    t.receivable(&bill).await;
    t.cancel_bill(&bill, 1).await.unwrap();
    assert_eq!(t.pay(&bill, "b").await.unwrap_err().code, "bill_cancelled");
    // Cash that is there is the payer's.
    t.cash(1, &bill, 5_000, SessionEnd::Committed).await;
    t.until_balance("payer_credit", -5_000).await;
    t.books_hold().await;
}

#[tokio::test]
async fn what_is_due_is_written_off_by_two_persons() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.record(&bill, 1_000, "POS-1").await.unwrap();
    let asked = t.write_off(&bill).await.unwrap();
    assert_eq!(t.bill_says(&bill).await, (5_000, 1_000, ReceivableState::PartiallyPaid));
    let alone = t.approve_adjustment(CLERK, &asked.adjustment_id).await.unwrap_err();
    assert_eq!(alone.code, "needs_second_person");
    t.approve_adjustment(OFFICER, &asked.adjustment_id).await.unwrap();
    assert_eq!(t.bill_says(&bill).await, (5_000, 1_000, ReceivableState::WrittenOff));
    assert_eq!(t.pay(&bill, "a").await.unwrap_err().code, "bill_written_off");
    let twice = t.approve_adjustment("staff:third", &asked.adjustment_id).await.unwrap_err();
    assert_eq!(twice.code, "adjustment_wrong_state");
    t.books_hold().await;
}

#[tokio::test]
async fn a_correction_moves_money_only_between_accounts_that_people_may_touch() {
    let t = Stack::start().await;
    let move_ = |debit: &str, credit: &str, fils| pb::RequestAdjustmentRequest {
        r#move: Some(pb::Move {
            debit_account: debit.into(),
            credit_account: credit.into(),
            amount: Some(money(fils)),
        }),
        reason: "counted less than the books say".into(),
        ..pb::RequestAdjustmentRequest::default()
    };
    for (debit, credit, fils, code) in [
        ("payer_credit", "suspense", 1, "accounts_not_allowed"),
        ("suspense", "suspense", 1, "accounts_not_allowed"),
        ("cash", "suspense", 1, "account_invalid"),
        ("over_short", "cash_in_device:KSK-0001/CB-1/1", 0, "amount_not_positive"),
    ] {
        assert_eq!(t.adjustment(move_(debit, credit, fils)).await.unwrap_err().code, code, "{debit}");
    }
    let asked = t.adjustment(move_("over_short", "cash_in_device:KSK-0001/CB-1/1", 500)).await.unwrap();
    t.approve_adjustment(OFFICER, &asked.adjustment_id).await.unwrap();
    assert_eq!(t.balance("over_short").await, 500);
    assert_eq!(t.balance("cash_in_device:KSK-0001/CB-1/1").await, -500);
    t.books_hold().await;
}

#[tokio::test]
async fn what_no_coin_can_pay_is_spared_and_stands_in_the_books() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_003);
    t.receivable(&bill).await;
    t.cash(1, &bill, 5_000, SessionEnd::Committed).await;
    t.until_balance("rounding", 3).await;
    assert_eq!(t.bill_says(&bill).await, (5_003, 5_003, ReceivableState::Paid));
    assert_eq!(t.balance("agency_payable:TRF").await, -5_003);
    t.books_hold().await;
}

#[tokio::test]
async fn a_device_that_is_shut_out_leaves_a_case_for_each_open_session() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.receivable(&bill).await;
    t.stack(Stack::note(1, &bill, 5_000)).await;
    let session = |n: i64, fils| OpenSession {
        session_id: format!("s-{n}"),
        bill_reference: bill.clone(),
        stacked: Some(money(fils)),
    };
    let message = DeviceQuarantined {
        device_id: "KSK-0001".into(),
        epoch: 1,
        at: None,
        reason: "its journal forked".into(),
        sessions: vec![session(1, 5_000), session(2, 0)],
    };
    t.tell("mizan.kiosk-relay.device.quarantined", &message).await;
    let kinds: Vec<_> = t.cases(2).await.into_iter().map(|case| case.kind).collect();
    assert_eq!(kinds, ["device_quarantined"; 2]);
    // Told again: the same cases.
    t.tell("mizan.kiosk-relay.device.quarantined", &message).await;
    t.until_balance("payer_clearing:KSK-0001", -5_000).await;
    t.cases(2).await;
}

#[tokio::test]
async fn payments_are_found_by_what_is_known_of_them_page_by_page() {
    let t = Stack::start().await;
    for n in 1..=5 {
        let bill = t.bill(n, 5_000);
        t.record(&bill, 5_000, &format!("POS-{n}")).await.unwrap();
        t.env.clock.advance(std::time::Duration::from_secs(1));
    }
    let search = async |request: pb::SearchPaymentsRequest, agency: &str| {
        let call = boot::Call::by("staff:x").for_agency(agency.parse().unwrap()).request(request).unwrap();
        t.payments.clone().search_payments(call).await.map(tonic::Response::into_inner)
    };
    let mut page = pb::SearchPaymentsRequest { limit: 2, ..pb::SearchPaymentsRequest::default() };
    let mut found = Vec::new();
    loop {
        let answer = search(page.clone(), "TRF").await.unwrap();
        found.extend(answer.payments.into_iter().map(|payment| payment.provider_reference));
        if answer.next_page_token.is_empty() {
            break;
        }
        page.page_token = answer.next_page_token;
    }
    assert_eq!(found, ["POS-5", "POS-4", "POS-3", "POS-2", "POS-1"]);
    assert!(search(pb::SearchPaymentsRequest::default(), "ELC").await.unwrap().payments.is_empty());
    let one = pb::SearchPaymentsRequest { reference: "POS-3".into(), ..pb::SearchPaymentsRequest::default() };
    assert_eq!(search(one, "TRF").await.unwrap().payments.len(), 1);
    let odd = pb::SearchPaymentsRequest { page_token: "x".into(), ..pb::SearchPaymentsRequest::default() };
    let refused = search(odd, "TRF").await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&refused).code, "page_token_invalid");
    let captured = pb::SearchPaymentsRequest {
        state: PaymentState::Failed.into(),
        ..pb::SearchPaymentsRequest::default()
    };
    assert!(search(captured, "TRF").await.unwrap().payments.is_empty());
}
