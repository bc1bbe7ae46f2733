//! Which rows commands may touch: these are read and locked before they are decided, and no others.

use ids::{AttemptId, InvoiceId, PaymentId};
use uuid::Uuid;

use super::{
    Command,
    command::{Asked, CashKey, WhatAsked},
    refund::Of,
};

/// The rows that commands may touch.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    pub invoices: Vec<Uuid>,
    pub bills: Vec<String>,
    pub payments: Vec<Uuid>,
    pub attempts: Vec<Uuid>,
    pub refunds: Vec<Uuid>,
    pub disputes: Vec<Uuid>,
    pub credits: Vec<Uuid>,
    pub adjustments: Vec<Uuid>,
    /// Attempts and refunds whose claim the command names.
    pub work: Vec<Uuid>,
    /// Providers' movements, by (provider, its reference).
    pub movements: Vec<(String, String)>,
    pub cash: Vec<CashKey>,
    pub sessions: Vec<(String, String)>,
}

impl Needs {
    /// Of all `commands`.
    pub fn of<'a>(commands: impl IntoIterator<Item = &'a Command>) -> Needs {
        let mut needs = Needs::default();
        commands.into_iter().for_each(|command| needs.add(command));
        needs
    }

    fn add(&mut self, command: &Command) {
        match command {
            Command::Open(open) => {
                self.invoices.push(open.invoice_id.0);
                self.bills.push(open.bill_reference.clone());
            }
            Command::Change(change) => self.bills.push(change.bill_reference.clone()),
            Command::Start(start) => self.bills.extend(start.bills.iter().cloned()),
            Command::Retry(retry) => self.payment(retry.payment_id, retry.invoice_id),
            Command::Capture(capture) => {
                self.attempt(capture.attempt_id, &capture.payments, &capture.invoices);
            }
            Command::GiveUp(give_up) => {
                self.payment(give_up.payment_id, give_up.invoice_id);
                self.attempts.push(give_up.attempt_id.0);
            }
            Command::Record(record) => {
                self.attempt(record.attempt_id, &record.payments, &record.invoices);
                self.work.push(record.attempt_id.0);
            }
            Command::Receive(receive) => {
                self.bills.push(receive.bill_reference.clone());
                self.movements.push((receive.provider.clone(), receive.provider_reference.clone()));
            }
            Command::Stack(stack) => self.cash.push(stack.key.clone()),
            Command::Close(close) => {
                self.cash.push(close.key.clone());
                self.bills.push(close.bill_reference.clone());
                self.sessions.push((close.key.device.0.clone(), close.session_id.clone()));
            }
            Command::Quarantine(_) => {}
            Command::RequestRefund(request) => match &request.of {
                Asked::Payment { payment_id, attempt_id, invoice_id, .. } => {
                    self.payment(*payment_id, *invoice_id);
                    self.attempts.extend(attempt_id.map(|id| id.0));
                }
                Asked::Credit { credit_id, payment_id, attempt_id, .. } => {
                    self.credits.push(credit_id.0);
                    self.payments.extend(payment_id.map(|id| id.0));
                    self.attempts.extend(attempt_id.map(|id| id.0));
                }
            },
            Command::Refund(step) => {
                self.refunds.push(step.refund_id.0);
                if step.fence.is_some() {
                    self.work.push(step.refund_id.0);
                }
                match &step.of {
                    Of::Payment { payment_id, invoice_id, .. } => self.payment(*payment_id, *invoice_id),
                    Of::Credit { credit_id } => self.credits.push(credit_id.0),
                }
            }
            Command::OpenDispute(open) => self.payment(open.payment_id, open.invoice_id),
            Command::Dispute(step) => {
                self.disputes.push(step.dispute_id.0);
                self.payment(step.payment_id, step.invoice_id);
            }
            Command::ApplyCredit(apply) => {
                self.credits.push(apply.credit_id.0);
                self.bills.push(apply.bill_reference.clone());
            }
            Command::RequestAdjustment(request) => match &request.what {
                WhatAsked::WriteOff { bill_reference } => self.bills.push(bill_reference.clone()),
                WhatAsked::Move { .. } => {}
            },
            Command::Adjust(step) => {
                self.adjustments.push(step.adjustment_id.0);
                self.bills.push(step.bill_reference.clone());
            }
        }
    }

    fn attempt(&mut self, attempt: AttemptId, payments: &[PaymentId], invoices: &[InvoiceId]) {
        self.attempts.push(attempt.0);
        self.payments.extend(payments.iter().map(|id| id.0));
        self.invoices.extend(invoices.iter().map(|id| id.0));
    }

    fn payment(&mut self, payment: PaymentId, invoice: InvoiceId) {
        self.payments.push(payment.0);
        self.invoices.push(invoice.0);
    }
}
