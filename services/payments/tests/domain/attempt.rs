//! One try with one provider: each state with each answer, at each age.

use std::time::Duration;

use money::Money;
use payments::domain::attempt::{Answer, Attempt, Effect, State};
use time::OffsetDateTime;

use crate::{
    given::{self, DUE, NOW, RULES},
    table::{cell, cells},
};

const SOME: &str = "R-1";
const CONTRADICTED: Option<OffsetDateTime> = Some(NOW);

pub fn answer(name: &str) -> Answer {
    let provider_reference = SOME.to_owned();
    match name {
        "not_sent" => Answer::NotSent,
        "no_answer" => Answer::NoAnswer,
        "no_news" => Answer::NoNews,
        "pending" => Answer::Pending(given::next()),
        "authorised" => Answer::Authorised { amount: DUE, provider_reference },
        "authorised_other" => Answer::Authorised { amount: Money::fils(1), provider_reference },
        "paid" => Answer::Paid { amount: DUE, provider_reference },
        "paid_other" => Answer::Paid { amount: Money::fils(1), provider_reference },
        "paid_again" => Answer::Paid { amount: DUE, provider_reference: "R-2".to_owned() },
        "paid_other_again" => Answer::Paid { amount: Money::fils(1), provider_reference: "R-2".to_owned() },
        "declined" => Answer::Declined { reason: "no funds".to_owned() },
        "expired" => Answer::Expired,
        "not_found" => Answer::NotFound,
        "reversed" => Answer::Reversed,
        "impossible" => Answer::Impossible,
        other => unreachable!("no answer is called {other}"),
    }
}

pub fn state(name: &str) -> State {
    let provider_reference = SOME.to_owned();
    match name {
        "submitting" => State::Submitting,
        "pending" => State::Pending,
        "unknown" => State::Unknown { since: NOW },
        "authorised" => State::Authorised { provider_reference },
        "capturing" => State::Capturing { provider_reference, since: NOW },
        "paid" => State::Paid { provider_reference },
        "declined" => State::Declined { reason: "no funds".to_owned() },
        "expired" => State::Expired,
        "cancelled" => State::Cancelled,
        "mismatched" => State::Mismatched { provider_reference, took: Money::fils(1) },
        other => unreachable!("no state is called {other}"),
    }
}

const STATES: [&str; 10] = [
    "submitting",
    "pending",
    "unknown",
    "authorised",
    "capturing",
    "paid",
    "declined",
    "expired",
    "cancelled",
    "mismatched",
];

pub fn at(name: &str) -> Attempt {
    Attempt { state: state(name), ..given::attempt() }
}

/// What becomes of `before` at the age of `seconds`. Every step counts, but a repeated word changes nothing at all.
pub fn step(before: &Attempt, said: &str, seconds: u64) -> (Attempt, Effect) {
    let (after, effect) = before.step(answer(said), &RULES.patience, NOW + Duration::from_secs(seconds));
    if effect == Effect::Repeated {
        assert_eq!(after, *before, "{said}");
    } else {
        assert_eq!(after.version, before.version + 1, "{said}");
    }
    (after, effect)
}

/// Each cell of `table`, at each of the ages, of attempts as `shaped`.
pub fn holds(table: &'static str, ages: &[u64], shaped: fn(Attempt) -> Attempt) {
    for (said, before, expected) in cells(table) {
        for age in ages {
            let before = shaped(at(before));
            let (after, effect) = step(&before, said, *age);
            let found = cell(after.state.name(), &effect, after.doubts - before.doubts);
            assert_eq!(found, expected, "{} and {said}, {age} s old", before.state.name());
        }
    }
}

fn as_it_is(attempt: Attempt) -> Attempt {
    attempt
}

/// Whatever its age: these words are definite.
const DEFINITE: &str = "
                 | submitting             | pending                | unknown
authorised       | unknown Contradicted +1| unknown Contradicted +1| unknown Contradicted +1
authorised_other | unknown Contradicted +1| unknown Contradicted +1| unknown Contradicted +1
paid             | paid Paid              | paid Paid              | paid Paid
paid_other       | mismatched Mismatched  | mismatched Mismatched  | mismatched Mismatched
declined         | declined Declined      | declined Declined      | declined Declined
expired          | expired Expired        | expired Expired        | expired Expired
reversed         | expired Expired        | expired Expired        | expired Expired
impossible       | unknown Contradicted +1| unknown Contradicted +1| unknown Contradicted +1
";

