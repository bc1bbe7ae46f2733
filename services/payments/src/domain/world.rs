//! What a decision reads, and what it answers with.

use std::collections::{HashMap, HashSet};

use ids::{AttemptId, InvoiceId, PaymentId};
use time::OffsetDateTime;

use super::{
    attempt::Attempt, case::Case, command::CashKey, journal::Journal, payment::Payment,
    receivable::Receivable,
};

/// The rows a batch of commands touches, as they are after the commands folded so far.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub receivables: HashMap<InvoiceId, Receivable>,
    pub bills: HashMap<String, InvoiceId>,
    pub payments: HashMap<PaymentId, Payment>,
    pub attempts: HashMap<AttemptId, Attempt>,
    /// The fence of each attempt's work item.
    pub fences: HashMap<AttemptId, i64>,
    /// Records of devices that are booked.
    pub cash: HashSet<CashKey>,
    /// Sessions of devices that are over.
    pub closed: HashSet<(String, String)>,
}

/// Everything one command writes. Nothing of it, if the command is refused.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub receivable: Option<Receivable>,
    pub payment: Option<Payment>,
    pub attempt: Option<Attempt>,
    pub journal: Option<Journal>,
    pub case: Option<Case>,
    pub cash: Option<CashRow>,
    pub work: Option<Work>,
    pub told: Vec<Told>,
}

/// A device's record that is booked.
#[derive(Clone, Debug)]
pub struct CashRow {
    pub key: CashKey,
    pub kind: &'static str,
    pub session_id: String,
    pub booked_at: OffsetDateTime,
}

/// What the worker must do about an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub attempt_id: AttemptId,
    pub provider: String,
    pub ask: Ask,
}

/// What to ask the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Initiate {
        due_at: OffsetDateTime,
    },
    Inquire {
        due_at: OffsetDateTime,
    },
    /// It is settled.
    Nothing,
}

/// A fact the world hears of, as it was when it became true.
#[derive(Clone, Debug)]
pub enum Told {
    Payment { what: &'static str, payment: Box<Payment>, attempt: Option<Attempt>, receivable: Receivable },
    Receivable { what: &'static str, receivable: Receivable },
    Case(Case),
}

impl World {
    /// The receivable of a bill.
    pub fn bill(&self, bill_reference: &str) -> Option<&Receivable> {
        self.bills.get(bill_reference).and_then(|invoice| self.receivables.get(invoice))
    }

    /// Puts a row in, as loaded or as changed.
    pub fn put_receivable(&mut self, receivable: Receivable) {
        self.bills.insert(receivable.bill_reference.clone(), receivable.invoice_id);
        self.receivables.insert(receivable.invoice_id, receivable);
    }

    /// Makes `changes` part of the world, so that the next command sees them.
    pub fn absorb(&mut self, changes: &Changes) {
        if let Some(receivable) = &changes.receivable {
            self.put_receivable(receivable.clone());
        }
        if let Some(payment) = &changes.payment {
            self.payments.insert(payment.id, payment.clone());
        }
        if let Some(attempt) = &changes.attempt {
            self.attempts.insert(attempt.id, attempt.clone());
        }
        if let Some(cash) = &changes.cash {
            self.cash.insert(cash.key.clone());
            if cash.kind == "closed" {
                self.closed.insert((cash.key.device.0.clone(), cash.session_id.clone()));
            }
        }
    }
}
