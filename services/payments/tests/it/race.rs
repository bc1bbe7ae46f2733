//! Wallet and cash at once: paid once, the second money is a credit with a case, whoever is first.

use proto::{
    kiosk::v1::SessionEnd,
    payments::v1::{PaymentState, ReceivableState},
};

use crate::support::{Stack, wallet::paid};

#[tokio::test]
async fn cash_comes_while_the_payer_approves_in_the_wallet() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let wallet = t.pay(&bill, "k").await.unwrap();
    t.until(&wallet.payment_id, PaymentState::ActionRequired).await;
    t.cash(1, &bill, 5_000, SessionEnd::Committed).await;
    let all = t.payments_of(&bill, 2).await;
    let cash = all.into_iter().find(|payment| payment.payment_id != wallet.payment_id).unwrap();
    assert_eq!(cash.state(), PaymentState::Captured);
    assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));

    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    t.callback(&wallet).await;
    t.until(&wallet.payment_id, PaymentState::Late).await;
    paid_once(&t, &bill).await;
}

#[tokio::test]
async fn part_of_a_bill_in_cash_while_the_wallet_takes_the_whole() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let wallet = t.pay(&bill, "k").await.unwrap();
    t.until(&wallet.payment_id, PaymentState::ActionRequired).await;
    t.cash(1, &bill, 1_000, SessionEnd::Committed).await;
    t.payments_of(&bill, 2).await;
    assert_eq!(t.bill_says(&bill).await, (5_000, 1_000, ReceivableState::Held));

    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    t.callback(&wallet).await;
    let captured = t.until(&wallet.payment_id, PaymentState::Captured).await;
    assert_eq!(captured.credited.unwrap().minor_units, 1_000);
    let case = t.cases(1).await.remove(0);
    assert_eq!((case.kind.as_str(), case.amount.unwrap().minor_units), ("second_payment", 1_000));
    assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));
    t.books_hold().await;
}

#[tokio::test]
async fn both_moneys_at_the_same_moment() {
    let t = Stack::start().await;
    for n in 1..=4 {
        let bill = t.bill(n, 5_000);
        let wallet = t.pay(&bill, &format!("k{n}")).await.unwrap();
        t.until(&wallet.payment_id, PaymentState::ActionRequired).await;
        // Both find the row held, so neither has read it before the other writes.
        let gate = t.gate(&bill).await;
        t.wallet.on_inquire(&bill, [paid(5_000, &format!("BP-{n}"))]);
        t.callback(&wallet).await;
        t.cash(n.into(), &bill, 5_000, SessionEnd::Committed).await;
        t.waiting(1).await;
        drop(gate);
        let states: Vec<_> = {
            t.payments_of(&bill, 2).await;
            testkit::wait_for("both ends", crate::support::stack::SOON, async || {
                let payments = t.receivable(&bill).await.payments;
                let mut states: Vec<_> = payments.iter().map(proto::payments::v1::Payment::state).collect();
                states.sort();
                let ended = |s: &PaymentState| matches!(s, PaymentState::Captured | PaymentState::Late);
                (states.len() == 2 && states.iter().all(ended)).then_some(states)
            })
            .await
        };
        assert_eq!(states, [PaymentState::Captured, PaymentState::Late]);
        assert_eq!(t.bill_says(&bill).await, (5_000, 5_000, ReceivableState::Paid));
    }
    assert!(t.cases(4).await.iter().all(|case| case.kind == "second_payment"));
    t.until_balance("agency_payable:TRF", -20_000).await;
    t.until_balance("payer_credit", -20_000).await;
    t.books_hold().await;
}

async fn paid_once(t: &Stack, bill: &str) {
    assert_eq!(t.bill_says(bill).await, (5_000, 5_000, ReceivableState::Paid));
    assert_eq!(t.cases(1).await.remove(0).kind, "second_payment");
    t.until_balance("agency_payable:TRF", -5_000).await;
    t.until_balance("payer_credit", -5_000).await;
    t.books_hold().await;
}
