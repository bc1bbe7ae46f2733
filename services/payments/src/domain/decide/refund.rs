//! Money goes back to a payer.

use ids::{AgencyId, CreditId};
use money::Money;

use super::{Moment, visible, write};
use crate::domain::{
    Changes, Refusal, Reply, World,
    case::{self, Case},
    command::{Asked, RefundStep, RequestRefund},
    credit,
    journal::{Account, Event, Journal},
    payment::{self, By, Payment, Return},
    receivable,
    refund::{self, Destination, Effect, Of, Refund, State},
    world::{Ask, Question, Told, Work},
};

/// A refund that did not leave us is sent again so often before we become slow.
const QUICK_TRIES: i32 = 3;
/// So many answers that were none, some two hours and a half after the first: a person looks.
const DOUBTS_UNTIL_CASE: i32 = 5;

/// Reserves the money, so that nobody else can give it away. Another person approves, and only then it moves.
pub(super) fn request(
    world: &World,
    command: &RequestRefund,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    match &command.of {
        Asked::Payment { payment_id, .. } => {
            let payment = world
                .payments
                .get(payment_id)
                .filter(|payment| visible(command.agency.as_ref(), &payment.agency))
                .ok_or(Refusal::PaymentUnknown)?;
            request_of_payment(world, payment, command, at)
        }
        Asked::Credit { credit_id, .. } => request_of_credit(world, *credit_id, command, at),
    }
}

fn request_of_payment(
    world: &World,
    payment: &Payment,
    command: &RequestRefund,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let receivable = world.receivables.get(&payment.invoice_id).ok_or(Refusal::PaymentUnknown)?;
    let amount = command.amount.map_or_else(|| payment.refundable(), Ok)?;
    let to = destination(world, Some(payment), command.iban.as_ref())?;
    let after = payment.step(payment::Command::Return(Return::ReserveRefund(amount)))?;
    let parts = receivable.parts_of_return(amount)?;
    let (bill, effect) = receivable.step(receivable::Command::Return { parts: parts.clone() })?;
    let of = Of::Payment { payment_id: payment.id, invoice_id: payment.invoice_id, parts: parts.clone() };
    let refund = new_refund(command, (&payment.agency, &payment.bill_reference), (of, amount, to), at);
    let event = Event::RefundReserved { channel: payment.by.channel(), parts };
    let journal = write::journal_of(payment, format!("refund:{}/reserved", refund.id), event, at)?;
    let changes = Changes::default()
        .journal(journal)
        .payment("refund_reserved", after, None, &bill)
        .receivable(bill, effect);
    Ok(with_refund(changes, "requested", refund))
}

fn request_of_credit(
    world: &World,
    id: CreditId,
    command: &RequestRefund,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let credit = world
        .credits
        .get(&id)
        .filter(|credit| visible(command.agency.as_ref(), &credit.agency))
        .ok_or(Refusal::CreditUnknown)?;
    let amount = command.amount.map_or_else(|| credit.free(), Ok)?;
    let payment = credit.payment_id.and_then(|id| world.payments.get(&id));
    let to = destination(world, payment, command.iban.as_ref())?;
    let after = credit.step(credit::Command::Reserve(amount))?;
    let of = Of::Credit { credit_id: id };
    let refund = new_refund(command, (&credit.agency, &credit.bill_reference), (of, amount, to), at);
    let source = format!("refund:{}/reserved", refund.id);
    let mut journal = write::journal(source, Event::CreditReserved { amount }, at)?;
    journal.agency = Some(credit.agency.clone());
    Ok(with_refund(Changes::default().journal(journal).credit("reserved", after), "requested", refund))
}

