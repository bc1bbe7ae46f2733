//! A provider has spoken about an attempt, or has not.

use money::Money;

use super::{Moment, capture, write};
use crate::domain::{
    Changes, Refusal, Reply, World,
    attempt::{self, Answer, Attempt, Effect},
    case::{self, Case},
    command::Record,
    journal::{self, Event, Journal},
    payment::{self, By, Failure, Payment, Receipt},
    receivable::{self, Receivable},
    world::{Ask, Question, Work},
};

/// Writes down what was observed, and books money that is definite, for each payment of the attempt.
pub(super) fn record(world: &World, command: &Record, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    if world.fences.get(&command.attempt_id.0) != Some(&command.fence) {
        return Err(Refusal::StaleFence);
    }
    let before = world.attempts.get(&command.attempt_id).ok_or(Refusal::AttemptUnknown)?;
    let (attempt, effect) = before.step(command.answer.clone(), &at.rules.patience, at.now);
    let attempt = attempt.unless_in_vain(|part| {
        world.receivables.get(&part.invoice_id).is_some_and(|bill| bill.state.takes_money())
    });
    let mut changes = Changes::default();
    for (place, part) in before.parts.iter().enumerate() {
        let one = One {
            before,
            attempt: &attempt,
            part,
            first: place == 0,
            payment: world.payments.get(&part.payment_id).ok_or(Refusal::AttemptUnknown)?,
            receivable: world.receivables.get(&part.invoice_id).ok_or(Refusal::AttemptUnknown)?,
        };
        changes = changes.and(one.follow(&effect, at)?);
        if before.state.held_as().is_some() && attempt.state.held_as().is_none() {
            changes = changes.journal(one.no_longer_held(at)?);
        }
    }
    changes.work = Some(Work {
        id: attempt.id.0,
        provider: attempt.provider.clone(),
        ask: what_next(&attempt, &effect, &command.answer, at),
    });
    changes.attempts.push(attempt);
    Ok((changes, Reply::Done))
}

fn what_next(attempt: &Attempt, effect: &Effect, answer: &Answer, at: &Moment<'_>) -> Ask {
    let [jitter] = at.ids.bytes::<1>();
    let schedule = &at.rules.schedule;
    if !attempt.state.is_live() {
        return match answer {
            // Somebody hinted at money for an attempt that has ended: only a definite word settles that.
            Answer::NotSent | Answer::NoAnswer | Answer::NoNews | Answer::Pending(_) => {
                Ask::For(Question::Inquire, schedule.next_at(attempt.doubts.max(1), jitter, at.now))
            }
            Answer::Paid { .. }
            | Answer::Declined { .. }
            | Answer::Expired
            | Answer::NotFound
            | Answer::Reversed
            | Answer::Impossible => Ask::Nothing,
            // Money is held for an attempt that has ended: it is let go.
            Answer::Authorised { .. } => {
                Ask::For(Question::Reverse, schedule.next_at(attempt.doubts, jitter, at.now))
            }
        };
    }
    if *effect == Effect::ReverseFirst {
        return Ask::For(Question::Reverse, at.now);
    }
    if *effect == Effect::Resubmit && !attempt.cancelling {
        return Ask::For(Question::Initiate, schedule.next_at(0, jitter, at.now));
    }
    match attempt.state {
        // Nothing is to be done until somebody says capture; now and then we look whether it is still held.
        attempt::State::Authorised { .. } if !attempt.cancelling => {
            Ask::For(Question::Inquire, schedule.rarely_at(jitter, at.now))
        }
        attempt::State::Capturing { .. } => {
            Ask::For(Question::Capture, schedule.next_at(attempt.doubts, jitter, at.now))
        }
        attempt::State::Authorised { .. }
        | attempt::State::Submitting
        | attempt::State::Pending
        | attempt::State::Unknown { .. }
        | attempt::State::Paid { .. }
        | attempt::State::Declined { .. }
        | attempt::State::Expired
        | attempt::State::Cancelled
        | attempt::State::Mismatched { .. } => {
            let question = if attempt.cancelling { Question::Reverse } else { Question::Inquire };
            Ask::For(question, schedule.next_at(attempt.doubts, jitter, at.now))
        }
    }
}

/// One payment of the attempt, and its bill.
struct One<'a> {
    before: &'a Attempt,
    attempt: &'a Attempt,
    part: &'a attempt::Part,
    /// What concerns the attempt as a whole is done with its first payment.
    first: bool,
    payment: &'a Payment,
    receivable: &'a Receivable,
}

