//! Which rows a command touches: the engine reads and locks no others.

use std::collections::BTreeSet;

use ids::Uuid;
use payments::domain::{
    Command, World,
    command::{Asked, CashKey, WhatAsked},
    refund::Of,
};

/// A row, by its table and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    Receivable(Uuid),
    Payment(Uuid),
    Attempt(Uuid),
    Refund(Uuid),
    Dispute(Uuid),
    Credit(Uuid),
    Adjustment(Uuid),
    Work(Uuid),
}

#[derive(Debug, Default)]
pub struct Needs {
    pub rows: BTreeSet<Row>,
    pub bills: BTreeSet<String>,
    pub movements: BTreeSet<(String, String)>,
    pub cash: BTreeSet<CashKey>,
    pub sessions: BTreeSet<(String, String)>,
}

impl Needs {
    pub fn of<'a>(commands: impl Iterator<Item = &'a Command>) -> Needs {
        let mut needs = Needs::default();
        for command in commands {
            needs.add(command);
        }
        needs
    }

    fn add(&mut self, command: &Command) {
        match command {
            Command::Open(open) => {
                self.rows.insert(Row::Receivable(open.invoice_id.0));
                self.bills.insert(open.bill_reference.clone());
            }
            Command::Change(change) => drop(self.bills.insert(change.bill_reference.clone())),
            Command::Start(start) => self.bills.extend(start.bills.iter().cloned()),
            Command::Retry(retry) => self.payment(retry.payment_id.0, retry.invoice_id.0),
            Command::GiveUp(give_up) => {
                self.payment(give_up.payment_id.0, give_up.invoice_id.0);
                self.rows.insert(Row::Attempt(give_up.attempt_id.0));
            }
            Command::Record(record) => {
                self.rows.extend(record.invoices.iter().map(|id| Row::Receivable(id.0)));
                self.rows.extend(record.payments.iter().map(|id| Row::Payment(id.0)));
                self.rows.extend([Row::Attempt(record.attempt_id.0), Row::Work(record.attempt_id.0)]);
            }
            Command::Receive(receive) => {
                self.bills.insert(receive.bill_reference.clone());
                self.movements.insert((receive.provider.clone(), receive.provider_reference.clone()));
            }
            Command::Stack(stack) => drop(self.cash.insert(stack.key.clone())),
            Command::Close(close) => {
                self.cash.insert(close.key.clone());
                self.bills.insert(close.bill_reference.clone());
                self.sessions.insert((close.key.device.0.clone(), close.session_id.clone()));
            }
            Command::Quarantine(_) => {}
            Command::RequestRefund(_)
            | Command::Refund(_)
            | Command::OpenDispute(_)
            | Command::Dispute(_)
            | Command::ApplyCredit(_)
            | Command::RequestAdjustment(_)
            | Command::Adjust(_) => self.add_money_back(command),
        }
    }

    fn add_money_back(&mut self, command: &Command) {
        match command {
            Command::RequestRefund(request) => match &request.of {
                Asked::Payment { payment_id, attempt_id, invoice_id, .. } => {
                    self.payment(payment_id.0, invoice_id.0);
                    self.rows.extend(attempt_id.map(|id| Row::Attempt(id.0)));
                }
                Asked::Credit { credit_id, payment_id, attempt_id, .. } => {
                    self.rows.insert(Row::Credit(credit_id.0));
                    self.rows.extend(payment_id.map(|id| Row::Payment(id.0)));
                    self.rows.extend(attempt_id.map(|id| Row::Attempt(id.0)));
                }
            },
            Command::Refund(step) => {
                self.rows.insert(Row::Refund(step.refund_id.0));
                self.rows.extend(step.fence.map(|_| Row::Work(step.refund_id.0)));
                match &step.of {
                    Of::Payment { payment_id, invoice_id, .. } => self.payment(payment_id.0, invoice_id.0),
                    Of::Credit { credit_id } => drop(self.rows.insert(Row::Credit(credit_id.0))),
                }
            }
            Command::OpenDispute(open) => self.payment(open.payment_id.0, open.invoice_id.0),
            Command::Dispute(step) => {
                self.rows.insert(Row::Dispute(step.dispute_id.0));
                self.payment(step.payment_id.0, step.invoice_id.0);
            }
            Command::ApplyCredit(apply) => {
                self.rows.insert(Row::Credit(apply.credit_id.0));
                self.bills.insert(apply.bill_reference.clone());
            }
            Command::RequestAdjustment(request) => match &request.what {
                WhatAsked::WriteOff { bill_reference } => drop(self.bills.insert(bill_reference.clone())),
                WhatAsked::Move { .. } => {}
            },
            Command::Adjust(step) => {
                self.rows.insert(Row::Adjustment(step.adjustment_id.0));
                self.bills.insert(step.bill_reference.clone());
            }
            Command::Open(_)
            | Command::Change(_)
            | Command::Start(_)
            | Command::Retry(_)
            | Command::GiveUp(_)
            | Command::Record(_)
            | Command::Receive(_)
            | Command::Stack(_)
            | Command::Close(_)
            | Command::Quarantine(_) => {}
        }
    }

    fn payment(&mut self, payment: Uuid, invoice: Uuid) {
        self.rows.extend([Row::Payment(payment), Row::Receivable(invoice)]);
    }

    /// With the rows that bills and movements lead to.
    pub fn found_in(mut self, world: &World) -> Needs {
        self.rows.extend(
            self.bills.iter().filter_map(|bill| world.bills.get(bill)).map(|id| Row::Receivable(id.0)),
        );
        let payments = self.movements.iter().filter_map(|movement| world.movements.get(movement));
        self.rows.extend(payments.map(|id| Row::Payment(id.0)));
        self
    }

    /// The rows of `all` that are asked for.
    pub fn load(&self, all: &World) -> World {
        let mut world = World::default();
        for row in &self.rows {
            match *row {
                Row::Receivable(id) => {
                    if let Some(row) = all.receivables.get(&id.into()) {
                        world.put_receivable(row.clone());
                    }
                }
                Row::Payment(id) => {
                    world.payments.extend(all.payments.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Attempt(id) => {
                    world.attempts.extend(all.attempts.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Refund(id) => {
                    world.refunds.extend(all.refunds.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Dispute(id) => {
                    world.disputes.extend(all.disputes.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Credit(id) => {
                    world.credits.extend(all.credits.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Adjustment(id) => {
                    world
                        .adjustments
                        .extend(all.adjustments.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Work(_) => {}
            }
        }
        let movement = |of: &(String, String)| all.movements.get(of).map(|id| (of.clone(), *id));
        world.movements.extend(self.movements.iter().filter_map(movement));
        world.cash.extend(self.cash.iter().filter(|key| all.cash.contains(*key)).cloned());
        world.closed.extend(self.sessions.iter().filter(|session| all.closed.contains(*session)).cloned());
        world
    }
}
