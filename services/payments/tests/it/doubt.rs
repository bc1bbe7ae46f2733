//! A timeout is not a failure, and a callback is only a hint.

use std::time::Duration;

use proto::{
    payments::v1::{self as pb, AttemptState, PaymentState, ReceivableState},
    wallet::v1::ObservedState,
};
use testkit::wait_for;

use crate::engine::metric;
use crate::support::{
    Stack,
    stack::SOON,
    wallet::{indeterminate, not_sent, observed, paid},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn no_answer_is_processing_and_held_until_an_inquiry_tells() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [indeterminate()]);
    t.wallet.on_inquire(&bill, [indeterminate(), paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "a").await.unwrap();
    let doubted = t.until(&payment.payment_id, PaymentState::Processing).await;
    assert_eq!(doubted.attempt_state(), AttemptState::Unknown);
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Held));
    assert_eq!(t.pay(&bill, "b").await.unwrap_err().code, "payment_in_progress");

    t.until_moving(&payment.payment_id, PaymentState::Captured, SECOND).await;
    assert_eq!(t.wallet.calls("initiate", &bill), 1);
    assert_eq!(t.wallet.calls("inquire", &bill), 2);
    assert_eq!(t.told(&payment.payment_id).await, ["started", "doubted", "captured"]);
    t.books_hold().await;
}

#[tokio::test]
async fn a_payer_who_does_not_approve_becomes_unknown_and_is_asked_about_ever_more_rarely() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::ActionRequired).await;
    t.until_moving(&payment.payment_id, PaymentState::Processing, 3 * SECOND).await;
    let quick = t.wallet.calls("inquire", &bill);
    for n in 1..=3 {
        wait_for("a slow inquiry", SOON, async || {
            t.env.clock.advance(60 * SECOND);
            (t.wallet.calls("inquire", &bill) == quick + n).then_some(())
        })
        .await;
    }
    t.wallet.on_inquire(&bill, [observed(ObservedState::Expired)]);
    let expired = t.until_moving(&payment.payment_id, PaymentState::Expired, HOUR).await;
    assert_eq!(expired.failure, "expired");
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
}

#[tokio::test]
async fn not_sent_is_sent_again_and_fails_in_the_end() {
    let t = Stack::start().await;
    let (bill, lucky) = (t.bill(1, 5_000), t.bill(2, 5_000));
    t.wallet.on_initiate(&bill, [not_sent()]);
    t.wallet.on_initiate(&lucky, [not_sent(), paid(5_000, "BP-1")]);
    let (one, two) = (t.pay(&bill, "a").await.unwrap(), t.pay(&lucky, "b").await.unwrap());
    let failed = t.until_moving(&one.payment_id, PaymentState::Failed, SECOND).await;
    assert_eq!(failed.failure, "not_sent");
    assert_eq!(t.wallet.calls("initiate", &bill), 3);
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
    t.until_moving(&two.payment_id, PaymentState::Captured, SECOND).await;
}

#[tokio::test]
async fn not_found_counts_only_after_the_horizon() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [indeterminate()]);
    t.wallet.on_inquire(&bill, [observed(ObservedState::NotFound)]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Processing).await;
    // Asked first, then sent again under the same reference, three times at most.
    wait_for("the last submit", SOON, async || {
        t.env.clock.advance(SECOND);
        (t.wallet.calls("initiate", &bill) == 3).then_some(())
    })
    .await;
    let asked = t.wallet.calls("inquire", &bill);
    wait_for("more inquiries", SOON, async || {
        t.env.clock.advance(3 * SECOND);
        (t.wallet.calls("inquire", &bill) > asked + 1).then_some(())
    })
    .await;
    assert_eq!(t.payment(&payment.payment_id).await.state(), PaymentState::Processing);
    // Even then the bill is free only when they confirm that nothing can come any more.
    t.wallet.on("reverse", &bill, [indeterminate(), observed(ObservedState::Reversed)]);
    t.until_moving(&payment.payment_id, PaymentState::Expired, 60 * SECOND).await;
    assert_eq!(t.wallet.calls("initiate", &bill), 3);
    assert!(t.wallet.calls("reverse", &bill) >= 2);
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
}

