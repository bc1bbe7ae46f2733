//! A payer starts, tries again, gives up.

use money::Money;
use payments::domain::{
    Command, Refusal, Reply,
    attempt::Attempt,
    command::Start,
    payment::{Failure, Payment, State},
    receivable::{self, Receivable},
};

use super::{Desk, is};
use crate::{
    attempt::at,
    command,
    given::{self, DUE, id, theirs},
};

/// Two bills: 10.000 in two instalments, and 2.000 of another agency.
fn desk() -> Desk {
    let instalments = vec![Money::fils(4_000), Money::fils(6_000)];
    let mut desk = Desk::with_bill(Receivable { instalments, ..given::receivable() });
    desk.world.put_receivable(Receivable {
        invoice_id: id(11),
        bill_reference: "MOH-1".to_owned(),
        agency: theirs(),
        due: Money::fils(2_000),
        ..given::receivable()
    });
    desk
}

#[test]
fn a_start_holds_the_bill_and_leaves_the_provider_to_the_worker() {
    let command = Command::Start(command::start(&["TRF-1"]));
    is(
        &desk().story(&command),
        "
        bill TRF-1 held paid 0/10000 returned 0
        payment created 10000 credited 0 back 0/0/0/0
        attempt submitting 10000
        ask benefit-pay: initiate in 0 s
        told payment started
    ",
    );
    let (changes, reply) = desk().decide(&command).unwrap();
    let Reply::Started { payments, attempt } = reply else { unreachable!("a start is answered so") };
    assert_eq!((&payments, vec![attempt.clone()]), (&changes.payments, changes.attempts.clone()));
    assert_eq!(changes.receivables[0].live(), Some(payments[0].id));
    assert_eq!(payments[0].by.attempt(), Some(attempt.id));
    let (work, version) = (changes.work.unwrap().id, 1);
    assert_eq!(work, attempt.id.0);
    assert_eq!((attempt.version, attempt.submits, attempt.delayed_capture), (version, 1, false));
    let said =
        (payments[0].contact_ref.as_str(), payments[0].return_url.as_str(), payments[0].actor.as_str());
    assert_eq!(said, ("contact", "https://shop.example", "payer"));
    let held = Start { delayed_capture: true, ..command::start(&["TRF-1"]) };
    let (changes, _) = desk().decide(&Command::Start(held)).unwrap();
    assert!(changes.attempts[0].delayed_capture);
}

#[test]
fn a_cart_is_one_attempt_with_a_payment_for_each_bill() {
    is(
        &desk().story(&Command::Start(command::start(&["TRF-1", "MOH-1"]))),
        "
        bill TRF-1 held paid 0/10000 returned 0
        bill MOH-1 held paid 0/2000 returned 0
        payment created 10000 credited 0 back 0/0/0/0
        payment created 2000 credited 0 back 0/0/0/0
        attempt submitting 12000
        ask benefit-pay: initiate in 0 s
        told payment started
        told payment started
    ",
    );
    let twice = Command::Start(command::start(&["TRF-1", "MOH-1", "TRF-1"]));
    assert_eq!(desk().refuses(&twice), Refusal::BillTwice { bill_reference: "TRF-1".to_owned() });
    let unknown = Command::Start(command::start(&["TRF-1", "TRF-9"]));
    assert_eq!(desk().refuses(&unknown), Refusal::BillUnknown { bill_reference: "TRF-9".to_owned() });
}

#[test]
fn an_instalment_may_be_paid_by_itself() {
    let start = |fils| Start { amount: Some(Money::fils(fils)), ..command::start(&["TRF-1"]) };
    let (changes, _) = desk().decide(&Command::Start(start(4_000))).unwrap();
    assert_eq!(
        (changes.payments[0].amount, changes.attempts[0].amount),
        (Money::fils(4_000), Money::fils(4_000))
    );
    let not_allowed = Refusal::AmountNotAllowed { bill_reference: "TRF-1".to_owned(), remaining: DUE };
    assert_eq!(desk().refuses(&Command::Start(start(5_000))), not_allowed);
    let mut desk = desk();
    desk.does(&Command::Start(command::start(&["TRF-1"])));
    let again = Command::Start(command::start(&["TRF-1"]));
    assert_eq!(desk.refuses(&again), Refusal::InProgress { bill_reference: "TRF-1".to_owned() });
}

/// A payment that was declined, on a bill of which so much is paid meanwhile.
fn declined(paid: i64) -> Desk {
    let payment = Payment {
        amount: Money::fils(6_000),
        state: State::Failed { failure: Failure::Declined },
        ..given::payment()
    };
    let state = if paid == 0 { receivable::State::Open } else { receivable::State::PartiallyPaid };
    Desk::with(Receivable { paid: Money::fils(paid), state, ..given::receivable() }, payment, at("declined"))
}

#[test]
fn another_attempt_asks_for_the_same_amount_if_it_is_still_due() {
    let retry = Command::Retry(command::retry());
    for paid in [0, 4_000] {
        is(
            &declined(paid).story(&retry),
            &format!(
                "
            bill TRF-1 held paid {paid}/10000 returned 0
            payment created 6000 credited 0 back 0/0/0/0
            attempt submitting 6000
            ask other-pay: initiate in 0 s
            told payment retried
        "
            ),
        );
    }
    let (changes, reply) = declined(0).decide(&retry).unwrap();
    assert!(matches!(reply, Reply::Started { payments, .. } if payments == changes.payments));
    assert_eq!(changes.payments[0].by.attempt(), Some(changes.attempts[0].id));
    assert_ne!(changes.attempts[0].id, id(3));
    assert!(changes.attempts[0].delayed_capture);
    assert_eq!(changes.receivables[0].live(), Some(id(2)));

    let remaining = Money::fils(5_999);
    let not_allowed = Refusal::AmountNotAllowed { bill_reference: "TRF-1".to_owned(), remaining };
    assert_eq!(declined(4_001).refuses(&retry), not_allowed);
    let live = Refusal::WrongState { noun: "payment", state: "created", command: "retry" };
    assert_eq!(Desk::paying(at("pending")).refuses(&retry), live);
    assert_eq!(Desk::empty().refuses(&retry), Refusal::PaymentUnknown);
}

#[test]
fn who_gives_up_waits_for_the_providers_word() {
    let give_up = Command::GiveUp(command::give_up());
    is(
        &Desk::paying(at("pending")).story(&give_up),
        "
        attempt pending 10000 cancelling
        ask benefit-pay: reverse in 0 s
    ",
    );
    let (_, reply) = Desk::paying(at("pending")).decide(&give_up).unwrap();
    let Reply::Started { payments, attempt } = reply else { unreachable!("giving up is answered so") };
    let cancelling = Attempt { cancelling: true, version: 8, ..at("pending") };
    assert_eq!((payments, attempt), (vec![given::payment()], cancelling));
    let ended = Refusal::WrongState { noun: "attempt", state: "paid", command: "cancel" };
    assert_eq!(Desk::paying(at("paid")).refuses(&give_up), ended);
    assert_eq!(Desk::empty().refuses(&give_up), Refusal::PaymentUnknown);
}
