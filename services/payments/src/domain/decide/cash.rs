//! Cash that is physically there is always booked. Odd records go to suspense or payer credit, with a case.

use ids::PaymentId;
use money::Money;

use super::{Moment, channel, write};
use crate::domain::{
    Changes, Refusal, Reply, World,
    case::{self, Case},
    channel::Channel,
    command::{BillAsked, CashKey, Close, Quarantine, SessionEnd, SessionKnown, Stack},
    journal::Event,
    payment::{self, Back, By, Payment, Receipt},
    receivable::{self, Receivable},
    world::CashRow,
};

/// A note lies in a unit. Which bill it is for shows when its session ends.
pub(super) fn stack(world: &World, command: &Stack, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    if world.cash.contains(&command.key) {
        return Ok((Changes::default(), Reply::Done));
    }
    let (device, unit) = (command.key.device.clone(), command.unit_id.clone());
    let (generation, amount) = (command.unit_generation, command.amount);
    let (event, case) = match command.session {
        SessionKnown::Yes => (Event::CashStacked { device, unit, generation, amount }, None),
        SessionKnown::No => {
            let detail = format!("a note outside any session at {device}");
            let case = Odd { key: &command.key, bill_reference: &command.bill_reference, amount };
            let case = case.open(case::Kind::CashUnknownSession, detail, at);
            (Event::CashUnknownSession { device, unit, generation, amount }, Some(case))
        }
    };
    let mut changes = Changes::default().journal(write::journal(command.key.source(), event, at)?);
    if let Some(case) = case {
        changes = changes.case(case);
    }
    changes.cash = Some(row(&command.key, "stacked", &command.session_id, at));
    Ok((changes, Reply::Done))
}

/// A session is over, and with it the question what its notes are for.
pub(super) fn close(world: &World, command: &Close, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    let session = (command.key.device.0.clone(), command.session_id.clone());
    if world.cash.contains(&command.key) || world.closed.contains(&session) {
        return Ok((Changes::default(), Reply::Done));
    }
    let changes = if command.stacked.is_positive() {
        booked(world.bill(&command.bill_reference), command, at)?
    } else {
        Changes::default()
    };
    let cash = Some(row(&command.key, "closed", &command.session_id, at));
    Ok((Changes { cash, ..changes }, Reply::Done))
}

/// A device was shut out: what it had told of an open session is in the books as cash of nobody yet, and what it tells
/// from now on is not believed. A person goes and counts.
pub(super) fn quarantine(command: &Quarantine, at: &Moment<'_>) -> (Changes, Reply) {
    let Quarantine { device, epoch, session_id, bill_reference, stacked } = command;
    let case = Case {
        id: at.id(),
        kind: case::Kind::DeviceQuarantined,
        source: format!("quarantine:{device}/{epoch}/{session_id}"),
        agency: None,
        payment_id: None,
        bill_reference: bill_reference.clone(),
        amount: *stacked,
        detail: format!("{device} was shut out during a session; count its notes"),
        opened_at: at.now,
    };
    (Changes::default().case(case), Reply::Done)
}

fn booked(bill: Option<&Receivable>, command: &Close, at: &Moment<'_>) -> Result<Changes, Refusal> {
    match (bill, command.bill, command.end) {
        (Some(bill), BillAsked::NotYet | BillAsked::Unknown, SessionEnd::Committed) => {
            committed(bill, command, at)
        }
        (Some(bill), BillAsked::NotYet | BillAsked::Unknown, SessionEnd::GivenUp) => {
            uncommitted(bill, command, at)
        }
        (None, BillAsked::NotYet, SessionEnd::Committed | SessionEnd::GivenUp) => {
            Err(Refusal::BillUnknown { bill_reference: command.bill_reference.clone() })
        }
        (None, BillAsked::Unknown, SessionEnd::Committed | SessionEnd::GivenUp) => unknown_bill(command, at),
    }
}

fn odd(command: &Close) -> Odd<'_> {
    Odd { key: &command.key, bill_reference: &command.bill_reference, amount: command.stacked }
}

fn unknown_bill(command: &Close, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let device = command.key.device.clone();
    let detail = format!("cash at {device} for a bill that does not exist");
    let event = Event::CashUnknownBill { device, amount: command.stacked };
    let journal = write::journal(command.key.source(), event, at)?;
    let case = odd(command).open(case::Kind::CashUnknownBill, detail, at);
    Ok(Changes::default().journal(journal).case(case))
}