#[tokio::test]
async fn a_reversal_that_comes_too_late_is_the_payment() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [indeterminate()]);
    t.wallet.on_inquire(&bill, [observed(ObservedState::NotFound)]);
    t.wallet.on("reverse", &bill, [paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until_moving(&payment.payment_id, PaymentState::Captured, 60 * SECOND).await;
    t.books_hold().await;
}

#[tokio::test]
async fn what_stays_unknown_for_hours_becomes_a_case_once_and_is_inquired_on() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [indeterminate()]);
    t.wallet.on_inquire(&bill, [indeterminate()]);
    let payment = t.pay(&bill, "a").await.unwrap();
    wait_for("the case", SOON, async || {
        t.env.clock.advance(10 * 60 * SECOND);
        (t.count("open_case").await == 1).then_some(())
    })
    .await;
    let case = t.cases(1).await.remove(0);
    assert_eq!(
        (case.kind.as_str(), case.payment_id.as_str()),
        ("unknown_outcome", payment.payment_id.as_str())
    );
    assert_eq!(t.payment(&payment.payment_id).await.case_id, case.case_id);
    let asked = t.wallet.calls("inquire", &bill);
    wait_for("more inquiries", SOON, async || {
        t.env.clock.advance(HOUR);
        (t.wallet.calls("inquire", &bill) > asked + 1).then_some(())
    })
    .await;
    assert_eq!(t.count("open_case").await, 1);
    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    t.until_moving(&payment.payment_id, PaymentState::Captured, HOUR).await;
}

#[tokio::test]
async fn one_charge_named_for_two_attempts_is_booked_once_and_the_other_becomes_a_case() {
    let t = Stack::start().await;
    let (one, two) = (t.bill(1, 5_000), t.bill(2, 5_000));
    t.wallet.on_initiate(&one, [paid(5_000, "BP-1")]);
    t.wallet.on_initiate(&two, [paid(5_000, "BP-1")]);
    t.wallet.on_inquire(&two, [paid(5_000, "BP-1")]);
    let first = t.pay(&one, "a").await.unwrap();
    t.until(&first.payment_id, PaymentState::Captured).await;
    let second = t.pay(&two, "b").await.unwrap();
    let case = t.cases(1).await.remove(0);
    assert_eq!((case.kind.as_str(), case.payment_id.as_str()), ("contradiction", second.payment_id.as_str()));
    assert_eq!(t.payment(&second.payment_id).await.attempt_state(), AttemptState::Unknown);
    // From now on it is asked about rarely.
    let soon = t.env.clock.now() + 5 * 60 * SECOND;
    wait_for("the slow schedule", SOON, async || {
        (t.count(&format!("work WHERE due_at > '{soon}'")).await == 1).then_some(())
    })
    .await;
    assert_eq!(t.count("journal").await, 1);
    t.books_hold().await;
}

#[tokio::test]
async fn a_movement_that_was_recorded_is_no_attempts_money_and_the_other_way_round() {
    let t = Stack::start().await;
    let (one, two, three) = (t.bill(1, 5_000), t.bill(2, 5_000), t.bill(3, 5_000));
    t.record_by("benefit-pay", &one, 5_000, "BP-1").await.unwrap();
    t.wallet.on_initiate(&two, [paid(5_000, "BP-1")]);
    let second = t.pay(&two, "b").await.unwrap();
    let case = t.cases(1).await.remove(0);
    assert_eq!((case.kind.as_str(), case.payment_id.as_str()), ("contradiction", second.payment_id.as_str()));
    assert_eq!(t.count("journal").await, 1);

    t.wallet.on_initiate(&three, [paid(5_000, "BP-3")]);
    let third = t.pay(&three, "c").await.unwrap();
    t.until(&third.payment_id, PaymentState::Captured).await;
    let told = t.record_by("benefit-pay", &one, 5_000, "BP-3").await.unwrap_err();
    assert_eq!(told.code, "charge_already_recorded");
    assert_eq!(t.count("journal").await, 2);
    t.books_hold().await;
}

