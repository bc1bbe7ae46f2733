//! While a provider holds money.

use std::time::Duration;

use money::Money;
use payments::domain::{
    Refusal,
    attempt::{Attempt, Effect, Part, State},
};

use crate::{
    attempt::{at, holds, step},
    given::{self, DUE, NOW, id},
};

#[test]
fn held_money_waits_and_ends_by_a_definite_word() {
    let table = "
                     | authorised                 | capturing
    not_sent         | authorised Waiting +1      | capturing Waiting +1
    no_answer        | authorised Waiting +1      | capturing Waiting +1
    no_news          | authorised Waiting +1      | capturing Waiting +1
    pending          | authorised Waiting +1      | capturing Waiting +1
    authorised       | authorised Waiting +1      | capturing Waiting +1
    authorised_other | authorised Waiting +1      | capturing Waiting +1
    paid             | paid Paid                  | paid Paid
    paid_other       | mismatched Mismatched      | mismatched Mismatched
    declined         | declined Declined          | declined Declined
    expired          | expired Expired            | expired Expired
    reversed         | expired Expired            | expired Expired
    not_found        | authorised Contradicted +1 | capturing Contradicted +1
    impossible       | authorised Contradicted +1 | capturing Contradicted +1
    ";
    holds(table, &[0, 90, 1_800, 14_399], |attempt| Attempt { delayed_capture: true, ..attempt });
}

#[test]
fn a_capture_without_an_answer_for_hours_is_looked_at_once_and_a_hold_may_be_as_old_as_it_likes() {
    let table = "
               | authorised                 | capturing
    no_answer  | authorised Waiting +1      | capturing DoubtGrewOld +1
    authorised | authorised Waiting +1      | capturing DoubtGrewOld +1
    paid       | paid Paid                  | paid Paid
    impossible | authorised Contradicted +1 | capturing Contradicted +1
    ";
    holds(table, &[14_400, 90_000], |attempt| attempt);
    let (after, _) = step(&at("capturing"), "no_answer", 14_400);
    assert_eq!(after.doubted_at, Some(NOW + Duration::from_hours(4)));
    assert_eq!(step(&Attempt { doubts: 1, ..after }, "no_answer", 90_000).1, Effect::Waiting);
}

#[test]
fn what_was_given_up_is_cancelled_when_it_is_let_go() {
    let table = "
             | authorised          | capturing
    reversed | cancelled Cancelled | cancelled Cancelled
    expired  | expired Expired     | expired Expired
    paid     | paid Paid           | paid Paid
    ";
    holds(table, &[0, 90_000], |attempt| Attempt { cancelling: true, ..attempt });
}

fn wrong(state: &'static str) -> Refusal {
    Refusal::WrongState { noun: "attempt", state, command: "capture" }
}

#[test]
fn only_held_money_can_be_captured_and_not_while_it_is_let_go() {
    assert_eq!(at("authorised").capturable(), Ok("R-1"));
    let given_up = Attempt { cancelling: true, ..at("authorised") };
    assert_eq!(given_up.capturable(), Err(wrong("cancelling")));
    for state in [
        "submitting",
        "pending",
        "unknown",
        "capturing",
        "paid",
        "declined",
        "expired",
        "cancelled",
        "mismatched",
    ] {
        assert_eq!(at(state).capturable(), Err(wrong(state)));
        assert_eq!(at(state).capture(given::attempt().parts, NOW), Err(wrong(state)));
    }
}

#[test]
fn at_most_what_is_held_is_captured() {
    let held = Attempt { doubts: 3, ..at("authorised") };
    let part = |fils| Part { payment_id: id(2), invoice_id: id(1), amount: Money::fils(fils) };
    for fils in [1, 9_999, 10_000] {
        let state = State::Capturing { provider_reference: "R-1".to_owned(), since: NOW };
        let (parts, amount) = (vec![part(fils)], Money::fils(fils));
        let expected = Attempt { parts, amount, state, doubts: 0, version: 8, ..held.clone() };
        assert_eq!(held.capture(vec![part(fils)], NOW), Ok(expected));
    }
    assert_eq!(held.capture(vec![part(10_001)], NOW), Err(Refusal::CaptureExceeds { held: DUE }));
    for fils in [0, -1] {
        assert_eq!(held.capture(vec![part(5), part(fils)], NOW), Err(Refusal::AmountNotPositive));
    }
}

#[test]
fn what_is_held_for_no_bill_any_more_is_let_go() {
    let part = |invoice| Part { payment_id: id(2), invoice_id: id(invoice), amount: Money::fils(5_000) };
    let of = |state| Attempt { parts: vec![part(1), part(11)], ..at(state) };
    for (due, let_go) in [(&[1_u128, 11][..], false), (&[1], false), (&[11], false), (&[], true)] {
        let takes_money = |part: &Part| due.iter().any(|invoice| part.invoice_id == id(*invoice));
        let after = of("authorised").unless_in_vain(takes_money);
        assert_eq!(after, Attempt { cancelling: let_go, ..of("authorised") }, "{due:?}");
        let given_up = Attempt { cancelling: true, ..of("authorised") };
        assert_eq!(given_up.clone().unless_in_vain(takes_money), given_up);
    }
    for state in ["submitting", "pending", "unknown", "capturing", "paid", "declined", "expired"] {
        assert_eq!(of(state).unless_in_vain(|_part| false), of(state), "what is not held cannot be let go");
    }
}
