//! A payer wants to pay, tries again, or gives up.

use std::collections::HashSet;

use ids::{AttemptId, PaymentId};
use money::Money;

use super::{Moment, channel, visible};
use crate::domain::{
    Changes, Refusal, Reply, World,
    attempt::{self, Attempt},
    channel::Channel,
    command::{GiveUp, Retry, Start},
    payment::{self, Back, By, Payment},
    receivable::{self, Receivable},
    world::{Ask, Question, Work},
};

/// Holds the receivables and leaves the provider to the worker: it is asked after this is durable.
pub(super) fn start(world: &World, command: &Start, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    let attempt_id: AttemptId = at.id();
    let mut seen = HashSet::new();
    let mut held = Vec::with_capacity(command.bills.len());
    for bill_reference in &command.bills {
        let unknown = || Refusal::BillUnknown { bill_reference: bill_reference.clone() };
        let receivable = world
            .bill(bill_reference)
            .filter(|bill| visible(command.agency.as_ref(), &bill.agency))
            .ok_or_else(unknown)?;
        if !seen.insert(receivable.invoice_id) {
            return Err(Refusal::BillTwice { bill_reference: bill_reference.clone() });
        }
        let payment_id = at.id();
        let (after, effect) = receivable.step(receivable::Command::Hold { payment: payment_id })?;
        let amount = receivable.payable(command.amount)?;
        let mut exception = None;
        for needed in &command.channels {
            exception = channel::may_take(receivable, *needed, amount, at)?.or(exception);
        }
        let payment = new_payment((payment_id, attempt_id), command, &after, amount, at);
        held.push((payment, after, effect, exception));
    }
    let parts = held.iter().map(|(payment, ..)| part(payment)).collect();
    let attempt = new_attempt(attempt_id, parts, &command.provider, at)?;
    let attempt = Attempt { delayed_capture: command.delayed_capture, ..attempt };
    let mut changes = Changes::default();
    let mut payments = Vec::with_capacity(held.len());
    for (payment, receivable, effect, exception) in held {
        payments.push(payment.clone());
        changes = changes.by_exception(exception, &payment, at);
        changes =
            changes.payment("started", payment, Some(&attempt), &receivable).receivable(receivable, effect);
    }
    let changes = with_attempt(changes, attempt.clone(), at);
    Ok((changes, Reply::Started { payments, attempt }))
}

/// Another attempt for a payment that ended without money.
pub(super) fn retry(world: &World, command: &Retry, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    let before = world.payments.get(&command.payment_id).ok_or(Refusal::PaymentUnknown)?;
    let receivable = world.receivables.get(&before.invoice_id).ok_or(Refusal::PaymentUnknown)?;
    let attempt_id = at.id();
    let by = By::Wallet { provider: command.provider.clone(), attempt_id, provider_reference: None };
    let payment = before.step(payment::Command::Retry(by))?;
    let (held, effect) = receivable.step(receivable::Command::Hold { payment: payment.id })?;
    if payment.amount.exceeds(receivable.remaining()?)? {
        let bill_reference = payment.bill_reference;
        return Err(Refusal::AmountNotAllowed { bill_reference, remaining: receivable.remaining()? });
    }
    let exception = channel::may_take(receivable, Channel::Wallet, payment.amount, at)?;
    let attempt = new_attempt(attempt_id, vec![part(&payment)], &command.provider, at)?;
    let attempt = Attempt { delayed_capture: command.delayed_capture, ..attempt };
    let changes = Changes::default()
        .payment("retried", payment.clone(), Some(&attempt), &held)
        .by_exception(exception, &payment, at)
        .receivable(held, effect);
    let changes = with_attempt(changes, attempt.clone(), at);
    Ok((changes, Reply::Started { payments: vec![payment], attempt }))
}

/// The provider is asked to let nothing come; only its word ends the payment.
pub(super) fn give_up(world: &World, command: &GiveUp, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    let payment = world.payments.get(&command.payment_id).ok_or(Refusal::PaymentUnknown)?;
    let attempt = world.attempts.get(&command.attempt_id).ok_or(Refusal::PaymentUnknown)?;
    let (payments, attempt) = (vec![payment.clone()], attempt.cancel()?);
    let work = Work {
        id: attempt.id.0,
        provider: attempt.provider.clone(),
        ask: Ask::For(Question::Reverse, at.now),
    };
    let changes = Changes { attempts: vec![attempt.clone()], work: Some(work), ..Changes::default() };
    Ok((changes, Reply::Started { payments, attempt }))
}

fn part(payment: &Payment) -> attempt::Part {
    attempt::Part { payment_id: payment.id, invoice_id: payment.invoice_id, amount: payment.amount }
}

fn with_attempt(mut changes: Changes, attempt: Attempt, at: &Moment<'_>) -> Changes {
    changes.work = Some(Work {
        id: attempt.id.0,
        provider: attempt.provider.clone(),
        ask: Ask::For(Question::Initiate, at.now),
    });
    changes.attempts.push(attempt);
    changes
}

fn new_attempt(
    id: AttemptId,
    parts: Vec<attempt::Part>,
    provider: &str,
    at: &Moment<'_>,
) -> Result<Attempt, Refusal> {
    Ok(Attempt {
        id,
        amount: Money::sum(money::Currency::Bhd, parts.iter().map(|part| part.amount))?,
        parts,
        provider: provider.to_owned(),
        state: attempt::State::Submitting,
        submits: 1,
        doubts: 0,
        contradicted_at: None,
        doubted_at: None,
        cancelling: false,
        delayed_capture: false,
        created_at: at.now,
        version: 1,
    })
}

fn new_payment(
    (id, attempt_id): (PaymentId, AttemptId),
    command: &Start,
    bill: &Receivable,
    amount: Money,
    at: &Moment<'_>,
) -> Payment {
    Payment {
        id,
        agency: bill.agency.clone(),
        invoice_id: bill.invoice_id,
        bill_reference: bill.bill_reference.clone(),
        by: By::Wallet { provider: command.provider.clone(), attempt_id, provider_reference: None },
        amount,
        credited: Money::zero(amount.currency()),
        back: Back::nothing(),
        state: payment::State::Created,
        contact_ref: command.contact_ref.clone(),
        return_url: command.return_url.clone(),
        actor: command.actor.clone(),
        case_id: None,
        created_at: at.now,
        version: 1,
    }
}
