//! Money on its way back: each state with each command.

use std::time::Duration;

use money::Money;
use payments::domain::{
    Refusal,
    refund::{Answer, Command, Effect, Refund, State},
};

use crate::{
    given::{self, DUE, FIRST, NOTHING, NOW, SECOND},
    table::{cell, cells},
};

pub fn state(name: &str) -> State {
    let by = SECOND.to_owned();
    match name {
        "requested" => State::Requested,
        "approved" => State::Approved { by },
        "rejected" => State::Rejected { by },
        "submitted" => State::Submitted { by },
        "unknown" => State::Unknown { by, since: NOW },
        "succeeded" => State::Succeeded { by, reference: "G-1".to_owned() },
        "failed" => State::Failed { by, reason: "closed".to_owned() },
        other => unreachable!("no state is called {other}"),
    }
}

pub fn command(name: &str) -> Command {
    let done = |reference: &str, amount| Answer::Done { reference: reference.to_owned(), amount };
    Command::Record(match name {
        "approve" => return Command::Approve { by: SECOND.to_owned(), alone: NOTHING },
        "reject" => return Command::Reject { by: SECOND.to_owned() },
        "not_there" => Answer::NotThere,
        "silence" => Answer::Silence,
        "pending" => Answer::Pending,
        "done" => done("G-1", DUE),
        "done otherwise" => done("G-2", DUE),
        "done in part" => done("G-1", Money::fils(1)),
        "declined" => Answer::Declined { reason: "closed".to_owned() },
        other => unreachable!("no command is called {other}"),
    })
}

fn at(name: &str) -> Refund {
    Refund { state: state(name), doubts: 1, ..given::refund() }
}

/// Each cell: the state after, the effect and the doubts it brings, or `-` when there is no such step.
fn holds(table: &'static str, shaped: fn(Refund) -> Refund) {
    for (said, before, expected) in cells(table) {
        let before = shaped(at(before));
        let found = match before.step(command(said), NOW) {
            Ok((after, effect)) => {
                if effect == Effect::Repeated {
                    assert_eq!(after, before, "{said}");
                } else {
                    assert_eq!(after.version, 8, "{said}");
                }
                cell(after.state.name(), &effect, after.doubts - before.doubts)
            }
            Err(refusal) => {
                let (state, command) = (before.state.name(), command(said).name());
                assert_eq!(refusal, Refusal::WrongState { noun: "refund", state, command });
                "-".to_owned()
            }
        };
        assert_eq!(found, expected, "{} {said}", before.state.name());
    }
}

#[test]
fn people_decide_once_and_only_what_was_requested() {
    let table = "
            | requested         | approved | rejected | submitted | unknown | succeeded | failed
    approve | approved Approved | -        | -        | -         | -       | -         | -
    reject  | rejected Rejected | -        | -        | -         | -       | -         | -
    not_there | -               | approved Resubmit +1 | - | submitted Resubmit +1 | unknown Resubmit +1 | succeeded Repeated | failed Repeated
    silence | -                 | unknown Doubted +1 | - | unknown Doubted +1 | unknown Waiting +1 | succeeded Repeated | failed Repeated
    pending | -                 | submitted Submitted | - | submitted Waiting +1 | submitted Submitted | succeeded Repeated | failed Repeated
    done    | -                 | succeeded Succeeded | - | succeeded Succeeded | succeeded Succeeded | succeeded Repeated | failed Contradicted
    done otherwise | -          | succeeded Succeeded | - | succeeded Succeeded | succeeded Succeeded | succeeded Contradicted | failed Contradicted
    done in part | -            | approved Contradicted | - | submitted Contradicted | unknown Contradicted | succeeded Contradicted | failed Contradicted
    declined | -                | failed Failed | - | failed Failed | failed Failed | succeeded Contradicted | failed Repeated
    ";
    holds(table, |refund| refund);
}

#[test]
fn a_contradiction_is_told_once() {
    let table = "
                 | approved            | submitted            | unknown            | succeeded          | failed
    done in part | approved Waiting +1 | submitted Waiting +1 | unknown Waiting +1 | succeeded Repeated | failed Repeated
    ";
    holds(table, |refund| Refund { contradicted: true, ..refund });
    let (after, _) = at("unknown").step(command("done in part"), NOW).unwrap();
    assert_eq!(after, Refund { contradicted: true, version: 8, ..at("unknown") });
    let (after, _) = after.step(command("silence"), NOW).unwrap();
    assert!(after.contradicted);
}

#[test]
fn a_step_writes_down_what_was_heard_and_keeps_who_agreed() {
    let later = NOW + Duration::from_mins(1);
    let after = |of: &str, said| at(of).step(command(said), later).unwrap().0;
    let stepped = |state, doubts| Refund { state, doubts, version: 8, ..given::refund() };
    assert_eq!(after("requested", "approve"), stepped(state("approved"), 1));
    assert_eq!(after("requested", "reject"), stepped(state("rejected"), 1));
    assert_eq!(after("approved", "done"), stepped(state("succeeded"), 1));
    assert_eq!(after("approved", "declined"), stepped(state("failed"), 1));
    assert_eq!(after("unknown", "pending"), stepped(state("submitted"), 1));
    let since = State::Unknown { by: SECOND.to_owned(), since: later };
    assert_eq!(after("submitted", "silence"), stepped(since, 2));
    assert_eq!(after("unknown", "silence"), stepped(state("unknown"), 2));
    assert_eq!(after("approved", "not_there"), stepped(state("approved"), 2));
}

#[test]
fn who_asked_may_agree_alone_only_up_to_the_limit() {
    let approve = |by: &str, alone| {
        let command = Command::Approve { by: by.to_owned(), alone: Money::fils(alone) };
        at("requested").step(command, NOW)
    };
    assert_eq!(approve(FIRST, 9_999).unwrap_err(), Refusal::NeedsSecondPerson);
    assert_eq!(approve(FIRST, 10_000).unwrap().1, Effect::Approved);
    assert_eq!(approve(SECOND, 0).unwrap().1, Effect::Approved);
    let (after, _) = at("requested").step(Command::Reject { by: FIRST.to_owned() }, NOW).unwrap();
    assert_eq!(after.state, State::Rejected { by: FIRST.to_owned() });
}

#[test]
fn states_commands_and_news_have_public_names() {
    let states = ["requested", "approved", "rejected", "submitted", "unknown", "succeeded", "failed"];
    assert_eq!(states.map(|name| state(name).name()), states);
    let commands = ["approve", "reject", "not_there", "silence", "pending", "done", "declined"];
    assert_eq!(commands.map(|name| command(name).name()), commands);
    let told = [
        Effect::Approved,
        Effect::Rejected,
        Effect::Submitted,
        Effect::Doubted,
        Effect::Succeeded,
        Effect::Failed,
        Effect::Contradicted,
    ];
    let words = ["approved", "rejected", "submitted", "doubted", "succeeded", "failed", "contradicted"];
    assert_eq!(told.map(|effect| effect.what()), words.map(Some));
    let silent = [Effect::Resubmit, Effect::Waiting, Effect::Repeated];
    assert_eq!(silent.map(|effect| effect.what()), [None; 3]);
}