#[test]
fn a_definite_word_counts_at_any_age() {
    holds(DEFINITE, &[0, 89, 90, 1_800, 14_400, 90_000], as_it_is);
}

#[test]
fn while_the_payer_is_at_it_nothing_is_doubted_that_was_not_lost() {
    let table = "
              | submitting           | pending         | unknown
    not_sent  | submitting Resubmit  | pending Waiting | unknown Waiting
    no_answer | unknown Doubted      | unknown Doubted | unknown Waiting
    no_news   | unknown Doubted      | pending Waiting | unknown Waiting
    pending   | pending ActionRequired | pending Waiting | pending ActionRequired
    not_found | unknown Resubmit     | pending Waiting | unknown Resubmit
    ";
    holds(table, &[0, 89], as_it_is);
}

#[test]
fn after_the_time_of_quick_polling_it_is_unknown() {
    let table = "
              | submitting          | pending            | unknown
    not_sent  | submitting Resubmit | unknown Doubted +1 | unknown Waiting +1
    no_answer | unknown Doubted +1  | unknown Doubted +1 | unknown Waiting +1
    no_news   | unknown Doubted +1  | unknown Doubted +1 | unknown Waiting +1
    pending   | unknown Doubted +1  | unknown Doubted +1 | unknown Waiting +1
    not_found | unknown Doubted +1  | unknown Doubted +1 | unknown Waiting +1
    ";
    holds(table, &[90, 1_799], as_it_is);
}

#[test]
fn past_the_providers_horizon_not_found_counts_once_it_is_reversed() {
    let table = "
              | submitting           | pending              | unknown
    not_sent  | submitting Resubmit  | unknown Doubted +1   | unknown Waiting +1
    no_answer | unknown Doubted +1   | unknown Doubted +1   | unknown Waiting +1
    no_news   | unknown Doubted +1   | unknown Doubted +1   | unknown Waiting +1
    pending   | unknown Doubted +1   | unknown Doubted +1   | unknown Waiting +1
    not_found | unknown ReverseFirst | unknown ReverseFirst | unknown ReverseFirst
    ";
    holds(table, &[1_800, 14_399], as_it_is);
}

#[test]
fn after_hours_a_person_looks_once() {
    let table = "
              | submitting              | pending                 | unknown
    not_sent  | submitting Resubmit     | unknown DoubtGrewOld +1 | unknown DoubtGrewOld +1
    no_answer | unknown Doubted +1      | unknown Doubted +1      | unknown DoubtGrewOld +1
    no_news   | unknown Doubted +1      | unknown DoubtGrewOld +1 | unknown DoubtGrewOld +1
    pending   | unknown DoubtGrewOld +1 | unknown DoubtGrewOld +1 | unknown DoubtGrewOld +1
    not_found | unknown ReverseFirst    | unknown ReverseFirst    | unknown ReverseFirst
    ";
    holds(table, &[14_400, 90_000], as_it_is);
    let again = "
              | submitting         | pending            | unknown
    no_news   | unknown Doubted +1 | unknown Doubted +1 | unknown Waiting +1
    pending   | unknown Doubted +1 | unknown Doubted +1 | unknown Waiting +1
    ";
    holds(again, &[14_400, 90_000], |attempt| Attempt { doubted_at: Some(NOW), ..attempt });

    let (after, _) = step(&at("unknown"), "no_news", 14_400);
    assert_eq!(after.doubted_at, Some(NOW + Duration::from_hours(4)));
}

