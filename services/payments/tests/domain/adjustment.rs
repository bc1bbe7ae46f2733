//! Corrections by two persons: each state with each word of the second one.

use ids::Uuid;
use payments::domain::{
    Refusal,
    adjustment::{Adjustment, Command, State, What},
    journal::Account,
};

use crate::given::{self, DUE, FIRST, SECOND};

fn by(name: &str) -> String {
    name.to_owned()
}

#[test]
fn another_person_does_it_and_who_asked_may_take_it_back() {
    let stepped = |state| Ok(Adjustment { state, version: 8, ..given::adjustment() });
    let step = |command| given::adjustment().step(command);
    assert_eq!(step(Command::Approve { by: by(SECOND) }), stepped(State::Done { by: by(SECOND) }));
    assert_eq!(step(Command::Approve { by: by(FIRST) }), Err(Refusal::NeedsSecondPerson));
    assert_eq!(step(Command::Reject { by: by(SECOND) }), stepped(State::Rejected { by: by(SECOND) }));
    assert_eq!(step(Command::Reject { by: by(FIRST) }), stepped(State::Rejected { by: by(FIRST) }));
}

#[test]
fn a_decision_is_final() {
    for (state, name) in
        [(State::Done { by: by(SECOND) }, "done"), (State::Rejected { by: by(SECOND) }, "rejected")]
    {
        assert_eq!(state.name(), name);
        for by in [FIRST, SECOND].map(by) {
            for command in [Command::Approve { by: by.clone() }, Command::Reject { by }] {
                let refused =
                    Refusal::WrongState { noun: "adjustment", state: name, command: command.name() };
                let decided = Adjustment { state: state.clone(), ..given::adjustment() };
                assert_eq!(decided.step(command), Err(refused));
            }
        }
    }
}

#[test]
fn its_words_are_those_of_the_table() {
    assert_eq!(State::Requested.name(), "requested");
    assert_eq!(Command::Approve { by: by(FIRST) }.name(), "approve");
    assert_eq!(Command::Reject { by: by(FIRST) }.name(), "reject");
    let (debit, credit) = (Account::Suspense, Account::OverShort);
    let moved = What::Move { debit, credit, amount: DUE, bill_reference: String::new() };
    assert_eq!(moved.name(), "move");
    let invoice_id = Uuid::nil().into();
    assert_eq!(What::WriteOff { invoice_id, bill_reference: String::new() }.name(), "write_off");
}
