//! A payer's objection to a payment, raised by the provider: it keeps the money until it is decided.

use ids::{AgencyId, DisputeId, InvoiceId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use super::{Refusal, share::Part};

/// An objection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    pub id: DisputeId,
    pub agency: AgencyId,
    pub payment_id: PaymentId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    pub provider: String,
    /// The provider's name of it: one dispute each, for ever.
    pub provider_reference: String,
    pub amount: Money,
    /// Who of the beneficiaries gives how much meanwhile.
    pub parts: Vec<Part>,
    pub reason: String,
    pub opened_by: String,
    pub state: State,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// The words of `mizan states dispute`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Opened,
    /// The money stays.
    Won {
        by: String,
    },
    /// The provider took it back: a chargeback.
    Lost {
        by: String,
    },
}

/// How it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Win { by: String },
    Lose { by: String },
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Opened => "opened",
            State::Won { .. } => "won",
            State::Lost { .. } => "lost",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Win { .. } => "win",
            Command::Lose { .. } => "lose",
        }
    }
}

impl Dispute {
    /// The dispute after its decision, which is final.
    ///
    /// # Errors
    /// `WrongState`.
    pub fn step(&self, command: Command) -> Result<Dispute, Refusal> {
        let wrong =
            Refusal::WrongState { noun: "dispute", state: self.state.name(), command: command.name() };
        let state = match (&self.state, command) {
            (State::Opened, Command::Win { by }) => State::Won { by },
            (State::Opened, Command::Lose { by }) => State::Lost { by },
            (State::Won { .. } | State::Lost { .. }, Command::Win { .. } | Command::Lose { .. }) => {
                return Err(wrong);
            }
        };
        Ok(Dispute { state, version: self.version + 1, ..self.clone() })
    }
}