/// An IBAN if one is named, else where the money came from.
fn destination(
    world: &World,
    payment: Option<&Payment>,
    iban: Option<&String>,
) -> Result<Destination, Refusal> {
    if let Some(iban) = iban {
        return Ok(Destination::Iban { iban: iban.clone() });
    }
    let by = &payment.ok_or(Refusal::NoSource)?.by;
    match by {
        By::Wallet { provider, attempt_id, provider_reference: Some(provider_reference) } => {
            let known = world.attempts.get(attempt_id).map(|attempt| attempt.id);
            Ok(Destination::Source {
                provider: provider.clone(),
                attempt_id: known.ok_or(Refusal::NoSource)?,
                provider_reference: provider_reference.clone(),
            })
        }
        By::Wallet { provider_reference: None, .. } | By::Direct { .. } | By::KioskCash => {
            Err(Refusal::NoSource)
        }
    }
}

fn new_refund(
    command: &RequestRefund,
    (agency, bill_reference): (&AgencyId, &str),
    (of, amount, to): (Of, Money, Destination),
    at: &Moment<'_>,
) -> Refund {
    Refund {
        id: at.id(),
        agency: agency.clone(),
        bill_reference: bill_reference.to_owned(),
        of,
        amount,
        to,
        reason: command.reason.clone(),
        requested_by: command.actor.clone(),
        doubts: 0,
        contradicted: false,
        state: State::Requested,
        created_at: at.now,
        version: 1,
    }
}

/// What a person decides, or a provider or bank says, about a refund.
pub(super) fn step(
    world: &World,
    command: &RefundStep,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let before = world
        .refunds
        .get(&command.refund_id)
        .filter(|refund| visible(command.agency.as_ref(), &refund.agency))
        .ok_or(Refusal::RefundUnknown)?;
    if command.fence.is_some() && world.fences.get(&before.id.0) != command.fence.as_ref() {
        return Err(Refusal::StaleFence);
    }
    let (after, effect) = before.step(command.command.clone(), at.now)?;
    let changes = match effect {
        Effect::Resubmit | Effect::Doubted | Effect::Waiting
            if after.doubts == DOUBTS_UNTIL_CASE && !after.contradicted =>
        {
            let detail = "the provider has given no definite answer about a refund for long";
            Changes::default().case(case_of(case::Kind::UnknownOutcome, detail, &after, at))
        }
        Effect::Approved
        | Effect::Resubmit
        | Effect::Submitted
        | Effect::Doubted
        | Effect::Waiting
        | Effect::Repeated => Changes::default(),
        Effect::Rejected | Effect::Failed => released(world, &after, at)?,
        Effect::Succeeded => settled(world, &after, at)?,
        Effect::Contradicted => {
            let detail = "the provider contradicts what it said of a refund, or gives another amount back";
            Changes::default().case(case_of(case::Kind::Contradiction, detail, &after, at))
        }
    };
    let changes = Changes { work: what_next(&after, effect, &command.command, at), ..changes };
    Ok(match effect.what() {
        Some(what) => with_refund(changes, what, after),
        None if effect == Effect::Repeated => (changes, Reply::Refund(Box::new(after))),
        None => {
            let reply = Reply::Refund(Box::new(after.clone()));
            (Changes { refunds: vec![after], ..changes }, reply)
        }
    })
}

fn what_next(refund: &Refund, effect: Effect, command: &refund::Command, at: &Moment<'_>) -> Option<Work> {
    let Destination::Source { provider, .. } = &refund.to else { return None };
    let [jitter] = at.ids.bytes::<1>();
    let schedule = &at.rules.schedule;
    let ask = match effect {
        Effect::Approved => Ask::For(Question::Refund, at.now),
        // The first tries follow each other quickly.
        Effect::Resubmit => {
            let slow = (refund.doubts - QUICK_TRIES).max(0);
            Ask::For(Question::Refund, schedule.next_at(slow, jitter, at.now))
        }
        Effect::Submitted | Effect::Doubted | Effect::Waiting => {
            Ask::For(Question::InquireRefund, schedule.next_at(refund.doubts, jitter, at.now))
        }
        Effect::Contradicted if !matches!(refund.state, State::Succeeded { .. } | State::Failed { .. }) => {
            Ask::For(Question::InquireRefund, schedule.next_at(refund.doubts.max(1), jitter, at.now))
        }
        Effect::Succeeded | Effect::Failed | Effect::Repeated | Effect::Contradicted => Ask::Nothing,
        Effect::Rejected => return None,
    };
    let from_provider = matches!(command, refund::Command::Record(_)) || effect == Effect::Approved;
    from_provider.then(|| Work { id: refund.id.0, provider: provider.clone(), ask })
}

