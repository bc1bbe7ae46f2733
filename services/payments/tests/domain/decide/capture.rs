//! Money that a provider holds is taken: all of it, what is still due, or up to the end of an instalment.

use money::Money;
use payments::domain::{
    Command, Refusal, Reply,
    attempt::Attempt,
    command::Capture,
    payment::{Payment, State},
    receivable::{self, Receivable},
};

use super::{Desk, is, record::cart};
use crate::{
    attempt::at,
    command,
    given::{self, DUE, id},
};

fn capture(amount: Option<i64>) -> Command {
    Command::Capture(command::capture(amount))
}

/// 10.000 are held for a bill of three instalments, of which others have paid so much.
fn desk(paid: i64) -> Desk {
    let bill = Receivable {
        paid: Money::fils(paid),
        state: receivable::State::Held { payment: id(2) },
        instalments: vec![Money::fils(4_000), Money::fils(1_000), Money::fils(5_000)],
        ..given::receivable()
    };
    Desk::with(bill, Payment { state: State::Authorised, ..given::payment() }, at("authorised"))
}

#[test]
fn all_that_is_held_is_taken() {
    for amount in [None, Some(10_000)] {
        is(
            &desk(0).story(&capture(amount)),
            "
            payment processing 10000 credited 0 back 0/0/0/0
            attempt capturing 10000
            ask benefit-pay: capture in 0 s
            told payment capturing
        ",
        );
    }
    let (changes, reply) = desk(0).decide(&capture(None)).unwrap();
    let Reply::Started { payments, attempt } = reply else { unreachable!("a capture is answered so") };
    assert_eq!((payments, vec![attempt]), (changes.payments, changes.attempts));
}

/// `taken` of what was held, and the rest is let go.
fn in_part(taken: i64) -> String {
    let rest = 10_000 - taken;
    format!("
        payment processing {taken} credited 0 back 0/0/0/0
        attempt capturing {taken}
        wallet authorisation_released pending [TRF payment bill] attempt:A1/reduced/P1: agency_payable:TRF {rest}, provider_clearing:benefit-pay -{rest}
        ask benefit-pay: capture in 0 s
        told payment capturing
    ")
}

#[test]
fn less_is_taken_up_to_the_end_of_an_instalment_or_what_is_still_due() {
    is(&desk(0).story(&capture(Some(4_000))), &in_part(4_000));
    is(&desk(0).story(&capture(Some(5_000))), &in_part(5_000));
    is(&desk(3_000).story(&capture(None)), &in_part(7_000));
    is(&desk(3_000).story(&capture(Some(7_000))), &in_part(7_000));
    is(&desk(3_000).story(&capture(Some(1_000))), &in_part(1_000));
    let not_allowed = |remaining| Refusal::AmountNotAllowed {
        bill_reference: "TRF-1".to_owned(),
        remaining: Money::fils(remaining),
    };
    assert_eq!(desk(0).refuses(&capture(Some(4_001))), not_allowed(10_000));
    assert_eq!(desk(3_000).refuses(&capture(Some(7_001))), not_allowed(7_000));
    assert_eq!(desk(3_000).refuses(&capture(Some(10_000))), not_allowed(7_000));
}

#[test]
fn no_more_than_is_held_and_not_nothing_is_taken() {
    for paid in [0, 3_000] {
        assert_eq!(desk(paid).refuses(&capture(Some(10_001))), Refusal::CaptureExceeds { held: DUE });
        for nothing in [0, -1] {
            assert_eq!(desk(paid).refuses(&capture(Some(nothing))), Refusal::AmountNotPositive);
        }
    }
    let mut paid = desk(10_000);
    let state = receivable::State::Paid { live: Some(id(2)) };
    paid.world.put_receivable(Receivable { state, paid: DUE, ..given::receivable() });
    let already = Refusal::AlreadyPaid { bill_reference: "TRF-1".to_owned() };
    assert_eq!(paid.refuses(&capture(None)), already);
    assert_eq!(paid.refuses(&capture(Some(4_000))), already);
}

#[test]
fn of_the_bills_of_a_cart_the_whole_is_taken_or_nothing() {
    let whole = "
        payment processing 10000 credited 0 back 0/0/0/0
        payment processing 2000 credited 0 back 0/0/0/0
        attempt capturing 12000
        ask benefit-pay: capture in 0 s
        told payment capturing
        told payment capturing
    ";
    let held = cart("authorised", &State::Authorised);
    is(&held.story(&capture(None)), whole);
    is(&held.story(&capture(Some(12_000))), whole);
    let not_allowed = |remaining| Refusal::AmountNotAllowed {
        bill_reference: "TRF-1".to_owned(),
        remaining: Money::fils(remaining),
    };
    for other in [2_000, 10_000, 11_999, 12_001] {
        assert_eq!(held.refuses(&capture(Some(other))), not_allowed(10_000), "{other}");
    }
    let mut paid_in_part = held.clone();
    let bill = paid_in_part.world.receivables.get_mut(&id(1)).unwrap();
    bill.paid = Money::fils(1);
    for amount in [None, Some(12_000)] {
        assert_eq!(paid_in_part.refuses(&capture(amount)), not_allowed(9_999), "{amount:?}");
    }
}

#[test]
fn an_agency_takes_nothing_of_a_cart_that_holds_a_bill_of_another() {
    let by = |agency| Command::Capture(Capture { agency: Some(agency), ..command::capture(None) });
    let mixed = cart("authorised", &State::Authorised);
    for agency in [given::ours(), given::theirs()] {
        assert_eq!(mixed.refuses(&by(agency)), Refusal::PaymentUnknown);
    }
    assert!(desk(0).decide(&by(given::ours())).is_ok());
    assert_eq!(desk(0).refuses(&by(given::theirs())), Refusal::PaymentUnknown);
}

#[test]
fn nothing_is_taken_that_is_not_held() {
    let wrong = |state| Refusal::WrongState { noun: "attempt", state, command: "capture" };
    assert_eq!(Desk::paying(at("pending")).refuses(&capture(None)), wrong("pending"));
    let given_up = Attempt { cancelling: true, ..at("authorised") };
    assert_eq!(Desk::paying(given_up).refuses(&capture(None)), wrong("cancelling"));
    assert_eq!(Desk::empty().refuses(&capture(None)), Refusal::PaymentUnknown);
    for take in
        [|desk: &mut Desk| desk.world.payments.clear(), |desk: &mut Desk| desk.world.receivables.clear()]
    {
        let mut desk = desk(0);
        take(&mut desk);
        assert_eq!(desk.refuses(&capture(None)), Refusal::PaymentUnknown);
    }
}