#[test]
fn the_provider_is_asked_to_collect_only_so_often() {
    let table = "
              | submitting         | pending         | unknown
    not_sent  | declined NotSent   | pending Waiting | unknown Waiting
    not_found | submitting Waiting | pending Waiting | unknown Waiting
    ";
    for submits in [|attempt| Attempt { submits: 2, ..attempt }, |attempt| Attempt { submits: 3, ..attempt }]
    {
        holds(table, &[0, 89], submits);
    }
    assert_eq!(step(&at("submitting"), "not_sent", 0).0.submits, 2);
    let (after, _) = step(&at("submitting"), "not_found", 30);
    assert_eq!((after.submits, after.state), (2, State::Unknown { since: NOW + Duration::from_secs(30) }));
    let (after, _) = step(&Attempt { submits: 2, ..at("submitting") }, "not_sent", 0);
    assert_eq!(after.state, State::Declined { reason: "not_sent".to_owned() });
}

#[test]
fn what_was_given_up_is_not_asked_for_again_and_ends_cancelled() {
    let table = "
              | submitting          | pending             | unknown
    not_found | submitting Waiting  | pending Waiting     | unknown Waiting
    reversed  | cancelled Cancelled | cancelled Cancelled | cancelled Cancelled
    expired   | expired Expired     | expired Expired     | expired Expired
    paid      | paid Paid           | paid Paid           | paid Paid
    ";
    holds(table, &[0, 89], |attempt| Attempt { cancelling: true, ..attempt });
}

#[test]
fn a_hold_that_was_asked_for_is_authorised_and_another_is_let_go() {
    let table = "
                     | submitting              | pending                 | unknown
    authorised       | authorised Authorised   | authorised Authorised   | authorised Authorised
    authorised_other | unknown Contradicted +1 | unknown Contradicted +1 | unknown Contradicted +1
    paid             | paid Paid               | paid Paid               | paid Paid
    ";
    holds(table, &[0, 1_800, 90_000], |attempt| Attempt { delayed_capture: true, ..attempt });
    for (said, delayed_capture) in [("authorised", false), ("authorised_other", true)] {
        let (after, _) = step(&Attempt { delayed_capture, ..at("pending") }, said, 60);
        let at = NOW + Duration::from_mins(1);
        assert!(after.cancelling);
        assert_eq!((after.contradicted_at, after.state), (Some(at), State::Unknown { since: at }));
    }
    let (after, _) = step(&at("pending"), "impossible", 60);
    assert!(!after.cancelling, "an answer that says nothing about a hold lets none go");
}

#[test]
fn what_has_ended_stays_so_unless_money_comes() {
    let table = "
                     | paid              | mismatched              | declined                  | expired                   | cancelled
    not_sent         | paid Repeated     | mismatched Repeated     | declined Repeated         | expired Repeated          | cancelled Repeated
    no_answer        | paid Repeated     | mismatched Repeated     | declined Repeated         | expired Repeated          | cancelled Repeated
    no_news          | paid Repeated     | mismatched Repeated     | declined Repeated         | expired Repeated          | cancelled Repeated
    pending          | paid Repeated     | mismatched Repeated     | declined Repeated         | expired Repeated          | cancelled Repeated
    authorised       | paid Contradicted | mismatched Contradicted | declined Repeated         | expired Repeated          | cancelled Repeated
    paid             | paid Repeated     | mismatched Contradicted | paid LatePaid             | paid LatePaid             | paid LatePaid
    paid_other       | paid Contradicted | mismatched Repeated     | mismatched LateMismatched | mismatched LateMismatched | mismatched LateMismatched
    paid_again       | paid Contradicted | mismatched Contradicted | paid LatePaid             | paid LatePaid             | paid LatePaid
    paid_other_again | paid Contradicted | mismatched Contradicted | mismatched LateMismatched | mismatched LateMismatched | mismatched LateMismatched
    declined         | paid Contradicted | mismatched Contradicted | declined Repeated         | expired Repeated          | cancelled Repeated
    expired          | paid Contradicted | mismatched Contradicted | declined Repeated         | expired Repeated          | cancelled Repeated
    reversed         | paid Contradicted | mismatched Contradicted | declined Repeated         | expired Repeated          | cancelled Repeated
    impossible       | paid Contradicted | mismatched Contradicted | declined Contradicted     | expired Contradicted      | cancelled Contradicted
    ";
    holds(table, &[0, 90, 1_800, 90_000], as_it_is);
    let not_found_soon = "
              | paid          | mismatched          | declined          | expired          | cancelled
    not_found | paid Repeated | mismatched Repeated | declined Repeated | expired Repeated | cancelled Repeated
    ";
    holds(not_found_soon, &[0, 1_799], as_it_is);
    let not_found_late = "
              | paid              | mismatched              | declined          | expired          | cancelled
    not_found | paid Contradicted | mismatched Contradicted | declined Repeated | expired Repeated | cancelled Repeated
    ";
    holds(not_found_late, &[1_800, 90_000], as_it_is);
}

