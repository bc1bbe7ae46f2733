//! What is still due on a bill, to whom it goes, and whether an attempt holds it.

use ids::{AgencyId, InvoiceId, PaymentId};
use money::Money;

use super::{
    Refusal,
    share::{self, Part, Share},
};

/// How much of a bill is due, paid and given back, and by whom it is held.
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
    /// What of `paid` went back, or is about to: refunds and disputes. Never more than `paid`.
    pub returned: Money,
    /// Who gets how much of it. Empty: all is the agency's.
    pub shares: Vec<Share>,
    /// The plan, in the order of the instalments; they sum to `due`. Empty: it is paid at once.
    pub instalments: Vec<Money>,
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
    Held { payment: PaymentId },
    /// Something is paid, and nobody holds it.
    PartiallyPaid,
    /// All is paid. `live`: an attempt that held it when others paid it, and whose money may still come.
    Paid { live: Option<PaymentId> },
    /// The agency took it back before anything was paid.
    Cancelled,
    /// Two persons gave up what was still due.
    WrittenOff,
}

/// What a bill asks for, as its owner says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub due: Money,
    pub shares: Vec<Share>,
    pub instalments: Vec<Money>,
}

/// What can happen to a receivable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// An attempt begins.
    Hold {
        payment: PaymentId,
    },
    /// The attempt of `payment` ended without money for this bill.
    Release {
        payment: PaymentId,
    },
    /// Definite money for this bill, at most what is due.
    Apply {
        payment: PaymentId,
        amount: Money,
    },
    /// Money of this bill is to go back.
    Return {
        parts: Vec<Part>,
    },
    /// It does not go back after all.
    Restore {
        parts: Vec<Part>,
    },
    /// It asks for something else from now on.
    Amend {
        terms: Terms,
    },
    Cancel,
    WriteOff,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Held,
    Released,
    PartiallyPaid,
    Paid,
    Returned,
    Restored,
    Amended,
    Cancelled,
    WrittenOff,
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
            State::Paid { .. } => "paid",
            State::Cancelled => "cancelled",
            State::WrittenOff => "written_off",
        }
    }

    /// Whether money for it still counts as its payment.
    pub fn takes_money(&self) -> bool {
        match self {
            State::Open | State::Held { .. } | State::PartiallyPaid => true,
            State::Paid { .. } | State::Cancelled | State::WrittenOff => false,
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
            Command::Return { .. } => "return",
            Command::Restore { .. } => "restore",
            Command::Amend { .. } => "amend",
            Command::Cancel => "cancel",
            Command::WriteOff => "write_off",
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
            Effect::Returned => Some("returned"),
            Effect::Restored => Some("restored"),
            Effect::Amended => Some("amended"),
            Effect::Cancelled => Some("cancelled"),
            Effect::WrittenOff => Some("written_off"),
            Effect::Unchanged => None,
        }
    }
}

impl Terms {
    /// Whether shares and instalments sum to what is due.
    ///
    /// # Errors
    /// `NothingDue`, `TermsDoNotSum`; impossible arithmetic.
    pub fn check(&self) -> Result<(), Refusal> {
        if !self.due.is_positive() {
            return Err(Refusal::NothingDue);
        }
        let shares = Money::sum(self.due.currency(), self.shares.iter().map(|share| share.due))?;
        let plan = Money::sum(self.due.currency(), self.instalments.iter().copied())?;
        let positive = self.instalments.iter().all(|amount| amount.is_positive())
            && self.shares.iter().all(|share| !share.due.is_negative());
        if (!self.shares.is_empty() && shares != self.due)
            || (!self.instalments.is_empty() && plan != self.due)
            || !positive
        {
            return Err(Refusal::TermsDoNotSum { due: self.due });
        }
        Ok(())
    }
}

impl Receivable {
    /// What is still due; nothing when it was cancelled or written off.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn remaining(&self) -> Result<Money, Refusal> {
        if !self.state.takes_money() {
            return Ok(Money::zero(self.due.currency()));
        }
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

    /// How much a payer may choose to pay: all, or up to the end of an instalment.
    ///
    /// # Errors
    /// `AmountNotAllowed`; impossible arithmetic.
    pub fn payable(&self, wanted: Option<Money>) -> Result<Money, Refusal> {
        let remaining = self.remaining()?;
        let Some(wanted) = wanted.filter(|wanted| *wanted != remaining) else { return Ok(remaining) };
        let after = self.paid.checked_add(wanted)?;
        let mut end = Money::zero(self.due.currency());
        for instalment in &self.instalments {
            end = end.checked_add(*instalment)?;
            if wanted.is_positive() && end == after {
                return Ok(wanted);
            }
        }
        Err(Refusal::AmountNotAllowed { bill_reference: self.bill_reference.clone(), remaining })
    }

