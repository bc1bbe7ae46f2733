//! Cash that is physically there is always booked.

use money::Money;
use payments::domain::{
    Command, Refusal, Reply,
    command::{BillAsked, Close, SessionEnd, SessionKnown, Stack},
    payment::{By, Receipt, State},
    receivable::{self, Receivable},
};

use super::{Desk, is, story};
use crate::{
    command::{self, key},
    given::{self, DUE, NOW, id},
};

fn desk() -> Desk {
    Desk::with_bill(given::receivable())
}

fn close(end: SessionEnd, fils: i64) -> Command {
    Command::Close(command::close(end, fils))
}

fn nothing_changes(desk: &Desk, command: &Command) {
    let (changes, reply) = desk.decide(command).unwrap();
    assert_eq!(story(&changes, desk.now), [""; 0]);
    assert!(matches!(reply, Reply::Done));
}

#[test]
fn a_note_lies_in_its_unit_until_its_session_ends() {
    is(&desk().story(&Command::Stack(command::stack(SessionKnown::Yes))), "
        kiosk_cash cash_stacked [] cash:KSK-0001/1/1: cash_in_device:KSK-0001/CB-1/4 5000, payer_clearing:KSK-0001 -5000
        cash stacked cash:KSK-0001/1/1 S-1
    ");
    is(&desk().story(&Command::Stack(command::stack(SessionKnown::No))), "
        kiosk_cash cash_unknown_session [] cash:KSK-0001/1/1: cash_in_device:KSK-0001/CB-1/4 5000, suspense -5000
        case cash_unknown_session [] cash:KSK-0001/1/1 5000
        cash stacked cash:KSK-0001/1/1 S-1
        told case cash_unknown_session
    ");
    let mut desk = desk();
    desk.does(&Command::Stack(command::stack(SessionKnown::Yes)));
    nothing_changes(&desk, &Command::Stack(command::stack(SessionKnown::Yes)));
    let next = Stack { key: key(9), ..command::stack(SessionKnown::Yes) };
    assert_eq!(desk.does(&Command::Stack(next)).journals.len(), 1);
}

/// What a committed session books of a bill of 10.000: rows, lines of its journal, and what is told of the rest.
fn committed(stacked: i64, rows: &str, lines: &str, told: &str) {
    let story = desk().story(&close(SessionEnd::Committed, stacked));
    let (journal, cash) = (
        format!("kiosk_cash cash_committed [TRF payment bill] cash:KSK-0001/1/2: {lines}"),
        "cash closed cash:KSK-0001/1/2 S-1",
    );
    is(&story, &[rows, &journal, cash, "told payment captured", told].join("\n"));
}

#[test]
fn a_committed_session_pays_the_bill() {
    committed(
        10_000,
        "bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0",
        "payer_clearing:KSK-0001 10000, agency_payable:TRF -10000",
        "",
    );
    committed(
        10_500,
        "bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10500 credited 500 back 0/0/0/0
        credit [TRF payment] cash:KSK-0001/1/2 500 reserved 0 used 0",
        "payer_clearing:KSK-0001 10500, agency_payable:TRF -10000, payer_credit -500",
        "told credit opened",
    );
    committed(
        9_995,
        "bill TRF-1 partially_paid paid 9995/10000 returned 0
        payment captured 9995 credited 0 back 0/0/0/0",
        "payer_clearing:KSK-0001 9995, agency_payable:TRF -9995",
        "",
    );
    // No coin is that small: the payer is spared it.
    committed(
        9_996,
        "bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0",
        "payer_clearing:KSK-0001 9996, agency_payable:TRF -10000, rounding 4",
        "",
    );
}

#[test]
fn a_cash_payment_has_the_receipt_that_the_kiosk_printed() {
    let (changes, reply) = desk().decide(&close(SessionEnd::Committed, 10_000)).unwrap();
    let payment = &changes.payments[0];
    let receipt = Receipt { at: NOW, number: "K-77".to_owned() };
    assert_eq!((&payment.by, &payment.state), (&By::KioskCash, &State::Captured(receipt)));
    assert_eq!(payment.actor, "device:KSK-0001");
    assert!(matches!(reply, Reply::Done));
}

#[test]
fn cash_for_a_bill_that_was_paid_otherwise_is_the_payers() {
    let state = receivable::State::Paid { live: None };
    let paid = Desk::with_bill(Receivable { state, paid: DUE, ..given::receivable() });
    is(&paid.story(&close(SessionEnd::Committed, 5_000)), "
        payment late 5000 credited 5000 back 0/0/0/0
        credit [TRF payment] cash:KSK-0001/1/2 5000 reserved 0 used 0
        kiosk_cash cash_committed [TRF payment bill] cash:KSK-0001/1/2: payer_clearing:KSK-0001 5000, payer_credit -5000
        case second_payment [TRF payment] cash:KSK-0001/1/2 5000
        cash closed cash:KSK-0001/1/2 S-1
        told payment late
        told credit opened
        told case second_payment
    ");
}

#[test]
fn an_attempt_goes_on_holding_what_cash_pays() {
    let state = receivable::State::Held { payment: id(2) };
    let mut held = Desk::with_bill(Receivable { state, ..given::receivable() });
    held.does(&close(SessionEnd::Committed, 10_000));
    assert_eq!(held.world.bill("TRF-1").unwrap().state, receivable::State::Paid { live: Some(id(2)) });
}

#[test]
fn notes_of_a_session_that_was_given_up_are_the_payers() {
    is(&desk().story(&close(SessionEnd::GivenUp, 5_000)), "
        credit [TRF] cash:KSK-0001/1/2 5000 reserved 0 used 0
        kiosk_cash cash_uncommitted [TRF bill] cash:KSK-0001/1/2: payer_clearing:KSK-0001 5000, payer_credit -5000
        case cash_uncommitted [TRF] cash:KSK-0001/1/2 5000
        cash closed cash:KSK-0001/1/2 S-1
        told credit opened
        told case cash_uncommitted
    ");
}

#[test]
fn notes_for_a_bill_that_nobody_knows_stand_in_suspense() {
    for end in [SessionEnd::Committed, SessionEnd::GivenUp] {
        let asked = Command::Close(Close { bill: BillAsked::Unknown, ..command::close(end, 5_000) });
        is(
            &Desk::empty().story(&asked),
            "
            kiosk_cash cash_unknown_bill [] cash:KSK-0001/1/2: payer_clearing:KSK-0001 5000, suspense -5000
            case cash_unknown_bill [] cash:KSK-0001/1/2 5000
            cash closed cash:KSK-0001/1/2 S-1
            told case cash_unknown_bill
        ",
        );
        // Its owner is asked first.
        let unknown = Refusal::BillUnknown { bill_reference: "TRF-1".to_owned() };
        assert_eq!(Desk::empty().refuses(&close(end, 5_000)), unknown);
        // It exists by now.
        let story = desk().story(&asked);
        assert_eq!(story, desk().story(&close(end, 5_000)));
    }
}

#[test]
fn a_session_ends_once_and_one_without_notes_books_nothing() {
    for end in [SessionEnd::Committed, SessionEnd::GivenUp] {
        is(&Desk::empty().story(&close(end, 0)), "cash closed cash:KSK-0001/1/2 S-1");
        let mut desk = desk();
        desk.does(&close(end, 5_000));
        nothing_changes(&desk, &close(end, 5_000));
        let by_another_record = Close { key: key(9), ..command::close(end, 5_000) };
        nothing_changes(&desk, &Command::Close(by_another_record));
        let same_record = Close { session_id: "S-2".to_owned(), ..command::close(end, 5_000) };
        nothing_changes(&desk, &Command::Close(same_record.clone()));
        let another = Close { key: key(9), ..same_record };
        assert_eq!(desk.decide(&Command::Close(another)).unwrap().0.journals.len(), 1);
    }
}

#[test]
fn a_device_that_was_shut_out_is_counted_by_a_person() {
    is(
        &desk().story(&Command::Quarantine(command::quarantine())),
        "
        case device_quarantined [] quarantine:KSK-0001/1/S-1 5000
        told case device_quarantined
    ",
    );
    let (changes, _) = desk().decide(&Command::Quarantine(command::quarantine())).unwrap();
    assert_eq!(changes.cases[0].bill_reference, "TRF-1");
    assert_eq!(changes.cases[0].amount, Money::fils(5_000));
}
