//! A payer's objection: it is decided once.

use payments::domain::{
    Refusal,
    dispute::{Command, Dispute, State},
};

use crate::given::{self, SECOND};

#[test]
fn it_is_won_or_lost_and_that_is_final() {
    let by = SECOND.to_owned();
    let won_by = Command::Win { by: by.clone() };
    let lost_by = Command::Lose { by: by.clone() };
    let (won, lost) = (State::Won { by: by.clone() }, State::Lost { by });
    let stepped = |state| Ok(Dispute { state, version: 8, ..given::dispute() });
    assert_eq!(given::dispute().step(won_by.clone()), stepped(won.clone()));
    assert_eq!(given::dispute().step(lost_by.clone()), stepped(lost.clone()));
    for (state, name) in [(won, "won"), (lost, "lost")] {
        assert_eq!(state.name(), name);
        for (command, word) in [(won_by.clone(), "win"), (lost_by.clone(), "lose")] {
            assert_eq!(command.name(), word);
            let refused = Refusal::WrongState { noun: "dispute", state: name, command: word };
            let decided = Dispute { state: state.clone(), ..given::dispute() };
            assert_eq!(decided.step(command), Err(refused));
        }
    }
    assert_eq!(State::Opened.name(), "opened");
}
