//! State graphs, drawn by driving `step` over every pair of state and command: what is drawn is what the code does.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use ids::{AgencyId, AttemptId, InvoiceId, PaymentId, Uuid};
use money::{Currency, Money};
use time::OffsetDateTime;

use super::{
    attempt::{self, Answer, Attempt, NextAction, Patience},
    payment::{self, By, Failure, Payment, Receipt},
    receivable::{self, Receivable},
};

/// From, by what, to.
type Arrow = (&'static str, &'static str, &'static str);

/// The graph of `payment`, `attempt` or `receivable` in dot.
pub fn states_dot(noun: &str) -> Option<String> {
    let arrows = match noun {
        "payment" => payments(),
        "attempt" => attempts(),
        "receivable" => receivables(),
        _unknown => return None,
    };
    let mut dot = format!("digraph {noun} {{\n");
    for (from, by, to) in arrows {
        // Writing to a String cannot fail.
        writeln!(dot, "  {from} -> {to} [label=\"{by}\"];").ok();
    }
    dot.push_str("}\n");
    Some(dot)
}

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const DUE: Money = Money::fils(10_000);
const PATIENCE: Patience =
    Patience { poll_for: Duration::from_secs(90), not_found_after: Duration::from_mins(30), submits: 2 };

fn payments() -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for state in payment_states() {
        for command in payment_commands() {
            let before = Payment { state: state.clone(), ..payment() };
            let by = command.name();
            if let Ok(after) = before.step(command) {
                arrows.insert((before.state.name(), by, after.state.name()));
            }
        }
    }
    arrows
}

fn payment_states() -> [payment::State; 7] {
    use payment::State as S;
    [
        S::Created,
        S::ActionRequired(next()),
        S::Processing,
        S::Captured(receipt()),
        S::Failed { failure: Failure::Declined },
        S::Expired,
        S::Late(receipt()),
    ]
}

fn payment_commands() -> Vec<payment::Command> {
    use payment::Command as C;
    let mut commands = vec![
        C::AskPayer(next()),
        C::Doubt,
        C::Capture(Money::zero(Currency::Bhd), receipt()),
        C::Expire,
        C::ComeLate(receipt()),
        C::Contradict,
    ];
    commands.extend(Failure::ALL.map(C::Fail));
    commands
}

fn attempts() -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for state in attempt_states() {
        for answer in answers() {
            // Young, old, and past the provider's horizon; with submits left and without.
            for (age, submits) in [(0, 1), (0, 2), (600, 1), (7_200, 2)] {
                let before = Attempt { state: state.clone(), submits, ..attempt() };
                let now = NOW + Duration::from_secs(age);
                let (after, _) = before.step(answer.clone(), &PATIENCE, now);
                arrows.insert((before.state.name(), answer.name(), after.state.name()));
            }
        }
    }
    arrows
}

fn attempt_states() -> [attempt::State; 7] {
    use attempt::State as S;
    let provider_reference = String::from("R");
    [
        S::Submitting,
        S::Pending,
        S::Unknown { since: NOW },
        S::Paid { provider_reference: provider_reference.clone() },
        S::Declined { reason: String::from("no") },
        S::Expired,
        S::Mismatched { provider_reference, took: Money::fils(1) },
    ]
}

fn answers() -> [Answer; 9] {
    let provider_reference = String::from("R");
    [
        Answer::NotSent,
        Answer::NoAnswer,
        Answer::NoNews,
        Answer::Pending(next()),
        Answer::Paid { amount: DUE, provider_reference: provider_reference.clone() },
        Answer::Paid { amount: Money::fils(1), provider_reference },
        Answer::Declined { reason: String::from("no") },
        Answer::Expired,
        Answer::NotFound,
    ]
}

fn receivables() -> BTreeSet<Arrow> {
    use receivable::{Command as C, State as S};
    let (ours, part) = (PaymentId(Uuid::nil()), Money::fils(1_000));
    let states = [
        (S::Open, Money::fils(0)),
        (S::Held { payment: ours }, Money::fils(0)),
        (S::Held { payment: ours }, part),
        (S::PartiallyPaid, part),
        (S::Paid, DUE),
    ];
    let theirs = PaymentId(Uuid::max());
    let commands = [
        C::Hold { payment: ours },
        C::Release { payment: ours },
        C::Apply { payment: ours, amount: part },
        C::Apply { payment: theirs, amount: part },
        C::Apply { payment: ours, amount: Money::fils(9_000) },
        C::Apply { payment: ours, amount: DUE },
    ];
    let mut arrows = BTreeSet::new();
    for (state, paid) in states {
        for command in commands {
            let before = Receivable { paid, state, ..receivable() };
            if let Ok((after, effect)) = before.step(command)
                && effect != receivable::Effect::Unchanged
            {
                arrows.insert((before.state.name(), command.name(), after.state.name()));
            }
        }
    }
    arrows
}

fn next() -> NextAction {
    NextAction { redirect_url: String::new(), qr_payload: String::new() }
}

fn receipt() -> Receipt {
    Receipt { at: NOW, number: String::from("W-1") }
}

fn receivable() -> Receivable {
    Receivable {
        invoice_id: InvoiceId(Uuid::nil()),
        agency: AgencyId(String::from("TRF")),
        bill_reference: String::from("TRF-1"),
        service_code: String::from("FINE"),
        due: DUE,
        paid: Money::fils(0),
        state: receivable::State::Open,
        version: 1,
    }
}

fn attempt() -> Attempt {
    Attempt {
        id: AttemptId(Uuid::nil()),
        payment_id: PaymentId(Uuid::nil()),
        invoice_id: InvoiceId(Uuid::nil()),
        provider: String::from("benefit-pay"),
        amount: DUE,
        state: attempt::State::Submitting,
        submits: 1,
        doubts: 0,
        contradicted_at: None,
        created_at: NOW,
        version: 1,
    }
}

fn payment() -> Payment {
    Payment {
        id: PaymentId(Uuid::nil()),
        agency: AgencyId(String::from("TRF")),
        invoice_id: InvoiceId(Uuid::nil()),
        bill_reference: String::from("TRF-1"),
        by: By::KioskCash,
        amount: DUE,
        credited: Money::fils(0),
        state: payment::State::Created,
        contact_ref: String::new(),
        return_url: String::new(),
        actor: String::new(),
        case_id: None,
        created_at: NOW,
        version: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_holds_the_graphs_of_the_code() {
        let readme = include_str!("../../README.md");
        for noun in ["payment", "attempt", "receivable"] {
            let graph = states_dot(noun).unwrap();
            assert!(readme.contains(graph.trim()), "paste into README.md:\n{graph}");
        }
        assert_eq!(states_dot("refund"), None);
    }

    #[test]
    fn a_payment_ends_once_and_only_late_money_reopens_its_end() {
        for (from, by, to) in payments() {
            let ended = ["captured", "failed", "expired", "late"].contains(&from);
            let allowed = from == to || to == "late" || (by == "fail" && to == "failed");
            assert!(!ended || allowed, "{from} {by} {to}");
        }
    }

    #[test]
    fn only_a_definite_answer_leaves_unknown_for_an_end() {
        for (from, by, to) in attempts() {
            let definite = ["paid", "declined", "expired", "not_found"].contains(&by);
            let is_end = !["submitting", "pending", "unknown"].contains(&to);
            assert!(from != "unknown" || !is_end || definite, "{from} {by} {to}");
        }
    }
}