#[tokio::test]
async fn a_payer_who_gives_up_is_free_only_when_the_provider_says_so() {
    let t = Stack::start().await;
    let (bill, late) = (t.bill(1, 5_000), t.bill(2, 5_000));
    t.wallet.on("reverse", &bill, [indeterminate(), observed(ObservedState::Reversed)]);
    t.wallet.on("reverse", &late, [paid(5_000, "BP-2")]);
    for (bill, ends) in [(&bill, PaymentState::Cancelled), (&late, PaymentState::Captured)] {
        let payment = t.pay(bill, bill).await.unwrap();
        t.until(&payment.payment_id, PaymentState::ActionRequired).await;
        let request = pb::CancelPaymentRequest { payment_id: payment.payment_id.clone() };
        let call = boot::Call::by("client:test").with_key(format!("cancel-{bill}")).request(request).unwrap();
        t.payments.clone().cancel_payment(call).await.unwrap();
        t.until_moving(&payment.payment_id, ends, SECOND).await;
    }
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
    assert_eq!(t.bill_says(&late).await, (5_000, 5_000, ReceivableState::Paid));
    t.books_hold().await;
}

#[tokio::test]
async fn a_callback_only_makes_us_ask_and_comes_before_the_answer_too() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::ActionRequired).await;
    // The provider does not confirm what the callback says: nothing is booked.
    t.callback(&payment).await;
    wait_for("the inquiry", SOON, async || (t.wallet.calls("inquire", &bill) >= 1).then_some(())).await;
    assert_eq!(t.payment(&payment.payment_id).await.state(), PaymentState::ActionRequired);

    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    for _ in 0..5 {
        t.callback(&payment).await;
    }
    t.until(&payment.payment_id, PaymentState::Captured).await;
    t.callback(&payment).await;
    t.callback(&payment).await;
    let asked = t.wallet.calls("inquire", &bill);
    wait_for("one more inquiry", SOON, async || (t.wallet.calls("inquire", &bill) > asked).then_some(()))
        .await;
    wait_for("no work left", SOON, async || (t.count("work").await == 0).then_some(())).await;
    assert_eq!((t.count("journal").await, t.count("open_case").await), (1, 0));
    assert_eq!(t.told(&payment.payment_id).await, ["started", "action_required", "captured"]);
}

#[tokio::test]
async fn another_amount_goes_to_suspense_with_a_case_and_frees_the_bill() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [paid(4_000, "BP-1")]);
    let payment = t.pay(&bill, "a").await.unwrap();
    let failed = t.until(&payment.payment_id, PaymentState::Failed).await;
    assert_eq!(failed.failure, "amount_mismatch");
    assert_eq!(failed.attempt_state(), AttemptState::Mismatched);
    let case = t.cases(1).await.remove(0);
    assert_eq!((case.kind.as_str(), case.amount.unwrap().minor_units), ("amount_mismatch", 4_000));
    assert_eq!(case.case_id, failed.case_id);
    assert_eq!(t.balance("suspense").await, -4_000);
    assert_eq!(t.balance("agency_payable:TRF").await, 0);
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
    t.books_hold().await;
}

#[tokio::test]
async fn a_hint_of_late_money_is_followed_until_the_provider_says_a_definite_word() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [observed(ObservedState::Expired)]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Expired).await;
    t.wallet.on_inquire(&bill, [indeterminate(), observed(ObservedState::Pending), paid(5_000, "BP-1")]);
    t.callback(&payment).await;
    t.until_moving(&payment.payment_id, PaymentState::Late, 60 * SECOND).await;
    assert_eq!(t.wallet.calls("inquire", &bill), 3);
    t.books_hold().await;
}

#[tokio::test]
async fn a_callback_about_what_stays_unknown_is_a_sign_of_money_until_the_provider_answers() {
    const UNPOSTED: &str = "mizan_payments_unposted_oldest_seconds";
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [indeterminate()]);
    t.wallet.on_inquire(&bill, [indeterminate()]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Processing).await;
    let asked = t.wallet.calls("inquire", &bill);
    t.callback(&payment).await;
    wait_for("an inquiry", SOON, async || (t.wallet.calls("inquire", &bill) > asked).then_some(())).await;
    t.env.clock.advance(60 * SECOND);
    wait_for("the sign", SOON, async || (metric(&t, UNPOSTED) >= Some(60)).then_some(())).await;

    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    t.until_moving(&payment.payment_id, PaymentState::Captured, HOUR).await;
    wait_for("no sign any more", SOON, async || (metric(&t, UNPOSTED) == Some(0)).then_some(())).await;
    t.books_hold().await;
}

