//! A channel took money and tells us.

use super::{Moment, channel, visible, write};
use crate::domain::{
    Changes, Refusal, Reply, World, case,
    command::Receive,
    journal::{self, Event},
    payment::{self, Back, By, Payment, Receipt},
    receivable::{self, Receivable},
};

/// Books definite money: the bill takes what it can, the rest is the payer's credit, with a case. The same movement
/// again is answered as before; the same movement for something else is refused.
pub(super) fn receive(
    world: &World,
    command: &Receive,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let bill = world
        .bill(&command.bill_reference)
        .filter(|bill| visible(command.agency.as_ref(), &bill.agency))
        .ok_or_else(|| Refusal::BillUnknown { bill_reference: command.bill_reference.clone() })?;
    if !command.amount.is_positive() {
        return Err(Refusal::AmountNotPositive);
    }
    let movement = (command.provider.clone(), command.provider_reference.clone());
    if let Some(known) = world.movements.get(&movement) {
        return known_movement(world.payments.get(known), command);
    }
    if command.channel.asks_first() {
        channel::may_take(bill, command.channel.channel(), command.amount, at)?;
    }
    let (applied, credited) = bill.split(command.amount)?;
    let mut payment = new_payment(command, bill, at);
    payment.credited = credited;
    let receipt = Receipt::of("D", payment.id, at.now);
    let (what, receivable, effect) = if applied.is_zero() {
        payment.state = payment::State::Late(receipt);
        ("late", bill.clone(), receivable::Effect::Unchanged)
    } else {
        payment.state = payment::State::Captured(receipt);
        let apply = receivable::Command::Apply { payment: payment.id, amount: applied };
        let (after, effect) = bill.step(apply)?;
        ("captured", after, effect)
    };
    let source = journal::movement(&command.provider, &command.provider_reference);
    let event = Event::PaymentRecorded {
        channel: command.channel.name(),
        provider: command.provider.clone(),
        applied: bill.parts_of_payment(applied)?,
        credited,
    };
    let journal = write::journal_of(&payment, source.clone(), event, at)?;
    let (exception, closed) = channel::took(bill, (command.channel.channel(), at.now), &payment, &source, at);
    let mut changes = Changes::default()
        .journal(journal)
        .by_exception(exception, &payment, at)
        .payment(what, payment.clone(), None, &receivable)
        .receivable(receivable, effect);
    if let Some(case) = closed {
        payment.case_id = Some(case.id);
        changes = changes.case(case);
    }
    if credited.is_positive() {
        let mut credit = write::credit_of(bill, source.clone(), credited, at);
        credit.payment_id = Some(payment.id);
        let detail = format!("more came by {} than was due", command.channel.name());
        let case = write::case_of(&payment, case::Kind::SecondPayment, source, at).saying(credited, detail);
        payment.case_id = Some(case.id);
        changes = changes.credit("opened", credit).case(case);
    }
    Ok((changes, Reply::Recorded(Box::new(payment))))
}

fn known_movement(known: Option<&Payment>, command: &Receive) -> Result<(Changes, Reply), Refusal> {
    let same = known.filter(|payment| {
        payment.bill_reference == command.bill_reference
            && payment.amount == command.amount
            && payment.by.attempt().is_none()
    });
    match same {
        Some(payment) => Ok((Changes::default(), Reply::Recorded(Box::new(payment.clone())))),
        None => Err(Refusal::ChargeDiffers { provider_reference: command.provider_reference.clone() }),
    }
}

fn new_payment(command: &Receive, bill: &Receivable, at: &Moment<'_>) -> Payment {
    Payment {
        id: at.id(),
        agency: bill.agency.clone(),
        invoice_id: bill.invoice_id,
        bill_reference: bill.bill_reference.clone(),
        by: By::Direct {
            channel: command.channel,
            provider: command.provider.clone(),
            provider_reference: command.provider_reference.clone(),
        },
        amount: command.amount,
        credited: money::Money::zero(command.amount.currency()),
        back: Back::nothing(),
        state: payment::State::Created,
        contact_ref: command.contact_ref.clone(),
        return_url: String::new(),
        actor: command.actor.clone(),
        case_id: None,
        created_at: at.now,
        version: 1,
    }
}
