//! Payments, attempts, receivables.

use std::{collections::BTreeSet, time::Duration};

use ids::{PaymentId, Uuid};
use money::{Currency, Money};

use super::{
    Arrow,
    samples::{DUE, NOW, PATIENCE, attempt, next, payment, receipt, receivable, terms},
};
use crate::domain::{
    attempt::{self, Answer, Attempt},
    payment::{self, Back, By, Failure, Payment, Return},
    receivable::{self, Receivable},
    share::{Beneficiary, Part},
};

pub(super) fn payments() -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for (state, back) in payment_states() {
        for command in payment_commands() {
            let before = Payment { state: state.clone(), back, ..payment() };
            let by = command.name();
            if let Ok(after) = before.step(command) {
                arrows.insert((before.state.name(), by, after.state.name()));
            }
        }
    }
    arrows
}

fn payment_states() -> Vec<(payment::State, Back)> {
    use payment::State as S;
    let none = Back::nothing();
    let part = Back { refunding: Money::fils(1_000), disputed: Money::fils(1_000), ..none };
    let rest = Back { refunding: Money::fils(9_000), refunded: Money::fils(1_000), ..none };
    let whole = Back { refunded: DUE, ..none };
    vec![
        (S::Created, none),
        (S::ActionRequired(next()), none),
        (S::Processing, none),
        (S::Authorised, none),
        (S::Captured(receipt()), none),
        (S::Captured(receipt()), part),
        (S::Captured(receipt()), Back { refunding: DUE, ..none }),
        (S::PartiallyRefunded(receipt()), Back { refunded: Money::fils(1_000), ..part }),
        (S::PartiallyRefunded(receipt()), Back { refunded: Money::fils(1_000), ..none }),
        (S::PartiallyRefunded(receipt()), rest),
        (S::Refunded(receipt()), whole),
        (S::Failed { failure: Failure::Declined }, none),
        (S::Failed { failure: Failure::AmountMismatch }, none),
        (S::Expired, none),
        (S::Cancelled, none),
        (S::Late(receipt()), none),
    ]
}

fn payment_commands() -> Vec<payment::Command> {
    use payment::Command as C;
    let by = By::Wallet {
        provider: String::from("benefit-pay"),
        attempt_id: attempt().id,
        provider_reference: None,
    };
    let mut commands = vec![
        C::AskPayer(next()),
        C::Doubt,
        C::Authorise,
        C::BeginCapture(DUE),
        C::Capture(Money::zero(Currency::Bhd), receipt()),
        C::Expire,
        C::Cancel,
        C::ComeLate(receipt()),
        C::Contradict,
        C::Retry(by),
    ];
    commands.extend(Failure::ALL.map(C::Fail));
    for amount in [Money::fils(1_000), Money::fils(9_000), DUE] {
        commands.extend([
            C::Return(Return::ReserveRefund(amount)),
            C::Return(Return::ReleaseRefund(amount)),
            C::Return(Return::SettleRefund(amount)),
            C::Return(Return::Dispute(amount)),
            C::Return(Return::WinDispute(amount)),
            C::Return(Return::LoseDispute(amount)),
        ]);
    }
    commands
}

pub(super) fn attempts() -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for state in attempt_states() {
        for answer in answers() {
            // Young, old, past the provider's horizon and past all patience; with submits left and without; given up.
            for (age, submits, (cancelling, delayed_capture)) in [
                (0, 1, (false, false)),
                (0, 2, (false, true)),
                (600, 1, (false, false)),
                (7_200, 2, (false, false)),
                (90_000, 2, (false, false)),
                (0, 1, (true, false)),
            ] {
                let asked = Attempt { submits, cancelling, delayed_capture, ..attempt() };
                let before = Attempt { state: state.clone(), ..asked };
                let now = NOW + Duration::from_secs(age);
                let (after, _) = before.step(answer.clone(), &PATIENCE, now);
                arrows.insert((before.state.name(), answer.name(), after.state.name()));
            }
        }
    }
    arrows
}

fn attempt_states() -> [attempt::State; 10] {
    use attempt::State as S;
    let provider_reference = String::from("R");
    [
        S::Submitting,
        S::Pending,
        S::Unknown { since: NOW },
        S::Authorised { provider_reference: provider_reference.clone() },
        S::Capturing { provider_reference: provider_reference.clone(), since: NOW },
        S::Paid { provider_reference: provider_reference.clone() },
        S::Declined { reason: String::from("no") },
        S::Expired,
        S::Cancelled,
        S::Mismatched { provider_reference, took: Money::fils(1) },
    ]
}

fn answers() -> [Answer; 12] {
    let provider_reference = String::from("R");
    [
        Answer::NotSent,
        Answer::NoAnswer,
        Answer::NoNews,
        Answer::Pending(next()),
        Answer::Authorised { amount: DUE, provider_reference: provider_reference.clone() },
        Answer::Paid { amount: DUE, provider_reference: provider_reference.clone() },
        Answer::Paid { amount: Money::fils(1), provider_reference },
        Answer::Declined { reason: String::from("no") },
        Answer::Expired,
        Answer::NotFound,
        Answer::Reversed,
        Answer::Impossible,
    ]
}

pub(super) fn receivables() -> BTreeSet<Arrow> {
    use receivable::{Command as C, State as S};
    let (ours, part) = (PaymentId(Uuid::nil()), Money::fils(1_000));
    let states = [
        (S::Open, Money::fils(0)),
        (S::Held { payment: ours }, Money::fils(0)),
        (S::Held { payment: ours }, part),
        (S::PartiallyPaid, part),
        (S::Paid { live: None }, DUE),
        (S::Paid { live: Some(ours) }, DUE),
        (S::Cancelled, Money::fils(0)),
        (S::WrittenOff, Money::fils(0)),
        (S::WrittenOff, part),
    ];
    let theirs = PaymentId(Uuid::max());
    let parts = vec![Part { beneficiary: Beneficiary::Agency(receivable().agency), amount: Money::fils(0) }];
    let commands = [
        C::Hold { payment: ours },
        C::Release { payment: ours },
        C::Apply { payment: ours, amount: part },
        C::Apply { payment: theirs, amount: part },
        C::Apply { payment: ours, amount: Money::fils(9_000) },
        C::Apply { payment: ours, amount: DUE },
        C::Return { parts: parts.clone() },
        C::Restore { parts },
        C::Amend { terms: terms(part) },
        C::Amend { terms: terms(Money::fils(20_000)) },
        C::Cancel,
        C::WriteOff,
    ];
    let mut arrows = BTreeSet::new();
    for (state, paid) in states {
        for command in &commands {
            let before = Receivable { paid, state, ..receivable() };
            if let Ok((after, effect)) = before.step(command.clone())
                && effect != receivable::Effect::Unchanged
            {
                arrows.insert((before.state.name(), command.name(), after.state.name()));
            }
        }
    }
    arrows
}