    /// Who gets how much of `amount` that comes in.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn parts_of_payment(&self, amount: Money) -> Result<Vec<Part>, Refusal> {
        share::divide(&self.shares, &self.agency, amount, Share::unpaid)
    }

    /// Who gives how much of `amount` that goes back.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn parts_of_return(&self, amount: Money) -> Result<Vec<Part>, Refusal> {
        share::divide(&self.shares, &self.agency, amount, Share::kept)
    }

    /// The receivable after `command`, and what became of it.
    ///
    /// # Errors
    /// `AlreadyPaid`, `InProgress`, `BillCancelled`, `BillWrittenOff`, `WrongState`; impossible arithmetic.
    pub fn step(&self, command: Command) -> Result<(Receivable, Effect), Refusal> {
        use {Command as C, State as S};
        let mut after = Receivable { version: self.version + 1, ..self.clone() };
        let effect = match (self.state, command) {
            (S::Open | S::PartiallyPaid, C::Hold { payment }) => {
                after.state = S::Held { payment };
                Effect::Held
            }
            (S::Held { payment: holder }, C::Release { payment }) if holder == payment => {
                after.state = self.unheld();
                Effect::Released
            }
            (S::Paid { live: Some(holder) }, C::Release { payment }) if holder == payment => {
                after.state = S::Paid { live: None };
                Effect::Released
            }
            (
                S::Open | S::PartiallyPaid | S::Held { .. } | S::Paid { .. } | S::Cancelled | S::WrittenOff,
                C::Release { .. },
            ) => return Ok((self.clone(), Effect::Unchanged)),
            (S::Open | S::PartiallyPaid | S::Held { .. }, C::Apply { payment, amount }) => {
                after.pay(payment, amount)?
            }
            (
                S::Open | S::PartiallyPaid | S::Held { .. } | S::Paid { .. } | S::WrittenOff,
                C::Return { parts },
            ) => {
                after.returned = self.returned.checked_add(share::total(&parts)?)?;
                share::give(&mut after.shares, &parts)?;
                Effect::Returned
            }
            (
                S::Open | S::PartiallyPaid | S::Held { .. } | S::Paid { .. } | S::WrittenOff,
                C::Restore { parts },
            ) => {
                after.returned = self.returned.checked_sub(share::total(&parts)?)?;
                share::take_back(&mut after.shares, &parts)?;
                Effect::Restored
            }
            (S::Open | S::PartiallyPaid | S::Paid { live: None }, C::Amend { terms }) => {
                after.amend(terms)?;
                Effect::Amended
            }
            (S::Open, C::Cancel) => {
                after.state = S::Cancelled;
                Effect::Cancelled
            }
            (S::Open | S::PartiallyPaid, C::WriteOff) => {
                after.state = S::WrittenOff;
                Effect::WrittenOff
            }
            (S::Held { .. }, C::Hold { .. } | C::Amend { .. } | C::Cancel | C::WriteOff)
            | (S::Paid { live: Some(_) }, C::Amend { .. }) => {
                return Err(Refusal::InProgress { bill_reference: self.bill_reference.clone() });
            }
            (S::Paid { .. }, C::Hold { .. } | C::Apply { .. } | C::Cancel | C::WriteOff)
            | (S::PartiallyPaid, C::Cancel) => {
                return Err(Refusal::AlreadyPaid { bill_reference: self.bill_reference.clone() });
            }
            (S::Cancelled, command) => return Err(self.ended(&command)),
            (
                S::WrittenOff,
                command @ (C::Hold { .. } | C::Apply { .. } | C::Amend { .. } | C::Cancel | C::WriteOff),
            ) => {
                return Err(self.ended(&command));
            }
        };
        Ok((after, effect))
    }

    fn ended(&self, command: &Command) -> Refusal {
        let bill_reference = self.bill_reference.clone();
        match (self.state, command) {
            (State::Cancelled, Command::Hold { .. } | Command::Apply { .. } | Command::Amend { .. }) => {
                Refusal::BillCancelled { bill_reference }
            }
            (State::WrittenOff, Command::Hold { .. } | Command::Apply { .. } | Command::Amend { .. }) => {
                Refusal::BillWrittenOff { bill_reference }
            }
            (state, command) => {
                Refusal::WrongState { noun: "receivable", state: state.name(), command: command.name() }
            }
        }
    }

    /// The payment whose attempt is live on it.
    pub fn live(&self) -> Option<PaymentId> {
        match self.state {
            State::Held { payment } => Some(payment),
            State::Paid { live } => live,
            State::Open | State::PartiallyPaid | State::Cancelled | State::WrittenOff => None,
        }
    }

    fn unheld(&self) -> State {
        if self.paid.is_zero() { State::Open } else { State::PartiallyPaid }
    }

    /// New terms: nobody's share may fall below what he got already.
    fn amend(&mut self, terms: Terms) -> Result<(), Refusal> {
        terms.check()?;
        let below =
            || Refusal::AmendedBelowPaid { bill_reference: self.bill_reference.clone(), paid: self.paid };
        if self.paid.exceeds(terms.due)? {
            return Err(below());
        }
        let shares = share::amended(&self.shares, &self.agency, self.paid, self.returned, &terms.shares)?;
        let shares = shares.ok_or_else(below)?;
        (self.due, self.shares, self.instalments) = (terms.due, shares, terms.instalments);
        self.state = if self.paid == self.due { State::Paid { live: None } } else { self.unheld() };
        Ok(())
    }

    /// `amount` more is paid, and divided among the shares.
    fn pay(&mut self, payment: PaymentId, amount: Money) -> Result<Effect, Refusal> {
        let parts = self.parts_of_payment(amount)?;
        share::pay(&mut self.shares, &parts)?;
        self.paid = self.paid.checked_add(amount)?;
        if self.paid.exceeds(self.due)? {
            return Err(Refusal::AlreadyPaid { bill_reference: self.bill_reference.clone() });
        }
        // Somebody else's attempt goes on: nobody knows yet whether its money comes.
        let live = self.live().filter(|holder| *holder != payment);
        if self.paid == self.due {
            self.state = State::Paid { live };
            return Ok(Effect::Paid);
        }
        self.state = live.map_or(State::PartiallyPaid, |payment| State::Held { payment });
        Ok(Effect::PartiallyPaid)
    }
}
