//! Corrections that two persons make.

use payments::domain::{
    Command, Refusal, Reply,
    adjustment::{self, Adjustment, State, What},
    command::AdjustmentStep,
    journal::Account,
    receivable::{self, Receivable},
};

use super::{Desk, is};
use crate::{
    command,
    given::{self, DUE, FIRST, SECOND, id, ours},
};

fn desk() -> Desk {
    Desk::with_bill(given::receivable())
}

fn ask(debit: Account, credit: Account, fils: i64) -> Command {
    Command::RequestAdjustment(command::request_adjustment(command::move_between(debit, credit, fils)))
}

#[test]
fn what_is_asked_for_moves_nothing() {
    let asked = ask(Account::Suspense, Account::AgencyPayable(ours()), 500);
    is(&desk().story(&asked), "adjustment requested");
    let (changes, reply) = desk().decide(&asked).unwrap();
    let adjustment = changes.adjustments[0].clone();
    assert!(matches!(reply, Reply::Adjustment(told) if *told == adjustment));
    let what = What::Move {
        debit: Account::Suspense,
        credit: Account::AgencyPayable(ours()),
        amount: money::Money::fils(500),
        bill_reference: "TRF-1".to_owned(),
    };
    let expected = Adjustment {
        id: adjustment.id,
        agency: None,
        what,
        reason: "counted".to_owned(),
        case_id: Some(id(9)),
        version: 1,
        ..given::adjustment()
    };
    assert_eq!(adjustment, expected);
    is(
        &desk().story(&Command::RequestAdjustment(command::request_adjustment(command::write_off()))),
        "
        adjustment requested
    ",
    );
}

#[test]
fn people_move_money_between_two_accounts_that_are_theirs_to_move() {
    let refused = |debit: &str, credit: &str| {
        let (debit, credit) = (debit.to_owned(), credit.to_owned());
        Refusal::AccountsNotAllowed { debit, credit }
    };
    let found = desk().refuses(&ask(Account::PayerCredit, Account::Suspense, 1));
    assert_eq!(found, refused("payer_credit", "suspense"));
    let found = desk().refuses(&ask(Account::Suspense, Account::RefundsPayable, 1));
    assert_eq!(found, refused("suspense", "refunds_payable"));
    let found = desk().refuses(&ask(Account::Suspense, Account::Suspense, 1));
    assert_eq!(found, refused("suspense", "suspense"));
    for nothing in [0, -1] {
        let found = desk().refuses(&ask(Account::Suspense, Account::OverShort, nothing));
        assert_eq!(found, Refusal::AmountNotPositive);
    }
    let state = receivable::State::Paid { live: None };
    let paid = Desk::with_bill(Receivable { paid: DUE, state, ..given::receivable() });
    let write_off = Command::RequestAdjustment(command::request_adjustment(command::write_off()));
    assert_eq!(paid.refuses(&write_off), Refusal::AlreadyPaid { bill_reference: "TRF-1".to_owned() });
}

/// After `asked`, what the second person says.
fn second(asked: &Command, word: fn(String) -> adjustment::Command, by: &str) -> (Desk, Command) {
    let mut desk = desk();
    let adjustment_id = desk.does(asked).adjustments.first().unwrap().id;
    let step = command::adjust(word(by.to_owned()));
    (desk, Command::Adjust(AdjustmentStep { adjustment_id, ..step }))
}

fn approve(by: String) -> adjustment::Command {
    adjustment::Command::Approve { by }
}

fn reject(by: String) -> adjustment::Command {
    adjustment::Command::Reject { by }
}

#[test]
fn another_person_agrees_and_it_is_done() {
    let asked = ask(Account::Suspense, Account::OverShort, 500);
    let (desk, agreed) = second(&asked, approve, SECOND);
    is(
        &desk.story(&agreed),
        "
        adjustment done
        adjustment adjusted [] adjustment:J1: suspense 500, over_short -500
    ",
    );
    let (changes, reply) = desk.decide(&agreed).unwrap();
    assert_eq!(changes.adjustments[0].state, State::Done { by: SECOND.to_owned() });
    assert!(matches!(reply, Reply::Adjustment(told) if changes.adjustments.contains(&told)));
    let (desk, alone) = second(&asked, approve, FIRST);
    assert_eq!(desk.refuses(&alone), Refusal::NeedsSecondPerson);
    let (desk, rejected) = second(&asked, reject, SECOND);
    is(&desk.story(&rejected), "adjustment rejected");
}

#[test]
fn a_journal_is_of_the_agency_that_asked() {
    let mut desk = desk();
    let moved = What::Move {
        debit: Account::Suspense,
        credit: Account::OverShort,
        amount: DUE,
        bill_reference: String::new(),
    };
    desk.world.adjustments.insert(id(8), Adjustment { what: moved, ..given::adjustment() });
    let approve = adjustment::Command::Approve { by: SECOND.to_owned() };
    is(
        &desk.story(&Command::Adjust(command::adjust(approve))),
        "
        adjustment done
        adjustment adjusted [TRF] adjustment:J1: suspense 10000, over_short -10000
    ",
    );
}

#[test]
fn what_is_written_off_is_due_no_more() {
    let asked = Command::RequestAdjustment(command::request_adjustment(command::write_off()));
    let (mut desk, agreed) = second(&asked, approve, SECOND);
    is(
        &desk.story(&agreed),
        "
        bill TRF-1 written_off paid 0/10000 returned 0
        adjustment done
        told bill written_off
    ",
    );
    let held = Receivable { state: receivable::State::Held { payment: id(2) }, ..given::receivable() };
    desk.world.put_receivable(held);
    assert_eq!(desk.refuses(&agreed), Refusal::InProgress { bill_reference: "TRF-1".to_owned() });
    desk.world.receivables.clear();
    assert_eq!(desk.refuses(&agreed), Refusal::AdjustmentUnknown);
}
