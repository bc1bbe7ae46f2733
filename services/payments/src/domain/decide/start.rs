//! A payer wants to pay.

use money::Money;

use super::Moment;
use crate::domain::{
    Changes, Refusal, Reply, World,
    attempt::{self, Attempt},
    command::Start,
    payment::{self, By, Payment},
    receivable,
    world::{Ask, Told, Work},
};

/// Holds the receivable and leaves the provider to the worker: it is asked after this is durable.
pub(super) fn start(world: &World, command: &Start, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    let receivable = world
        .bill(&command.bill_reference)
        .filter(|bill| command.agency.as_ref().is_none_or(|agency| *agency == bill.agency))
        .ok_or_else(|| Refusal::BillUnknown { bill_reference: command.bill_reference.clone() })?;
    let payment_id = at.id();
    let (held, _) = receivable.step(receivable::Command::Hold { payment: payment_id })?;
    let amount = receivable.remaining()?;
    let attempt = Attempt {
        id: at.id(),
        payment_id,
        invoice_id: held.invoice_id,
        provider: command.provider.clone(),
        amount,
        state: attempt::State::Submitting,
        submits: 1,
        doubts: 0,
        contradicted_at: None,
        created_at: at.now,
        version: 1,
    };
    let payment = Payment {
        id: payment_id,
        agency: held.agency.clone(),
        invoice_id: held.invoice_id,
        bill_reference: held.bill_reference.clone(),
        by: By::Wallet {
            provider: command.provider.clone(),
            attempt_id: attempt.id,
            provider_reference: None,
        },
        amount,
        credited: Money::zero(amount.currency()),
        state: payment::State::Created,
        contact_ref: command.contact_ref.clone(),
        return_url: command.return_url.clone(),
        actor: command.actor.clone(),
        case_id: None,
        created_at: at.now,
        version: 1,
    };
    let told = vec![
        Told::Receivable { what: "held", receivable: held.clone() },
        Told::Payment {
            what: "started",
            payment: Box::new(payment.clone()),
            attempt: Some(attempt.clone()),
            receivable: held.clone(),
        },
    ];
    let work = Work {
        attempt_id: attempt.id,
        provider: attempt.provider.clone(),
        ask: Ask::Initiate { due_at: at.now },
    };
    let changes = Changes {
        receivable: Some(held),
        payment: Some(payment.clone()),
        attempt: Some(attempt.clone()),
        work: Some(work),
        told,
        ..Changes::default()
    };
    Ok((changes, Reply::Started { payment: Box::new(payment), attempt }))
}
