//! Cash that is physically there is always booked. Odd records go to suspense or payer credit, with a case.

use ids::PaymentId;
use money::Money;

use super::Moment;
use crate::domain::{
    Changes, Refusal, Reply, World,
    case::{self, Case},
    command::{BillAsked, CashKey, Close, SessionEnd, SessionKnown, Stack},
    journal::{Event, Journal},
    payment::{self, By, Payment, Receipt},
    receivable::{self, Receivable},
    world::{CashRow, Told},
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
    let row = row(&command.key, "stacked", &command.session_id, at);
    let journal = post(&command.key, event, None, at)?;
    let told = case.clone().map(Told::Case).into_iter().collect();
    let changes = Changes { journal: Some(journal), case, cash: Some(row), told, ..Changes::default() };
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
    let journal = post(&command.key, event, None, at)?;
    Ok(only(journal, odd(command).open(case::Kind::CashUnknownBill, detail, at)))
}

fn uncommitted(bill: &Receivable, command: &Close, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let device = command.key.device.clone();
    let detail = format!("the payer at {device} gave up after notes were stacked");
    let event = Event::CashUncommitted { device, amount: command.stacked };
    let mut journal = post(&command.key, event, None, at)?;
    journal.agency = Some(bill.agency.clone());
    journal.invoice_id = Some(bill.invoice_id);
    let mut case = odd(command).open(case::Kind::CashUncommitted, detail, at);
    case.agency = Some(bill.agency.clone());
    Ok(only(journal, case))
}

fn only(journal: Journal, case: Case) -> Changes {
    let told = vec![Told::Case(case.clone())];
    Changes { journal: Some(journal), case: Some(case), told, ..Changes::default() }
}

/// The bill takes what it can, also while an attempt holds it: this money is here. The rest is the payer's.
fn committed(bill: &Receivable, command: &Close, at: &Moment<'_>) -> Result<Changes, Refusal> {
    let (applied, credited) = bill.split(command.stacked)?;
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
    let event = Event::CashCommitted {
        device: command.key.device.clone(),
        agency: bill.agency.clone(),
        applied,
        credited,
    };
    let journal = post(&command.key, event, Some(&payment), at)?;
    let mut case = None;
    if applied.is_zero() {
        let detail = format!("cash at {} for a bill that was paid otherwise", command.key.device);
        let mut second = odd(command).open(case::Kind::SecondPayment, detail, at);
        second.agency = Some(bill.agency.clone());
        second.payment_id = Some(payment_id);
        payment.case_id = Some(second.id);
        case = Some(second);
    }
    let mut told = vec![Told::Payment {
        what,
        payment: Box::new(payment.clone()),
        attempt: None,
        receivable: receivable.clone(),
    }];
    let changed = effect.what().map(|what| Told::Receivable { what, receivable: receivable.clone() });
    let receivable = changed.is_some().then_some(receivable);
    told.extend(changed);
    told.extend(case.clone().map(Told::Case));
    let (payment, journal) = (Some(payment), Some(journal));
    Ok(Changes { receivable, payment, journal, case, told, ..Changes::default() })
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

fn post(key: &CashKey, event: Event, payment: Option<&Payment>, at: &Moment<'_>) -> Result<Journal, Refusal> {
    Ok(Journal {
        id: at.id(),
        kind: event.kind(),
        source: key.source(),
        agency: payment.map(|payment| payment.agency.clone()),
        channel: event.channel(),
        payment_id: payment.map(|payment| payment.id),
        invoice_id: payment.map(|payment| payment.invoice_id),
        entries: event.entries()?,
        posted_at: at.now,
    })
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
