//! Money that a provider holds is taken.

use money::Money;

use super::{Moment, visible, write};
use crate::domain::{
    Changes, Refusal, Reply, World,
    attempt::{Attempt, Part},
    command::Capture,
    journal::{Event, Journal},
    payment::{self, Payment},
    receivable::Receivable,
    world::{Ask, Question, Work},
};

/// The provider is asked to take what it holds, at most what is still due; what is less is let go.
pub(super) fn capture(
    world: &World,
    command: &Capture,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let before = world.attempts.get(&command.attempt_id).ok_or(Refusal::PaymentUnknown)?;
    before.capturable()?;
    let mut parts = Vec::with_capacity(before.parts.len());
    let mut of = Vec::with_capacity(before.parts.len());
    for part in &before.parts {
        let payment = world
            .payments
            .get(&part.payment_id)
            .filter(|payment| visible(command.agency.as_ref(), &payment.agency))
            .ok_or(Refusal::PaymentUnknown)?;
        let bill = world.receivables.get(&part.invoice_id).ok_or(Refusal::PaymentUnknown)?;
        parts.push(wanted(before, part, bill, command)?);
        of.push((payment, bill));
    }
    let attempt = before.capture(parts, at.now)?;
    let mut changes = Changes::default();
    let mut payments = Vec::with_capacity(of.len());
    for ((payment, bill), (held, part)) in of.into_iter().zip(before.parts.iter().zip(&attempt.parts)) {
        let after = payment.step(payment::Command::BeginCapture(part.amount))?;
        payments.push(after.clone());
        changes = changes.payment("capturing", after, Some(&attempt), bill);
        let less = held.amount.checked_sub(part.amount)?;
        if less.is_positive() {
            let source = format!("attempt:{}/reduced/{}", attempt.id, payment.id);
            changes = changes.journal(released(payment, &attempt, source, less, at)?);
        }
    }
    changes.work = Some(Work {
        id: attempt.id.0,
        provider: attempt.provider.clone(),
        ask: Ask::For(Question::Capture, at.now),
    });
    changes.attempts.push(attempt.clone());
    Ok((changes, Reply::Started { payments, attempt }))
}

/// What is to be taken of one part: of a single bill what is asked for, or what is still due of it; of a cart, whose bills
/// are paid together or not at all, the whole.
fn wanted(attempt: &Attempt, part: &Part, bill: &Receivable, command: &Capture) -> Result<Part, Refusal> {
    let remaining = bill.remaining()?;
    if remaining.is_zero() {
        return Err(Refusal::AlreadyPaid { bill_reference: bill.bill_reference.clone() });
    }
    let not_allowed = || Refusal::AmountNotAllowed { bill_reference: bill.bill_reference.clone(), remaining };
    let is_cart = attempt.parts.len() > 1;
    let amount = match command.amount {
        None if is_cart || !part.amount.exceeds(remaining)? => part.amount,
        None => remaining,
        Some(asked) if is_cart && asked == attempt.amount => part.amount,
        Some(_asked) if is_cart => return Err(not_allowed()),
        // The attempt refuses what is nothing, or exceeds it.
        Some(asked) if !asked.is_positive() || asked.exceeds(part.amount)? => {
            return Ok(Part { amount: asked, ..*part });
        }
        Some(asked) => asked,
    };
    if amount.exceeds(remaining)? {
        return Err(not_allowed());
    }
    if amount != part.amount {
        bill.payable(Some(amount))?;
    }
    Ok(Part { amount, ..*part })
}

/// So much of what a provider holds for `payment` will not come.
pub(super) fn released(
    payment: &Payment,
    attempt: &Attempt,
    source: String,
    amount: Money,
    at: &Moment<'_>,
) -> Result<Journal, Refusal> {
    let (provider, agency) = (attempt.provider.clone(), payment.agency.clone());
    write::journal_of(payment, source, Event::AuthorisationReleased { provider, agency, amount }, at)
}
