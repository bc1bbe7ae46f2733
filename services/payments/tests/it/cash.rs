//! Cash that is physically there is always booked.

use proto::{
    common::v1::Channel,
    kiosk::v1::SessionEnd,
    payments::v1::{PaymentState, ReceivableState},
};
use testkit::wait_for;

use crate::support::{Stack, stack::SOON, wallet::paid};

const UNIT: &str = "cash_in_device:KSK-0001/CB-1/1";
const CLEARING: &str = "payer_clearing:KSK-0001";

#[tokio::test]
async fn notes_pay_a_bill_and_too_much_is_the_payers_without_a_case() {
    let t = Stack::start().await;
    let bill = t.bill(1, 12_500);
    t.cash(1, &bill, 20_000, SessionEnd::Committed).await;
    let payment = t.payments_of(&bill, 1).await.remove(0);
    assert_eq!(payment.state(), PaymentState::Captured);
    assert_eq!(payment.channel(), Channel::KioskCash);
    assert_eq!(payment.receipt_number, "K1-000101");
    assert_eq!(payment.amount.unwrap().minor_units, 20_000);
    assert_eq!(payment.credited.unwrap().minor_units, 7_500);
    t.until_balance(UNIT, 20_000).await;
    assert_eq!(t.balance(CLEARING).await, 0);
    assert_eq!(t.balance("agency_payable:TRF").await, -12_500);
    assert_eq!(t.balance("payer_credit").await, -7_500);
    assert_eq!(t.count("open_case").await, 0);
    assert_eq!(t.bill_says(&bill).await, (12_500, 12_500, ReceivableState::Paid));
    t.books_hold().await;
}

#[tokio::test]
async fn records_told_again_are_booked_once() {
    let t = Stack::start().await;
    let bill = t.bill(1, 10_000);
    for _ in 0..3 {
        t.cash(1, &bill, 10_000, SessionEnd::Committed).await;
    }
    t.payments_of(&bill, 1).await;
    t.cash(2, &t.bill(2, 5_000), 5_000, SessionEnd::Committed).await;
    t.until_balance(UNIT, 15_000).await;
    t.until_balance(CLEARING, 0).await;
    assert_eq!((t.count("payment").await, t.count("journal").await), (2, 4));
    t.books_hold().await;
}

#[tokio::test]
async fn part_then_the_rest_then_a_second_payment() {
    let t = Stack::start().await;
    let bill = t.bill(1, 10_000);
    t.cash(1, &bill, 5_000, SessionEnd::Committed).await;
    t.payments_of(&bill, 1).await;
    assert_eq!(t.bill_says(&bill).await, (10_000, 5_000, ReceivableState::PartiallyPaid));

    t.wallet.on_initiate(&bill, [paid(5_000, "BP-1")]);
    let rest = t.pay(&bill, "k").await.unwrap();
    assert_eq!(rest.amount.unwrap().minor_units, 5_000);
    t.until(&rest.payment_id, PaymentState::Captured).await;

    t.cash(2, &bill, 1_000, SessionEnd::Committed).await;
    let all = t.payments_of(&bill, 3).await;
    let third = all.into_iter().find(|payment| payment.state() == PaymentState::Late).unwrap();
    assert_eq!(third.amount.unwrap().minor_units, 1_000);
    let case = t.cases(1).await.remove(0);
    assert_eq!((case.kind.as_str(), case.payment_id), ("second_payment", third.payment_id));
    t.until_balance("payer_credit", -1_000).await;
    t.books_hold().await;
}

#[tokio::test]
async fn a_payer_who_gave_up_gets_a_credit_with_a_case() {
    let t = Stack::start().await;
    let bill = t.bill(1, 10_000);
    t.cash(1, &bill, 5_000, SessionEnd::Cancelled).await;
    t.cash(2, &bill, 1_000, SessionEnd::TimedOut).await;
    let cases = t.cases(2).await;
    assert!(cases.iter().all(|case| case.kind == "cash_uncommitted" && case.agency_id == "TRF"));
    t.until_balance("payer_credit", -6_000).await;
    assert_eq!(t.bill_says(&bill).await, (10_000, 0, ReceivableState::Open));
    t.until_balance(CLEARING, 0).await;
    t.books_hold().await;
}

#[tokio::test]
async fn an_unknown_bill_and_an_unknown_session_go_to_suspense_with_a_case() {
    let t = Stack::start().await;
    t.cash(1, "TRF-2026-000404-XXXXX", 5_000, SessionEnd::Committed).await;
    let mut stray = Stack::note(2, "", 1_000);
    stray.session_known = false;
    t.stack(stray).await;
    let mut kinds: Vec<_> = t.cases(2).await.into_iter().map(|case| case.kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["cash_unknown_bill", "cash_unknown_session"]);
    t.until_balance("suspense", -6_000).await;
    t.until_balance(UNIT, 6_000).await;
    t.until_balance(CLEARING, 0).await;
    t.books_hold().await;
}

#[tokio::test]
async fn an_empty_session_leaves_nothing_but_its_record() {
    let t = Stack::start().await;
    let bill = t.bill(1, 10_000);
    t.close(Stack::session(7, &bill, 0, SessionEnd::TimedOut)).await;
    wait_for("the record", SOON, async || (t.count("cash_record").await == 1).then_some(())).await;
    assert_eq!((t.count("payment").await, t.count("journal").await, t.count("open_case").await), (0, 0, 0));
}
