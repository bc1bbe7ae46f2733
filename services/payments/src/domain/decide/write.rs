//! Building blocks of changes that every decision uses.

use ids::{CaseId, ChannelExceptionId};
use money::Money;

use super::Moment;
use crate::domain::{
    Changes, Refusal,
    attempt::Attempt,
    case::{self, Case},
    credit::Credit,
    journal::{Event, Journal},
    payment::Payment,
    receivable::{self, Receivable},
    world::{ExceptionUse, Told},
};

/// A journal of `event`, which `source` brought, about nothing in particular yet.
pub(super) fn journal(source: String, event: Event, at: &Moment<'_>) -> Result<Journal, Refusal> {
    Ok(Journal {
        id: at.id(),
        kind: event.kind(),
        source,
        agency: None,
        channel: event.channel(),
        payment_id: None,
        invoice_id: None,
        entries: event.entries()?,
        posted_at: at.now,
    })
}

/// The same, of a payment.
pub(super) fn journal_of(
    payment: &Payment,
    source: String,
    event: Event,
    at: &Moment<'_>,
) -> Result<Journal, Refusal> {
    Ok(Journal {
        agency: Some(payment.agency.clone()),
        payment_id: Some(payment.id),
        invoice_id: Some(payment.invoice_id),
        ..journal(source, event, at)?
    })
}

/// A question about a payment.
pub(super) fn case_of(payment: &Payment, kind: case::Kind, source: String, at: &Moment<'_>) -> Case {
    Case {
        id: at.id(),
        kind,
        source,
        agency: Some(payment.agency.clone()),
        payment_id: Some(payment.id),
        bill_reference: payment.bill_reference.clone(),
        amount: payment.amount,
        detail: String::new(),
        opened_at: at.now,
    }
}

impl Case {
    pub(super) fn saying(mut self, amount: Money, detail: impl Into<String>) -> Case {
        (self.amount, self.detail) = (amount, detail.into());
        self
    }
}

/// A credit of the payer of `bill`.
pub(super) fn credit_of(bill: &Receivable, source: String, amount: Money, at: &Moment<'_>) -> Credit {
    let zero = Money::zero(amount.currency());
    Credit {
        id: at.id(),
        agency: bill.agency.clone(),
        payment_id: None,
        bill_reference: bill.bill_reference.clone(),
        source,
        amount,
        reserved: zero,
        used: zero,
        created_at: at.now,
        version: 1,
    }
}

impl Changes {
    /// With a payment, told as `what`.
    pub(super) fn payment(
        mut self,
        what: &'static str,
        payment: Payment,
        attempt: Option<&Attempt>,
        receivable: &Receivable,
    ) -> Changes {
        self.told.push(Told::Payment {
            what,
            payment: Box::new(payment.clone()),
            attempt: attempt.cloned(),
            receivable: receivable.clone(),
        });
        self.payments.push(payment);
        self
    }

    /// With a receivable, if something became of it. It is told by itself only if no payment tells it with its own news.
    pub(super) fn receivable(mut self, receivable: Receivable, effect: receivable::Effect) -> Changes {
        let Some(what) = effect.what() else { return self };
        let told = self.told.iter().any(|told| match told {
            Told::Payment { receivable: with, .. } => {
                (with.invoice_id, with.version) == (receivable.invoice_id, receivable.version)
            }
            Told::Receivable { .. }
            | Told::Refund { .. }
            | Told::Dispute { .. }
            | Told::Credit { .. }
            | Told::Case(_) => false,
        });
        if !told {
            self.told.push(Told::Receivable { what, receivable: receivable.clone() });
        }
        self.receivables.push(receivable);
        self
    }

    pub(super) fn journal(mut self, journal: Journal) -> Changes {
        self.journals.push(journal);
        self
    }

    /// With a credit, unless it is of nothing.
    pub(super) fn credit(mut self, what: &'static str, credit: Credit) -> Changes {
        if credit.amount.is_positive() {
            self.told.push(Told::Credit { what, credit: credit.clone() });
            self.credits.push(credit);
        }
        self
    }

    /// With a question. The payment it is about names it, also in what is told of the payment.
    pub(super) fn case(mut self, case: Case) -> Changes {
        let name = |payment: &mut Payment, id: CaseId| {
            if Some(payment.id) == case.payment_id {
                payment.case_id = Some(id);
            }
        };
        for payment in &mut self.payments {
            name(payment, case.id);
        }
        for told in &mut self.told {
            match told {
                Told::Payment { payment, .. } => name(payment, case.id),
                Told::Receivable { .. }
                | Told::Refund { .. }
                | Told::Dispute { .. }
                | Told::Credit { .. }
                | Told::Case(_) => {}
            }
        }
        self.told.push(Told::Case(case.clone()));
        self.cases.push(case);
        self
    }

    /// With the use of an exception, if it took one.
    pub(super) fn by_exception(
        mut self,
        exception: Option<ChannelExceptionId>,
        payment: &Payment,
        at: &Moment<'_>,
    ) -> Changes {
        self.exception_uses.extend(exception.map(|exception| ExceptionUse {
            payment_id: payment.id,
            exception,
            amount: payment.amount,
            at: at.now,
        }));
        self
    }

    /// Both.
    pub(super) fn and(mut self, other: Changes) -> Changes {
        self.receivables.extend(other.receivables);
        self.payments.extend(other.payments);
        self.attempts.extend(other.attempts);
        self.refunds.extend(other.refunds);
        self.disputes.extend(other.disputes);
        self.credits.extend(other.credits);
        self.adjustments.extend(other.adjustments);
        self.journals.extend(other.journals);
        self.cases.extend(other.cases);
        self.exception_uses.extend(other.exception_uses);
        self.told.extend(other.told);
        self.cash = self.cash.or(other.cash);
        self.work = self.work.or(other.work);
        self
    }
}