impl One<'_> {
    /// What payment, receivable and books do about the attempt's `effect`.
    fn follow(&self, effect: &Effect, at: &Moment<'_>) -> Result<Changes, Refusal> {
        use payment::Command as P;
        if self.payment.by.attempt() != Some(self.attempt.id) {
            return self.follow_stray(effect, at);
        }
        let was_unknown = matches!(self.before.state, attempt::State::Unknown { .. });
        match effect {
            Effect::Resubmit | Effect::Waiting | Effect::Repeated => Ok(Changes::default()),
            Effect::ReverseFirst if was_unknown => Ok(Changes::default()),
            Effect::ActionRequired(next) => self.step(P::AskPayer(next.clone())),
            Effect::Authorised => self.authorised(at),
            Effect::Doubted | Effect::ReverseFirst => self.step(P::Doubt),
            Effect::DoubtGrewOld => {
                let detail = "the provider has given no definite answer for long";
                Ok(self.step(P::Doubt)?.case(self.case(case::Kind::UnknownOutcome, detail, at)))
            }
            Effect::Declined => self.end(P::Fail(Failure::Declined)),
            Effect::NotSent => self.end(P::Fail(Failure::NotSent)),
            Effect::Expired => self.end(P::Expire),
            Effect::Cancelled => self.end(P::Cancel),
            Effect::Paid if self.receivable.state.takes_money() => self.capture(at),
            Effect::Paid | Effect::LatePaid => self.late(at),
            Effect::Mismatched | Effect::LateMismatched => self.mismatch(at),
            Effect::Contradicted => {
                let detail = "the provider contradicts what it said, or what the books hold";
                Ok(self.step(P::Contradict)?.case(self.case(case::Kind::Contradiction, detail, at)))
            }
        }
    }

    /// The payment has another attempt by now: money of this one is the payer's, and the rest is no news.
    fn follow_stray(&self, effect: &Effect, at: &Moment<'_>) -> Result<Changes, Refusal> {
        match effect {
            Effect::Paid | Effect::LatePaid => {
                let detail = "an earlier attempt took money after its payment was tried again";
                let source = self.source();
                let event =
                    Event::WalletLate { provider: self.attempt.provider.clone(), amount: self.part.amount };
                let mut journal = write::journal(self.movement(), event, at)?;
                journal.agency = Some(self.payment.agency.clone());
                let credit = write::credit_of(self.receivable, source, self.part.amount, at);
                let case = self.case(case::Kind::SecondPayment, detail, at);
                Ok(Changes::default().journal(journal).credit("opened", credit).case(case))
            }
            Effect::Mismatched | Effect::LateMismatched => self.suspend(Changes::default(), at),
            Effect::Contradicted => {
                let detail = "the provider contradicts what it said of an earlier attempt";
                Ok(Changes::default().case(self.case(case::Kind::Contradiction, detail, at)))
            }
            Effect::Resubmit
            | Effect::Waiting
            | Effect::DoubtGrewOld
            | Effect::ReverseFirst
            | Effect::ActionRequired(_)
            | Effect::Authorised
            | Effect::Doubted
            | Effect::Declined
            | Effect::Expired
            | Effect::Cancelled
            | Effect::NotSent
            | Effect::Repeated => Ok(Changes::default()),
        }
    }

    /// The provider holds the money: it is pending until it is posted or let go.
    fn authorised(&self, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let (provider, agency) = (self.attempt.provider.clone(), self.payment.agency.clone());
        let event = Event::Authorised { provider, agency, amount: self.part.amount };
        let source = format!("attempt:{}/authorised/{}", self.attempt.id, self.payment.id);
        let journal = write::journal_of(self.payment, source, event, at)?;
        Ok(self.step(payment::Command::Authorise)?.journal(journal))
    }

    /// What was pending has come, or never will.
    fn no_longer_held(&self, at: &Moment<'_>) -> Result<Journal, Refusal> {
        let source = format!("attempt:{}/released/{}", self.attempt.id, self.payment.id);
        capture::released(self.payment, self.attempt, source, self.part.amount, at)
    }

    /// Only the payment steps.
    fn step(&self, command: payment::Command) -> Result<Changes, Refusal> {
        let what = command.what();
        let payment = with_reference(self.payment.step(command)?, self.attempt);
        Ok(Changes::default().payment(what, payment, Some(self.attempt), self.receivable))
    }

    /// No (more) money for this bill: the receivable is free again.
    fn end(&self, command: payment::Command) -> Result<Changes, Refusal> {
        let what = command.what();
        let payment = with_reference(self.payment.step(command)?, self.attempt);
        let release = receivable::Command::Release { payment: payment.id };
        let (receivable, effect) = self.receivable.step(release)?;
        let changes = Changes::default().payment(what, payment, Some(self.attempt), &receivable);
        Ok(changes.receivable(receivable, effect))
    }

    fn capture(&self, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let (applied, credited) = self.receivable.split(self.part.amount)?;
        let command = payment::Command::Capture(credited, Receipt::of("W", self.payment.id, at.now));
        let payment = with_reference(self.payment.step(command)?, self.attempt);
        let parts = self.receivable.parts_of_payment(applied)?;
        let apply = receivable::Command::Apply { payment: payment.id, amount: applied };
        let (receivable, effect) = self.receivable.step(apply)?;
        let source = self.source();
        let event =
            Event::WalletCaptured { provider: self.attempt.provider.clone(), applied: parts, credited };
        let journal = write::journal_of(&payment, self.movement(), event, at)?;
        let mut credit = write::credit_of(&receivable, source, credited, at);
        credit.payment_id = Some(payment.id);
        let changes = Changes::default()
            .journal(journal)
            .payment("captured", payment, Some(self.attempt), &receivable)
            .receivable(receivable, effect)
            .credit("opened", credit);
        if credited.is_zero() {
            return Ok(changes);
        }
        // Cash came while the payer was approving.
        let detail = "part of the bill was paid otherwise before the provider took the whole";
        Ok(changes.case(self.case(case::Kind::SecondPayment, detail, at).saying(credited, detail)))
    }

    /// The bill is paid otherwise, or the payment had ended: the money is the payer's.
    fn late(&self, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let (source, amount) = (self.source(), self.part.amount);
        let event = Event::WalletLate { provider: self.attempt.provider.clone(), amount };
        let journal = write::journal_of(self.payment, self.movement(), event, at)?;
        let mut credit = write::credit_of(self.receivable, source, amount, at);
        credit.payment_id = Some(self.payment.id);
        let done = self.end(payment::Command::ComeLate(Receipt::of("W", self.payment.id, at.now)))?;
        let detail = "the provider took the money after the bill was paid or the payment had ended";
        let case = self.case(case::Kind::SecondPayment, detail, at);
        Ok(done.journal(journal).credit("opened", credit).case(case))
    }

    fn mismatch(&self, at: &Moment<'_>) -> Result<Changes, Refusal> {
        let changes = self.end(payment::Command::Fail(Failure::AmountMismatch))?;
        self.suspend(changes, at)
    }

    /// What the provider took instead is nobody's yet; it is booked once, with the first payment of the attempt.
    fn suspend(&self, changes: Changes, at: &Moment<'_>) -> Result<Changes, Refusal> {
        if !self.first {
            return Ok(changes);
        }
        let zero = Money::zero(self.attempt.amount.currency());
        let (_, took) = self.attempt.state.moved().unwrap_or(("", None));
        let took = took.unwrap_or(zero);
        let detail = format!("asked for {}, the provider says {}", self.attempt.amount, took);
        let changes = changes.case(self.case(case::Kind::AmountMismatch, "", at).saying(took, detail));
        if !took.is_positive() {
            return Ok(changes);
        }
        let event = Event::WalletMismatched { provider: self.attempt.provider.clone(), took };
        Ok(changes.journal(write::journal_of(self.payment, self.movement(), event, at)?))
    }

    /// What brought a case or a credit up.
    fn source(&self) -> String {
        self.part_of(format!("attempt:{}", self.attempt.id))
    }

    /// What brought the money: the movement that the provider names, and of a cart one journal a payment. A channel that
    /// tells of the same movement would have the same source.
    fn movement(&self) -> String {
        let (reference, _) = self.attempt.state.moved().unwrap_or_default();
        self.part_of(journal::movement(&self.attempt.provider, reference))
    }

    fn part_of(&self, whole: String) -> String {
        if self.first { whole } else { format!("{whole}/{}", self.payment.id) }
    }

    fn case(&self, kind: case::Kind, detail: &str, at: &Moment<'_>) -> Case {
        write::case_of(self.payment, kind, self.source(), at).saying(self.part.amount, detail)
    }
}

fn with_reference(mut payment: Payment, attempt: &Attempt) -> Payment {
    let said = attempt.state.moved().map(|(reference, _)| reference.to_owned());
    if let By::Wallet { provider_reference, .. } = &mut payment.by
        && said.is_some()
    {
        *provider_reference = said;
    }
    payment
}
