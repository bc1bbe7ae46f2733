//! A provider has spoken, or has not.

use ids::CaseId;
use money::Money;

use super::Moment;
use crate::domain::{
    Changes, Refusal, Reply, World,
    attempt::{self, Answer, Attempt, Effect},
    case::{self, Case},
    command::Record,
    journal::{Event, Journal},
    payment::{self, By, Failure, Payment, Receipt},
    receivable::{self, Receivable},
    world::{Ask, Told, Work},
};

/// Writes down what was observed, and books money that is definite.
pub(super) fn record(world: &World, command: &Record, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    if world.fences.get(&command.attempt_id) != Some(&command.fence) {
        return Err(Refusal::StaleFence);
    }
    let before = Before {
        attempt: world.attempts.get(&command.attempt_id).ok_or(Refusal::AttemptUnknown)?,
        payment: world.payments.get(&command.payment_id).ok_or(Refusal::AttemptUnknown)?,
        receivable: world.receivables.get(&command.invoice_id).ok_or(Refusal::AttemptUnknown)?,
    };
    let (attempt, effect) = before.attempt.step(command.answer.clone(), &at.rules.patience, at.now);
    let work = Work {
        attempt_id: attempt.id,
        provider: attempt.provider.clone(),
        ask: what_next(&attempt, &effect, &command.answer, at),
    };
    let changes = before.follow(&attempt, effect, at)?;
    Ok((Changes { attempt: Some(attempt), work: Some(work), ..changes }, Reply::Done))
}

fn what_next(attempt: &Attempt, effect: &Effect, answer: &Answer, at: &Moment<'_>) -> Ask {
    let [jitter] = at.ids.bytes::<1>();
    let schedule = &at.rules.schedule;
    if !attempt.state.is_live() {
        return match answer {
            // Somebody hinted at money for an attempt that has ended: only a definite word settles that.
            Answer::NotSent | Answer::NoAnswer | Answer::NoNews | Answer::Pending(_) => {
                Ask::Inquire { due_at: schedule.next_at(attempt.doubts.max(1), jitter, at.now) }
            }
            Answer::Paid { .. } | Answer::Declined { .. } | Answer::Expired | Answer::NotFound => {
                Ask::Nothing
            }
        };
    }
    if *effect == Effect::Resubmit {
        return Ask::Initiate { due_at: schedule.next_at(0, jitter, at.now) };
    }
    Ask::Inquire { due_at: schedule.next_at(attempt.doubts, jitter, at.now) }
}

struct Before<'a> {
    attempt: &'a Attempt,
    payment: &'a Payment,
    receivable: &'a Receivable,
}

