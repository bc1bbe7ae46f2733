//! What we owe a payer pays a bill of the same agency.

use money::Money;
use payments::domain::{
    Command, Refusal, Reply,
    credit::Credit,
    receivable::{self, Receivable},
};

use super::{Desk, is};
use crate::{
    command,
    given::{self, DUE, id, theirs},
};

/// A bill of 10.000 of which 4.000 are paid, and a credit of so much.
fn desk(credit: i64) -> Desk {
    let (state, paid) = (receivable::State::PartiallyPaid, Money::fils(4_000));
    let mut desk = Desk::with_bill(Receivable { state, paid, ..given::receivable() });
    desk.world.credits.insert(id(4), Credit { amount: Money::fils(credit), ..given::credit() });
    desk
}

fn apply(amount: Option<i64>) -> Command {
    Command::ApplyCredit(command::apply_credit(amount))
}

#[test]
fn a_credit_pays_what_it_can_and_no_money_moves() {
    is(
        &desk(10_000).story(&apply(None)),
        "
        bill TRF-1 paid paid 10000/10000 returned 0
        credit [TRF] attempt:3 10000 reserved 0 used 6000
        credit credit_applied [TRF bill] credit:C1/8: payer_credit 6000, agency_payable:TRF -6000
        told bill paid
        told credit applied
    ",
    );
    is(
        &desk(1_000).story(&apply(None)),
        "
        bill TRF-1 partially_paid paid 5000/10000 returned 0
        credit [TRF] attempt:3 1000 reserved 0 used 1000
        credit credit_applied [TRF bill] credit:C1/8: payer_credit 1000, agency_payable:TRF -1000
        told bill partially_paid
        told credit applied
    ",
    );
    let (changes, reply) = desk(10_000).decide(&apply(Some(6_000))).unwrap();
    assert!(matches!(reply, Reply::Credit(credit) if changes.credits.contains(&credit)));
}

#[test]
fn a_live_attempt_goes_on_holding_the_bill() {
    let mut desk = desk(10_000);
    let state = receivable::State::Held { payment: id(2) };
    desk.world.put_receivable(Receivable { state, ..given::receivable() });
    desk.does(&apply(Some(10_000)));
    assert_eq!(desk.world.bill("TRF-1").unwrap().state, receivable::State::Paid { live: Some(id(2)) });
}

#[test]
fn no_more_than_is_due_and_free_is_asked_for() {
    let (bill_reference, remaining) = ("TRF-1".to_owned(), Money::fils(6_000));
    let not_allowed = Refusal::AmountNotAllowed { bill_reference, remaining };
    assert_eq!(desk(10_000).refuses(&apply(Some(6_001))), not_allowed);
    let exceeded = Refusal::CreditExceeded { free: Money::fils(1_000) };
    assert_eq!(desk(1_000).refuses(&apply(Some(1_001))), exceeded);
    assert_eq!(desk(1_000).refuses(&apply(Some(0))), Refusal::AmountNotPositive);
    assert_eq!(desk(1_000).refuses(&apply(Some(-1))), Refusal::AmountNotPositive);
    let mut of_others = desk(1_000);
    of_others.world.put_receivable(Receivable { agency: theirs(), ..given::receivable() });
    let unknown = Refusal::BillUnknown { bill_reference: "TRF-1".to_owned() };
    assert_eq!(of_others.refuses(&apply(None)), unknown);
}

#[test]
fn a_bill_that_takes_no_money_says_why() {
    let bill_reference = || "TRF-1".to_owned();
    for (state, paid, refusal) in [
        (
            receivable::State::Paid { live: None },
            DUE,
            Refusal::AlreadyPaid { bill_reference: bill_reference() },
        ),
        (
            receivable::State::Cancelled,
            given::NOTHING,
            Refusal::BillCancelled { bill_reference: bill_reference() },
        ),
        (
            receivable::State::WrittenOff,
            given::NOTHING,
            Refusal::BillWrittenOff { bill_reference: bill_reference() },
        ),
    ] {
        let mut desk = desk(1_000);
        desk.world.put_receivable(Receivable { state, paid, ..given::receivable() });
        for amount in [None, Some(500)] {
            assert_eq!(desk.refuses(&apply(amount)), refusal);
        }
    }
}