fn uncommitted(bill: &Receivable, command: &Close, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let device = command.key.device.clone();
    let detail = format!("the payer at {device} gave up after notes were stacked");
    let event = Event::CashUncommitted { device, amount: command.stacked };
    let mut journal = write::journal(command.key.source(), event, at)?;
    journal.agency = Some(bill.agency.clone());
    journal.invoice_id = Some(bill.invoice_id);
    let mut case = odd(command).open(case::Kind::CashUncommitted, detail, at);
    case.agency = Some(bill.agency.clone());
    let credit = write::credit_of(bill, command.key.source(), command.stacked, at);
    Ok(Changes::default().journal(journal).credit("opened", credit).case(case))
}

/// The bill takes what it can, also while an attempt holds it: this money is here. The rest is the payer's. What is
/// left of a bill and smaller than any coin is spared him, and stands in the books as rounding.
fn committed(bill: &Receivable, command: &Close, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let (stacked, credited) = bill.split(command.stacked)?;
    let rounding = spared(bill, stacked)?;
    let applied = stacked.checked_add(rounding)?;
    let payment_id: PaymentId = at.id();
    let receipt = Receipt { at: at.now, number: command.receipt_number.clone() };
    let (state, what, receivable, effect) = if applied.is_zero() {
        (payment::State::Late(receipt), "late", bill.clone(), receivable::Effect::Unchanged)
    } else {
        let apply = receivable::Command::Apply { payment: payment_id, amount: applied };
        let (receivable, effect) = bill.step(apply)?;
        (payment::State::Captured(receipt), "captured", receivable, effect)
    };
    let mut payment = cash_payment(payment_id, bill, command, at);
    payment.state = state;
    payment.credited = credited;
    payment.amount = command.stacked.checked_add(rounding)?;
    let event = Event::CashCommitted {
        device: command.key.device.clone(),
        applied: bill.parts_of_payment(applied)?,
        credited,
        rounding,
    };
    let journal = write::journal_of(&payment, command.key.source(), event, at)?;
    let mut credit = write::credit_of(bill, command.key.source(), credited, at);
    credit.payment_id = Some(payment_id);
    let taken = (Channel::KioskCash, command.began_at.map_or(at.now, |began_at| began_at.min(at.now)));
    let (exception, closed) = channel::took(bill, taken, &payment, &command.key.source(), at);
    let mut changes = Changes::default()
        .journal(journal)
        .by_exception(exception, &payment, at)
        .payment(what, payment, None, &receivable)
        .receivable(receivable, effect)
        .credit("opened", credit);
    if let Some(case) = closed {
        changes = changes.case(case);
    }
    if !applied.is_zero() {
        return Ok(changes);
    }
    let detail = format!("cash at {} for a bill that was paid otherwise", command.key.device);
    let mut second = odd(command).open(case::Kind::SecondPayment, detail, at);
    second.agency = Some(bill.agency.clone());
    second.payment_id = Some(payment_id);
    Ok(changes.case(second))
}

/// What stays due after `stacked`, if no coin is that small; else nothing.
fn spared(bill: &Receivable, stacked: Money) -> Result<Money, Refusal> {
    let left = bill.remaining()?.checked_sub(stacked)?;
    let in_coins = money::rounding::cash_due_down(left)?;
    Ok(if stacked.is_positive() && in_coins.is_zero() { left } else { Money::zero(left.currency()) })
}

fn cash_payment(id: PaymentId, bill: &Receivable, command: &Close, at: &Moment<'_>) -> Payment {
    Payment {
        id,
        agency: bill.agency.clone(),
        invoice_id: bill.invoice_id,
        bill_reference: bill.bill_reference.clone(),
        by: By::KioskCash,
        amount: command.stacked,
        credited: Money::zero(command.stacked.currency()),
        back: Back::nothing(),
        state: payment::State::Created,
        contact_ref: String::new(),
        return_url: String::new(),
        actor: format!("device:{}", command.key.device),
        case_id: None,
        created_at: at.now,
        version: 1,
    }
}

fn row(key: &CashKey, kind: &'static str, session_id: &str, at: &Moment<'_>) -> CashRow {
    CashRow { key: key.clone(), kind, session_id: session_id.to_owned(), booked_at: at.now }
}

/// Cash a person must look at.
struct Odd<'a> {
    key: &'a CashKey,
    bill_reference: &'a str,
    amount: Money,
}

impl Odd<'_> {
    fn open(&self, kind: case::Kind, detail: String, at: &Moment<'_>) -> Case {
        Case {
            id: at.id(),
            kind,
            source: self.key.source(),
            agency: None,
            payment_id: None,
            bill_reference: self.bill_reference.to_owned(),
            amount: self.amount,
            detail,
            opened_at: at.now,
        }
    }
}
