//! What no event of the outside brings about: one person asks for it, another does it.

use ids::{AdjustmentId, AgencyId, CaseId, InvoiceId};
use money::Money;
use time::OffsetDateTime;

use super::{Refusal, journal::Account};

/// A correction of the books, or the giving up of what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    pub id: AdjustmentId,
    /// Whose people ask for it; none for the treasury.
    pub agency: Option<AgencyId>,
    pub what: What,
    pub reason: String,
    /// The open question it answers.
    pub case_id: Option<CaseId>,
    pub requested_by: String,
    pub state: State,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Moves money between two accounts: debits the one, credits the other.
    Move { debit: Account, credit: Account, amount: Money, bill_reference: String },
    /// Gives up what is still due on a bill.
    WriteOff { invoice_id: InvoiceId, bill_reference: String },
}

/// The words of `mizan states adjustment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Requested,
    Done { by: String },
    Rejected { by: String },
}

/// What the second person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Approve { by: String },
    Reject { by: String },
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Requested => "requested",
            State::Done { .. } => "done",
            State::Rejected { .. } => "rejected",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Approve { .. } => "approve",
            Command::Reject { .. } => "reject",
        }
    }
}

impl What {
    /// As stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            What::Move { .. } => "move",
            What::WriteOff { .. } => "write_off",
        }
    }
}

impl Adjustment {
    /// The adjustment after the second person's word. Who asked may take it back, and not agree to it.
    ///
    /// # Errors
    /// `NeedsSecondPerson`, `WrongState`.
    pub fn step(&self, command: Command) -> Result<Adjustment, Refusal> {
        let wrong =
            Refusal::WrongState { noun: "adjustment", state: self.state.name(), command: command.name() };
        let state = match (&self.state, command) {
            (State::Requested, Command::Approve { by }) if by == self.requested_by => {
                return Err(Refusal::NeedsSecondPerson);
            }
            (State::Requested, Command::Approve { by }) => State::Done { by },
            (State::Requested, Command::Reject { by }) => State::Rejected { by },
            (
                State::Done { .. } | State::Rejected { .. },
                Command::Approve { .. } | Command::Reject { .. },
            ) => {
                return Err(wrong);
            }
        };
        Ok(Adjustment { state, version: self.version + 1, ..self.clone() })
    }
}
