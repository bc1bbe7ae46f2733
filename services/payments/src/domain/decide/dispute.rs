//! A payer objects to a payment.

use super::{Moment, visible, write};
use crate::domain::{
    Changes, Refusal, Reply, World, case,
    command::{DisputeStep, OpenDispute},
    dispute::{self, Dispute, State},
    journal::Event,
    payment::{self, By, Return},
    receivable,
    world::Told,
};

/// The objection keeps the money until it is decided; what is kept cannot be refunded.
pub(super) fn open(
    world: &World,
    command: &OpenDispute,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let payment = world
        .payments
        .get(&command.payment_id)
        .filter(|payment| visible(command.agency.as_ref(), &payment.agency))
        .ok_or(Refusal::PaymentUnknown)?;
    let receivable = world.receivables.get(&payment.invoice_id).ok_or(Refusal::PaymentUnknown)?;
    let provider = match &payment.by {
        By::Wallet { provider, .. } | By::Direct { provider, .. } => provider.clone(),
        By::KioskCash => return Err(Refusal::NoSource),
    };
    let after = payment.step(payment::Command::Return(Return::Dispute(command.amount)))?;
    let parts = receivable.parts_of_return(command.amount)?;
    let (bill, effect) = receivable.step(receivable::Command::Return { parts: parts.clone() })?;
    let dispute = Dispute {
        id: at.id(),
        agency: payment.agency.clone(),
        payment_id: payment.id,
        invoice_id: payment.invoice_id,
        bill_reference: payment.bill_reference.clone(),
        provider,
        provider_reference: command.provider_reference.clone(),
        amount: command.amount,
        parts: parts.clone(),
        reason: command.reason.clone(),
        opened_by: command.actor.clone(),
        state: State::Opened,
        created_at: at.now,
        version: 1,
    };
    let event = Event::DisputeOpened { channel: payment.by.channel(), parts };
    let journal = write::journal_of(payment, format!("dispute:{}/opened", dispute.id), event, at)?;
    let changes =
        Changes::default().journal(journal).payment("disputed", after, None, &bill).receivable(bill, effect);
    Ok(with_dispute(changes, "opened", dispute))
}

/// Won: everybody has his part again. Lost: the provider has taken it back, and the agency decides what follows.
pub(super) fn step(
    world: &World,
    command: &DisputeStep,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let before = world
        .disputes
        .get(&command.dispute_id)
        .filter(|dispute| visible(command.agency.as_ref(), &dispute.agency))
        .ok_or(Refusal::DisputeUnknown)?;
    let payment = world.payments.get(&before.payment_id).ok_or(Refusal::PaymentUnknown)?;
    let receivable = world.receivables.get(&before.invoice_id).ok_or(Refusal::PaymentUnknown)?;
    let after = before.step(command.command.clone())?;
    let (amount, channel) = (before.amount, payment.by.channel());
    match &command.command {
        dispute::Command::Win { .. } => {
            let paid = payment.step(payment::Command::Return(Return::WinDispute(amount)))?;
            let restore = receivable::Command::Restore { parts: before.parts.clone() };
            let (bill, effect) = receivable.step(restore)?;
            let event = Event::DisputeWon { channel, parts: before.parts.clone() };
            let journal = write::journal_of(payment, format!("dispute:{}/won", before.id), event, at)?;
            let changes = Changes::default()
                .journal(journal)
                .payment("dispute_won", paid, None, &bill)
                .receivable(bill, effect);
            Ok(with_dispute(changes, "won", after))
        }
        dispute::Command::Lose { .. } => {
            let paid = payment.step(payment::Command::Return(Return::LoseDispute(amount)))?;
            let event = Event::DisputeLost { channel, provider: before.provider.clone(), amount };
            let source = format!("dispute:{}/lost", before.id);
            let journal = write::journal_of(payment, source.clone(), event, at)?;
            let detail = "the provider took the money back: decide whether the bill is due again";
            let case = write::case_of(payment, case::Kind::Chargeback, source, at).saying(amount, detail);
            let changes = Changes::default()
                .journal(journal)
                .payment("dispute_lost", paid, None, receivable)
                .case(case);
            Ok(with_dispute(changes, "lost", after))
        }
    }
}

fn with_dispute(mut changes: Changes, what: &'static str, dispute: Dispute) -> (Changes, Reply) {
    changes.told.push(Told::Dispute { what, dispute: dispute.clone() });
    changes.disputes.push(dispute.clone());
    (changes, Reply::Dispute(Box::new(dispute)))
}