impl Before<'_> {
    /// What payment, receivable and books do about the attempt's `effect`.
    fn follow(&self, attempt: &Attempt, effect: Effect, at: &Moment<'_>) -> Result<Changes, Refusal> {
        use payment::Command as P;
        match effect {
            Effect::Resubmit | Effect::Waiting | Effect::Repeated => Ok(Changes::default()),
            Effect::ActionRequired(next) => self.step(attempt, P::AskPayer(next)),
            Effect::Doubted => self.step(attempt, P::Doubt),
            Effect::Declined => self.end(attempt, P::Fail(Failure::Declined)),
            Effect::NotSent => self.end(attempt, P::Fail(Failure::NotSent)),
            Effect::Expired => self.end(attempt, P::Expire),
            Effect::Paid if self.receivable.state != receivable::State::Paid => self.capture(attempt, at),
            Effect::Paid | Effect::LatePaid => self.late(attempt, at),
            Effect::Mismatched | Effect::LateMismatched => self.mismatch(attempt, at),
            Effect::Contradicted => {
                let detail = "the provider took back a definite answer";
                let case = self.case(case::Kind::Contradiction, attempt.amount, detail, at);
                self.step(attempt, P::Contradict).map(|changes| with_case(changes, case))
            }
        }
    }

    /// Only the payment steps.
    fn step(&self, attempt: &Attempt, command: payment::Command) -> Result<Changes, Refusal> {
        let what = command.what();
        let payment = with_reference(self.payment.step(command)?, attempt);
        Ok(changes(what, payment, attempt, self.receivable.clone()))
    }

    /// No money for this bill: the receivable is free again.
    fn end(&self, attempt: &Attempt, command: payment::Command) -> Result<Changes, Refusal> {
        let what = command.what();
        let payment = with_reference(self.payment.step(command)?, attempt);
        let release = receivable::Command::Release { payment: payment.id };
        let (receivable, effect) = self.receivable.step(release)?;
        Ok(with_receivable(changes(what, payment, attempt, receivable.clone()), receivable, effect))
    }

    fn capture(&self, attempt: &Attempt, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let (applied, credited) = self.receivable.split(attempt.amount)?;
        let command = payment::Command::Capture(credited, self.receipt(at));
        let payment = with_reference(self.payment.step(command)?, attempt);
        let apply = receivable::Command::Apply { payment: payment.id, amount: applied };
        let (receivable, effect) = self.receivable.step(apply)?;
        let event = Event::WalletCaptured {
            provider: attempt.provider.clone(),
            agency: self.payment.agency.clone(),
            applied,
            credited,
        };
        let journal = self.journal(event, at)?;
        let done = changes("captured", payment, attempt, receivable.clone());
        let done = with_receivable(Changes { journal: Some(journal), ..done }, receivable, effect);
        if credited.is_zero() {
            return Ok(done);
        }
        // Cash came while the payer was approving.
        let detail = "part of the bill was paid otherwise before the provider took the whole";
        Ok(with_case(done, self.case(case::Kind::SecondPayment, credited, detail, at)))
    }

    /// The bill is paid otherwise, or the payment had ended: the money is the payer's.
    fn late(&self, attempt: &Attempt, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let event = Event::WalletLate { provider: attempt.provider.clone(), amount: attempt.amount };
        let journal = self.journal(event, at)?;
        let done = self.step(attempt, payment::Command::ComeLate(self.receipt(at)))?;
        let detail = "the provider took the money after the bill was paid or the payment had ended";
        let case = self.case(case::Kind::SecondPayment, attempt.amount, detail, at);
        Ok(with_case(Changes { journal: Some(journal), ..done }, case))
    }

    fn mismatch(&self, attempt: &Attempt, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let took = match &attempt.state {
            attempt::State::Mismatched { took, .. } => *took,
            attempt::State::Submitting
            | attempt::State::Pending
            | attempt::State::Unknown { .. }
            | attempt::State::Paid { .. }
            | attempt::State::Declined { .. }
            | attempt::State::Expired => Money::zero(attempt.amount.currency()),
        };
        let mut done = self.end(attempt, payment::Command::Fail(Failure::AmountMismatch))?;
        if took.is_positive() {
            let event = Event::WalletMismatched { provider: attempt.provider.clone(), took };
            done.journal = Some(self.journal(event, at)?);
        }
        let detail = format!("asked for {}, the provider says {}", attempt.amount, took);
        Ok(with_case(done, self.case(case::Kind::AmountMismatch, took, &detail, at)))
    }

    fn source(&self) -> String {
        format!("attempt:{}", self.attempt.id)
    }

    fn journal(&self, event: Event, at: &Moment<'_>) -> Result<Journal, Refusal> {
        Ok(Journal {
            id: at.id(),
            kind: event.kind(),
            source: self.source(),
            agency: Some(self.payment.agency.clone()),
            channel: event.channel(),
            payment_id: Some(self.payment.id),
            invoice_id: Some(self.payment.invoice_id),
            entries: event.entries()?,
            posted_at: at.now,
        })
    }

    fn case(&self, kind: case::Kind, amount: Money, detail: &str, at: &Moment<'_>) -> Case {
        Case {
            id: at.id(),
            kind,
            source: self.source(),
            agency: Some(self.payment.agency.clone()),
            payment_id: Some(self.payment.id),
            bill_reference: self.payment.bill_reference.clone(),
            amount,
            detail: detail.to_owned(),
            opened_at: at.now,
        }
    }

    /// Its number leads to the payment: the random part of its id.
    fn receipt(&self, at: &Moment<'_>) -> Receipt {
        let (_, random) = self.payment.id.0.as_u64_pair();
        Receipt { at: at.now, number: format!("W-{random:016X}") }
    }
}

fn changes(what: &'static str, payment: Payment, attempt: &Attempt, receivable: Receivable) -> Changes {
    let told = vec![Told::Payment {
        what,
        payment: Box::new(payment.clone()),
        attempt: Some(attempt.clone()),
        receivable,
    }];
    Changes { payment: Some(payment), told, ..Changes::default() }
}

fn with_receivable(mut changes: Changes, receivable: Receivable, effect: receivable::Effect) -> Changes {
    if let Some(what) = effect.what() {
        changes.told.push(Told::Receivable { what, receivable: receivable.clone() });
        changes.receivable = Some(receivable);
    }
    changes
}

fn with_reference(mut payment: Payment, attempt: &Attempt) -> Payment {
    let said = match &attempt.state {
        attempt::State::Paid { provider_reference }
        | attempt::State::Mismatched { provider_reference, .. } => Some(provider_reference.clone()),
        attempt::State::Submitting
        | attempt::State::Pending
        | attempt::State::Unknown { .. }
        | attempt::State::Declined { .. }
        | attempt::State::Expired => None,
    };
    if let By::Wallet { provider_reference, .. } = &mut payment.by
        && said.is_some()
    {
        *provider_reference = said;
    }
    payment
}

/// Names the case in the payment, also in what is told of it.
fn with_case(mut changes: Changes, case: Case) -> Changes {
    let name = |payment: &mut Payment, id: CaseId| payment.case_id = Some(id);
    if let Some(payment) = &mut changes.payment {
        name(payment, case.id);
    }
    for told in &mut changes.told {
        match told {
            Told::Payment { payment, .. } => name(payment, case.id),
            Told::Receivable { .. } | Told::Case(_) => {}
        }
    }
    changes.told.push(Told::Case(case.clone()));
    changes.case = Some(case);
    changes
}
