//! A channel took money and tells us.

use payments::domain::{
    Command, Refusal, Reply,
    command::Receive,
    payment::{By, Direct, Payment},
    receivable::{self, Receivable},
};

use super::{Desk, is};
use crate::{
    command,
    given::{self, DUE, id},
};

fn receive(fils: i64) -> Command {
    Command::Receive(command::receive(fils))
}

fn desk() -> Desk {
    Desk::with_bill(given::receivable())
}

#[test]
fn the_bill_takes_what_it_can_and_the_rest_is_the_payers() {
    is(&desk().story(&receive(10_000)), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        card payment_recorded [TRF payment bill] movement:terminal-bank/M-1: provider_clearing:terminal-bank 10000, agency_payable:TRF -10000
        told payment captured
    ");
    is(&desk().story(&receive(4_000)), "
        bill TRF-1 partially_paid paid 4000/10000 returned 0
        payment captured 4000 credited 0 back 0/0/0/0
        card payment_recorded [TRF payment bill] movement:terminal-bank/M-1: provider_clearing:terminal-bank 4000, agency_payable:TRF -4000
        told payment captured
    ");
    is(&desk().story(&receive(10_001)), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10001 credited 1 back 0/0/0/0
        credit [TRF payment] movement:terminal-bank/M-1 1 reserved 0 used 0
        card payment_recorded [TRF payment bill] movement:terminal-bank/M-1: provider_clearing:terminal-bank 10001, agency_payable:TRF -10000, payer_credit -1
        case second_payment [TRF payment] movement:terminal-bank/M-1 1
        told payment captured
        told credit opened
        told case second_payment
    ");
    let state = receivable::State::Paid { live: None };
    let paid = Desk::with_bill(Receivable { paid: DUE, state, ..given::receivable() });
    is(&paid.story(&receive(4_000)), "
        payment late 4000 credited 4000 back 0/0/0/0
        credit [TRF payment] movement:terminal-bank/M-1 4000 reserved 0 used 0
        card payment_recorded [TRF payment bill] movement:terminal-bank/M-1: provider_clearing:terminal-bank 4000, payer_credit -4000
        case second_payment [TRF payment] movement:terminal-bank/M-1 4000
        told payment late
        told credit opened
        told case second_payment
    ");
    for nothing in [0, -1] {
        assert_eq!(desk().refuses(&receive(nothing)), Refusal::AmountNotPositive);
    }
}

#[test]
fn the_caller_is_told_the_payment_as_it_is_written() {
    for fils in [4_000, 10_001] {
        let (changes, reply) = desk().decide(&receive(fils)).unwrap();
        let Reply::Recorded(payment) = reply else { unreachable!("a received payment is answered so") };
        assert_eq!(changes.payments, [*payment]);
    }
    let (changes, _) = desk().decide(&receive(10_001)).unwrap();
    let by = By::Direct {
        channel: Direct::Card,
        provider: "terminal-bank".to_owned(),
        provider_reference: "M-1".to_owned(),
    };
    assert_eq!((&changes.payments[0].by, changes.payments[0].actor.as_str()), (&by, "staff:till"));
    assert_eq!(changes.cases[0].detail, "more came by card than was due");
}

#[test]
fn a_movement_is_booked_once_and_for_one_thing() {
    let mut desk = desk();
    let first = desk.does(&receive(4_000)).payments;
    let (changes, reply) = desk.decide(&receive(4_000)).unwrap();
    assert_eq!(super::story(&changes, desk.now), [""; 0]);
    assert!(matches!(reply, Reply::Recorded(payment) if *payment == first[0]));

    desk.world.put_receivable(Receivable {
        invoice_id: id(11),
        bill_reference: "TRF-2".to_owned(),
        ..given::receivable()
    });
    let differs = Refusal::ChargeDiffers { provider_reference: "M-1".to_owned() };
    assert_eq!(desk.refuses(&receive(4_001)), differs);
    let of_another = Receive { bill_reference: "TRF-2".to_owned(), ..command::receive(4_000) };
    assert_eq!(desk.refuses(&Command::Receive(of_another)), differs);
    // The movement is that of an attempt of ours.
    let payment = desk.world.payments.values().next().unwrap().clone();
    desk.world.payments.insert(payment.id, Payment { by: given::by_wallet(Some("M-1")), ..payment });
    assert_eq!(desk.refuses(&receive(4_000)), differs);
    desk.world.payments.clear();
    assert_eq!(desk.refuses(&receive(4_000)), differs);
    // The same name at another provider is another movement.
    let elsewhere = Receive { provider: "other-bank".to_owned(), ..command::receive(4_000) };
    assert!(desk.decide(&Command::Receive(elsewhere)).is_ok());
}