#[test]
fn a_contradiction_is_told_once() {
    let told = |attempt| Attempt { contradicted_at: CONTRADICTED, ..attempt };
    let ended = "
               | paid          | mismatched          | declined          | expired          | cancelled
    impossible | paid Repeated | mismatched Repeated | declined Repeated | expired Repeated | cancelled Repeated
    ";
    holds(ended, &[0, 90_000], told);
    let live = "
               | submitting         | pending            | unknown            | authorised            | capturing
    impossible | unknown Waiting +1 | unknown Waiting +1 | unknown Waiting +1 | authorised Waiting +1 | capturing Waiting +1
    ";
    holds(live, &[0, 90_000], told);
    let (after, _) = step(&at("paid"), "declined", 60);
    assert_eq!(
        after,
        Attempt { contradicted_at: Some(NOW + Duration::from_mins(1)), version: 8, ..at("paid") }
    );
}

#[test]
fn unknown_since_is_when_it_first_became_so() {
    for (said, age) in [("no_news", 14_400), ("not_found", 1_800), ("impossible", 60), ("authorised", 60)] {
        let (after, _) = step(&at("unknown"), said, age);
        assert_eq!(after.state, State::Unknown { since: NOW }, "{said}");
        let (after, _) = step(&at("pending"), said, age);
        assert_eq!(after.state, State::Unknown { since: NOW + Duration::from_secs(age) }, "{said}");
    }
}

#[test]
fn a_step_keeps_what_it_does_not_change() {
    let (after, effect) = step(&at("submitting"), "pending", 0);
    assert_eq!(effect, Effect::ActionRequired(given::next()));
    assert_eq!(after, Attempt { version: 8, ..at("pending") });
    let (after, _) = step(&at("pending"), "paid", 0);
    assert_eq!(after, Attempt { version: 8, ..at("paid") });
    let (after, _) = step(&at("pending"), "paid_other", 0);
    assert_eq!(after, Attempt { version: 8, ..at("mismatched") });
    let (after, _) = step(&at("pending"), "declined", 0);
    assert_eq!(after, Attempt { version: 8, ..at("declined") });
}

#[test]
fn giving_up_is_for_what_is_live_and_not_being_captured() {
    for name in STATES {
        let before = at(name);
        let given_up = before.cancel().ok();
        let may = ["submitting", "pending", "unknown", "authorised"].contains(&name);
        let expected = may.then(|| Attempt { cancelling: true, version: 8, ..before.clone() });
        assert_eq!(given_up, expected, "{name}");
    }
}

#[test]
fn money_moved_where_it_was_taken_and_is_live_where_it_may_come() {
    for name in STATES {
        let state = state(name);
        let moved = match name {
            "paid" => Some((SOME, None)),
            "mismatched" => Some((SOME, Some(Money::fils(1)))),
            _other => None,
        };
        assert_eq!(state.moved(), moved, "{name}");
        let held = ["authorised", "capturing"].contains(&name);
        assert_eq!(state.held_as(), held.then_some(SOME), "{name}");
        let live = ["submitting", "pending", "unknown", "authorised", "capturing"].contains(&name);
        assert_eq!(state.is_live(), live, "{name}");
        assert_eq!(state.name(), name);
    }
    for name in [
        "not_sent",
        "no_answer",
        "no_news",
        "pending",
        "authorised",
        "paid",
        "declined",
        "expired",
        "not_found",
        "reversed",
        "impossible",
    ] {
        assert_eq!(answer(name).name(), name);
    }
}

#[test]
fn it_is_young_until_the_quick_polling_ends() {
    for (age, young) in [(0, true), (89, true), (90, false), (91, false)] {
        assert_eq!(
            given::attempt().is_young(&RULES.patience, NOW + Duration::from_secs(age)),
            young,
            "{age}"
        );
    }
}