#[tokio::test]
async fn a_call_to_a_provider_that_is_no_longer_named_is_seen_to_be_late() {
    let t = Stack::start().await;
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::query_scalar::<_, i32>(
        "INSERT INTO work (work_id, provider, kind, due_at, fence, hints, hints_seen)
         VALUES (gen_random_uuid(), 'gone', 'inquire', 'epoch', 0, 0, 0) RETURNING hints",
    )
    .fetch_one(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let due = |provider: &str| metric(&t, &format!("mizan_payments_work_due{{provider=\"{provider}\"}}"));
    wait_for("it is counted", SOON, async || (due("unlisted") == Some(1)).then_some(())).await;
    assert_eq!(due("benefit-pay"), Some(0));
}

#[tokio::test]
async fn money_after_the_end_is_late_the_payers_and_has_a_case() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [observed(ObservedState::Expired)]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Expired).await;
    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    t.callback(&payment).await;
    let late = t.until(&payment.payment_id, PaymentState::Late).await;
    assert_eq!(late.credited.unwrap().minor_units, 5_000);
    assert_eq!(t.cases(1).await.remove(0).kind, "second_payment");
    assert_eq!(t.balance("payer_credit").await, -5_000);
    assert_eq!(t.bill_says(&bill).await, (5_000, 0, ReceivableState::Open));
    t.books_hold().await;
}

#[tokio::test]
async fn a_provider_that_takes_its_word_back_opens_one_case_and_moves_nothing() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Captured).await;
    t.wallet.on_inquire(&bill, [observed(ObservedState::Declined)]);
    t.callback(&payment).await;
    assert_eq!(t.cases(1).await.remove(0).kind, "contradiction");
    t.callback(&payment).await;
    let asked = t.wallet.calls("inquire", &bill);
    t.callback(&payment).await;
    wait_for("more inquiries", SOON, async || (t.wallet.calls("inquire", &bill) > asked).then_some(())).await;
    wait_for("no work left", SOON, async || (t.count("work").await == 0).then_some(())).await;
    assert_eq!(t.payment(&payment.payment_id).await.state(), PaymentState::Captured);
    assert_eq!((t.count("open_case").await, t.count("journal").await), (1, 1));
    assert_eq!(t.told(&payment.payment_id).await, ["started", "captured", "contradicted"]);
}

#[tokio::test]
async fn a_call_that_died_with_its_process_is_inquired_and_never_blindly_repeated() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.receivable(&bill).await;
    t.wallet.on_inquire(&bill, [paid(5_000, "BP-1")]);
    let gate = t.gate(&bill).await; // the attempt cannot become durable yet
    let crash = async {
        t.waiting(1).await;
        // What a process leaves that died after its claim, before it wrote what it heard.
        let mut tx = t.env.pg.begin().await.unwrap();
        sqlx::raw_sql(
            "CREATE FUNCTION claimed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 NEW.claimed_until := '2026-01-15 06:00:30+00'; NEW.fence := 1; RETURN NEW; END $$;
             CREATE TRIGGER claimed BEFORE INSERT ON work FOR EACH ROW EXECUTE FUNCTION claimed()",
        )
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        drop(gate);
    };
    let (payment, ()) = tokio::join!(t.pay(&bill, "a"), crash);
    let payment = payment.unwrap();
    assert_eq!(t.payment(&payment.payment_id).await.state(), PaymentState::Created);
    t.wallet.knows(&payment.attempt_id, &bill);
    t.env.clock.advance(31 * SECOND);
    t.until(&payment.payment_id, PaymentState::Captured).await;
    assert_eq!(t.wallet.calls("initiate", &bill), 0);
}

#[tokio::test]
async fn paid_without_the_name_of_the_charge_is_no_answer() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [paid(5_000, "")]);
    t.wallet.on_inquire(&bill, [paid(5_000, ""), paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "a").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Processing).await;
    assert_eq!(t.count("journal").await, 0);
    t.until_moving(&payment.payment_id, PaymentState::Captured, SECOND).await;
    assert_eq!(t.count("journal").await, 1);
}
