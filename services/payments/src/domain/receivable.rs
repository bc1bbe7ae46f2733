//! What is still due on a bill, and whether an attempt holds it.

use ids::{AgencyId, InvoiceId, PaymentId};
use money::Money;

use super::Refusal;

/// How much of a bill is due, paid, and by whom it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receivable {
    pub invoice_id: InvoiceId,
    pub agency: AgencyId,
    pub bill_reference: String,
    pub service_code: String,
    /// In all.
    pub due: Money,
    /// Never more than `due`.
    pub paid: Money,
    pub state: State,
    /// Steps so far, from 1.
    pub version: i64,
}

/// The words of `mizan states receivable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is paid.
    Open,
    /// An attempt is live on it: no other may start. Cash may still come, and then counts.
    Held {
        payment: PaymentId,
    },
    /// Something is paid, and nobody holds it.
    PartiallyPaid,
    Paid,
}

/// What can happen to a receivable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// An attempt begins.
    Hold { payment: PaymentId },
    /// The attempt of `payment` ended without money for this bill.
    Release { payment: PaymentId },
    /// Definite money for this bill, at most what is due.
    Apply { payment: PaymentId, amount: Money },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Held,
    Released,
    PartiallyPaid,
    Paid,
    /// Nothing: it was not held by that payment.
    Unchanged,
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Open => "open",
            State::Held { .. } => "held",
            State::PartiallyPaid => "partially_paid",
            State::Paid => "paid",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Hold { .. } => "hold",
            Command::Release { .. } => "release",
            Command::Apply { .. } => "apply",
        }
    }
}

impl Effect {
    /// The last word of the event's subject; none when nothing happened.
    pub fn what(&self) -> Option<&'static str> {
        match self {
            Effect::Held => Some("held"),
            Effect::Released => Some("released"),
            Effect::PartiallyPaid => Some("partially_paid"),
            Effect::Paid => Some("paid"),
            Effect::Unchanged => None,
        }
    }
}

impl Receivable {
    /// What is still due.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn remaining(&self) -> Result<Money, Refusal> {
        Ok(self.due.checked_sub(self.paid)?)
    }

    /// `amount` in two: what the bill can take, and what is too much.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn split(&self, amount: Money) -> Result<(Money, Money), Refusal> {
        let remaining = self.remaining()?;
        let applied = if amount.exceeds(remaining)? { remaining } else { amount };
        Ok((applied, amount.checked_sub(applied)?))
    }

    /// The receivable after `command`, and what became of it.
    ///
    /// # Errors
    /// `AlreadyPaid`, `InProgress`; impossible arithmetic.
    pub fn step(&self, command: Command) -> Result<(Receivable, Effect), Refusal> {
        use {Command as C, State as S};
        let bill_reference = || self.bill_reference.clone();
        let (state, paid, effect) = match (self.state, command) {
            (S::Open | S::PartiallyPaid, C::Hold { payment }) => {
                (S::Held { payment }, self.paid, Effect::Held)
            }
            (S::Held { .. }, C::Hold { .. }) => {
                return Err(Refusal::InProgress { bill_reference: bill_reference() });
            }
            (S::Held { payment: holder }, C::Release { payment }) if holder == payment => {
                (self.unheld(), self.paid, Effect::Released)
            }
            (S::Open | S::PartiallyPaid | S::Held { .. } | S::Paid, C::Release { .. }) => {
                return Ok((self.clone(), Effect::Unchanged));
            }
            (S::Open | S::PartiallyPaid | S::Held { .. }, C::Apply { payment, amount }) => {
                let paid = self.paid.checked_add(amount)?;
                let (state, effect) = self.after_payment(payment, paid)?;
                (state, paid, effect)
            }
            (S::Paid, C::Hold { .. } | C::Apply { .. }) => {
                return Err(Refusal::AlreadyPaid { bill_reference: bill_reference() });
            }
        };
        Ok((Receivable { state, paid, version: self.version + 1, ..self.clone() }, effect))
    }

    fn unheld(&self) -> State {
        if self.paid.is_zero() { State::Open } else { State::PartiallyPaid }
    }

    fn after_payment(&self, payment: PaymentId, paid: Money) -> Result<(State, Effect), Refusal> {
        if paid.exceeds(self.due)? {
            let bill_reference = self.bill_reference.clone();
            return Err(Refusal::AlreadyPaid { bill_reference });
        }
        if paid == self.due {
            return Ok((State::Paid, Effect::Paid));
        }
        let state = match self.state {
            // Somebody else's attempt goes on: nobody knows yet whether its money comes.
            held @ State::Held { payment: holder } if holder != payment => held,
            State::Open | State::Held { .. } | State::PartiallyPaid | State::Paid => State::PartiallyPaid,
        };
        Ok((state, Effect::PartiallyPaid))
    }
}