/// The money stays where it was taken from.
fn released(world: &World, refund: &Refund, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let source = format!("refund:{}/released", refund.id);
    match &refund.of {
        Of::Payment { payment_id, invoice_id, parts } => {
            let payment = world.payments.get(payment_id).ok_or(Refusal::PaymentUnknown)?;
            let receivable = world.receivables.get(invoice_id).ok_or(Refusal::PaymentUnknown)?;
            let after = payment.step(payment::Command::Return(Return::ReleaseRefund(refund.amount)))?;
            let restore = receivable::Command::Restore { parts: parts.clone() };
            let (bill, effect) = receivable.step(restore)?;
            let event = Event::RefundReleased { channel: payment.by.channel(), parts: parts.clone() };
            let journal = write::journal_of(payment, source, event, at)?;
            let changes = Changes::default().journal(journal);
            Ok(changes.payment("refund_released", after, None, &bill).receivable(bill, effect))
        }
        Of::Credit { credit_id } => {
            let credit = world.credits.get(credit_id).ok_or(Refusal::CreditUnknown)?;
            let after = credit.step(credit::Command::Release(refund.amount))?;
            let event = Event::CreditReleased { amount: refund.amount };
            let journal = of_agency(write::journal(source, event, at)?, refund);
            Ok(Changes::default().journal(journal).credit("released", after))
        }
    }
}

/// The payer has it.
fn settled(world: &World, refund: &Refund, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let source = format!("refund:{}/succeeded", refund.id);
    let from = match &refund.to {
        Destination::Source { provider, .. } => Account::ProviderClearing(provider.clone()),
        Destination::Iban { .. } => Account::TreasuryBank,
    };
    let succeeded = |channel| Event::RefundSucceeded { channel, from, amount: refund.amount };
    match &refund.of {
        Of::Payment { payment_id, invoice_id, .. } => {
            let payment = world.payments.get(payment_id).ok_or(Refusal::PaymentUnknown)?;
            let receivable = world.receivables.get(invoice_id).ok_or(Refusal::PaymentUnknown)?;
            let after = payment.step(payment::Command::Return(Return::SettleRefund(refund.amount)))?;
            let journal = write::journal_of(payment, source, succeeded(payment.by.channel()), at)?;
            Ok(Changes::default().journal(journal).payment("refunded", after, None, receivable))
        }
        Of::Credit { credit_id } => {
            let credit = world.credits.get(credit_id).ok_or(Refusal::CreditUnknown)?;
            let after = credit.step(credit::Command::PayOut(refund.amount))?;
            let journal = of_agency(write::journal(source, succeeded("credit"), at)?, refund);
            Ok(Changes::default().journal(journal).credit("paid_out", after))
        }
    }
}

fn of_agency(mut journal: Journal, refund: &Refund) -> Journal {
    journal.agency = Some(refund.agency.clone());
    journal
}

fn case_of(kind: case::Kind, detail: &str, refund: &Refund, at: &Moment<'_>) -> Case {
    let payment_id = match &refund.of {
        Of::Payment { payment_id, .. } => Some(*payment_id),
        Of::Credit { .. } => None,
    };
    Case {
        id: at.id(),
        kind,
        source: format!("refund:{}", refund.id),
        agency: Some(refund.agency.clone()),
        payment_id,
        bill_reference: refund.bill_reference.clone(),
        amount: refund.amount,
        detail: detail.to_owned(),
        opened_at: at.now,
    }
}

fn with_refund(mut changes: Changes, what: &'static str, refund: Refund) -> (Changes, Reply) {
    changes.told.push(Told::Refund { what, refund: refund.clone() });
    changes.refunds.push(refund.clone());
    (changes, Reply::Refund(Box::new(refund)))
}
