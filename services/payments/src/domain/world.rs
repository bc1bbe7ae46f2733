//! What a decision reads, and what it answers with.

use std::collections::{HashMap, HashSet};

use ids::{
    AdjustmentId, AttemptId, ChannelExceptionId, CreditId, DisputeId, InvoiceId, PaymentId, RefundId, Uuid,
};
use money::Money;
use time::OffsetDateTime;

use super::{
    adjustment::Adjustment,
    attempt::Attempt,
    case::Case,
    command::CashKey,
    credit::Credit,
    dispute::Dispute,
    journal::Journal,
    payment::{By, Payment},
    receivable::Receivable,
    refund::Refund,
};

/// The rows a batch of commands touches, as they are after the commands folded so far.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub receivables: HashMap<InvoiceId, Receivable>,
    pub bills: HashMap<String, InvoiceId>,
    pub payments: HashMap<PaymentId, Payment>,
    pub attempts: HashMap<AttemptId, Attempt>,
    pub refunds: HashMap<RefundId, Refund>,
    pub disputes: HashMap<DisputeId, Dispute>,
    pub credits: HashMap<CreditId, Credit>,
    pub adjustments: HashMap<AdjustmentId, Adjustment>,
    /// The payment that a provider's movement is, by (provider, its reference there).
    pub movements: HashMap<(String, String), PaymentId>,
    /// The fence of each work item, by the id of the attempt or refund it is for.
    pub fences: HashMap<Uuid, i64>,
    /// Records of devices that are booked.
    pub cash: HashSet<CashKey>,
    /// Sessions of devices that are over.
    pub closed: HashSet<(String, String)>,
}

/// Everything one command writes. Nothing of it, if the command is refused.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub receivables: Vec<Receivable>,
    pub payments: Vec<Payment>,
    pub attempts: Vec<Attempt>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    pub credits: Vec<Credit>,
    pub adjustments: Vec<Adjustment>,
    pub journals: Vec<Journal>,
    pub cases: Vec<Case>,
    pub cash: Option<CashRow>,
    pub work: Option<Work>,
    pub exception_uses: Vec<ExceptionUse>,
    pub told: Vec<Told>,
}

/// A payment that only an exception to a policy allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionUse {
    pub payment_id: PaymentId,
    pub exception: ChannelExceptionId,
    pub amount: Money,
    pub at: OffsetDateTime,
}

/// A device's record that is booked.
#[derive(Clone, Debug)]
pub struct CashRow {
    pub key: CashKey,
    pub kind: &'static str,
    pub session_id: String,
    pub booked_at: OffsetDateTime,
}

/// What the worker must do about an attempt or a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The attempt's or the refund's.
    pub id: Uuid,
    pub provider: String,
    pub ask: Ask,
}

/// What to ask the provider, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    For(Question, OffsetDateTime),
    /// It is settled.
    Nothing,
}

/// What to ask the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Collect.
    Initiate,
    /// Take what is held.
    Capture,
    /// What became of it?
    Inquire,
    /// Let nothing come of it any more.
    Reverse,
    /// Give money back.
    Refund,
    /// What became of the refund?
    InquireRefund,
}

impl Question {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Question::Initiate => "initiate",
            Question::Capture => "capture",
            Question::Inquire => "inquire",
            Question::Reverse => "reverse",
            Question::Refund => "refund",
            Question::InquireRefund => "inquire_refund",
        }
    }

    /// All there are.
    pub const ALL: [Question; 6] = [
        Question::Initiate,
        Question::Capture,
        Question::Inquire,
        Question::Reverse,
        Question::Refund,
        Question::InquireRefund,
    ];
}

/// A fact the world hears of, as it was when it became true.
#[derive(Clone, Debug)]
pub enum Told {
    Payment { what: &'static str, payment: Box<Payment>, attempt: Option<Attempt>, receivable: Receivable },
    Receivable { what: &'static str, receivable: Receivable },
    Refund { what: &'static str, refund: Refund },
    Dispute { what: &'static str, dispute: Dispute },
    Credit { what: &'static str, credit: Credit },
    Case(Case),
}

impl World {
    /// The receivable of a bill.
    pub fn bill(&self, bill_reference: &str) -> Option<&Receivable> {
        self.bills.get(bill_reference).and_then(|invoice| self.receivables.get(invoice))
    }

    /// Puts a row in, as loaded or as changed.
    pub fn put_receivable(&mut self, receivable: Receivable) {
        if !self.receivables.contains_key(&receivable.invoice_id) {
            self.bills.insert(receivable.bill_reference.clone(), receivable.invoice_id);
        }
        self.receivables.insert(receivable.invoice_id, receivable);
    }

    /// Makes the rows of `changes` part of the world, so that the next command sees them.
    pub fn absorb(&mut self, changes: &mut Changes) {
        for row in changes.receivables.drain(..) {
            self.put_receivable(row);
        }
        for row in changes.payments.drain(..) {
            if let By::Direct { provider, provider_reference, .. } = &row.by {
                self.movements.insert((provider.clone(), provider_reference.clone()), row.id);
            }
            self.payments.insert(row.id, row);
        }
        self.attempts.extend(changes.attempts.drain(..).map(|row| (row.id, row)));
        self.refunds.extend(changes.refunds.drain(..).map(|row| (row.id, row)));
        self.disputes.extend(changes.disputes.drain(..).map(|row| (row.id, row)));
        self.credits.extend(changes.credits.drain(..).map(|row| (row.id, row)));
        self.adjustments.extend(changes.adjustments.drain(..).map(|row| (row.id, row)));
        if let Some(cash) = &changes.cash {
            self.cash.insert(cash.key.clone());
            if cash.kind == "closed" {
                self.closed.insert((cash.key.device.0.clone(), cash.session_id.clone()));
            }
        }
    }
}
