//! Money on its way back to a payer: of a payment, or of a credit.

use ids::{AgencyId, AttemptId, CreditId, InvoiceId, PaymentId, RefundId};
use money::Money;
use time::OffsetDateTime;

use super::{Refusal, share::Part};

/// Money on its way back. It is reserved from the moment somebody asks for it, so that two can never give the same away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub agency: AgencyId,
    pub bill_reference: String,
    pub of: Of,
    pub amount: Money,
    pub to: Destination,
    /// Why, for people and reports. No personal data.
    pub reason: String,
    pub requested_by: String,
    /// How often the provider was asked without a definite answer.
    pub doubts: i32,
    /// Whether the provider has contradicted itself: a person looks once.
    pub contradicted: bool,
    pub state: State,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// What the money is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A payment of a bill: each beneficiary gives his part.
    Payment { payment_id: PaymentId, invoice_id: InvoiceId, parts: Vec<Part> },
    /// What we owe a payer.
    Credit { credit_id: CreditId },
}

/// Where the money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Where it came from.
    Source { provider: String, attempt_id: AttemptId, provider_reference: String },
    /// A bank account.
    Iban { iban: String },
}

/// The words of `mizan states refund`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Requested,
    /// Another person agreed; the provider, or the bank, is asked now.
    Approved {
        by: String,
    },
    Rejected {
        by: String,
    },
    /// The provider has it and is not done.
    Submitted {
        by: String,
    },
    /// It may have been done, or not: nobody knows yet.
    Unknown {
        by: String,
        since: OffsetDateTime,
    },
    Succeeded {
        by: String,
        reference: String,
    },
    Failed {
        by: String,
        reason: String,
    },
}

/// What can happen to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Another person agrees; up to `alone` the one who asked may.
    Approve {
        by: String,
        alone: Money,
    },
    Reject {
        by: String,
    },
    Record(Answer),
}

/// What the provider, or the bank, said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has not left us, or they do not know it: ask (again).
    NotThere,
    /// It was sent, and no answer came; or an inquiry brought nothing.
    Silence,
    Pending,
    Done {
        reference: String,
        amount: Money,
    },
    Declined {
        reason: String,
    },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Approved,
    Rejected,
    /// Ask the provider to do it.
    Resubmit,
    Submitted,
    Doubted,
    Waiting,
    Succeeded,
    Failed,
    Repeated,
    Contradicted,
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Requested => "requested",
            State::Approved { .. } => "approved",
            State::Rejected { .. } => "rejected",
            State::Submitted { .. } => "submitted",
            State::Unknown { .. } => "unknown",
            State::Succeeded { .. } => "succeeded",
            State::Failed { .. } => "failed",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Approve { .. } => "approve",
            Command::Reject { .. } => "reject",
            Command::Record(answer) => match answer {
                Answer::NotThere => "not_there",
                Answer::Silence => "silence",
                Answer::Pending => "pending",
                Answer::Done { .. } => "done",
                Answer::Declined { .. } => "declined",
            },
        }
    }
}

impl Effect {
    /// The last word of the event's subject; none when nothing happened.
    pub fn what(&self) -> Option<&'static str> {
        match self {
            Effect::Approved => Some("approved"),
            Effect::Rejected => Some("rejected"),
            Effect::Submitted => Some("submitted"),
            Effect::Doubted => Some("doubted"),
            Effect::Succeeded => Some("succeeded"),
            Effect::Failed => Some("failed"),
            Effect::Contradicted => Some("contradicted"),
            Effect::Resubmit | Effect::Waiting | Effect::Repeated => None,
        }
    }
}

impl Refund {
    /// The refund after `command`, and what became of it.
    ///
    /// # Errors
    /// `NeedsSecondPerson`, `WrongState`; impossible arithmetic.
    ///
    /// # Source
    /// ISO 20022 payment return (pacs.004); nexo `PaymentType` Refund.
    pub fn step(&self, command: Command, now: OffsetDateTime) -> Result<(Refund, Effect), Refusal> {
        use {Command as C, State as S};
        let wrong = Refusal::WrongState { noun: "refund", state: self.state.name(), command: command.name() };
        let (state, effect) = match (&self.state, command) {
            (S::Requested, C::Approve { by, alone }) => {
                if by == self.requested_by && self.amount.exceeds(alone)? {
                    return Err(Refusal::NeedsSecondPerson);
                }
                (S::Approved { by }, Effect::Approved)
            }
            (S::Requested, C::Reject { by }) => (S::Rejected { by }, Effect::Rejected),
            (S::Approved { by } | S::Submitted { by } | S::Unknown { by, .. }, C::Record(answer)) => {
                self.answered(by.clone(), answer, now)
            }
            (S::Succeeded { reference: first, .. }, C::Record(Answer::Done { reference, amount })) => {
                let same = *first == reference && amount == self.amount;
                (self.state.clone(), if same { Effect::Repeated } else { Effect::Contradicted })
            }
            (S::Succeeded { .. }, C::Record(Answer::Declined { .. }))
            | (S::Failed { .. }, C::Record(Answer::Done { .. })) => {
                (self.state.clone(), Effect::Contradicted)
            }
            (
                S::Succeeded { .. } | S::Failed { .. },
                C::Record(Answer::NotThere | Answer::Silence | Answer::Pending | Answer::Declined { .. }),
            ) => (self.state.clone(), Effect::Repeated),
            (S::Requested | S::Rejected { .. }, C::Record(_))
            | (
                S::Approved { .. }
                | S::Rejected { .. }
                | S::Submitted { .. }
                | S::Unknown { .. }
                | S::Succeeded { .. }
                | S::Failed { .. },
                C::Approve { .. } | C::Reject { .. },
            ) => return Err(wrong),
        };
        let ended = matches!(state, S::Succeeded { .. } | S::Failed { .. });
        let again = effect == Effect::Contradicted && self.contradicted;
        let effect = match (again, ended) {
            (true, true) => Effect::Repeated,
            (true, false) => Effect::Waiting,
            (false, true | false) => effect,
        };
        if effect == Effect::Repeated {
            return Ok((self.clone(), effect));
        }
        let doubts = match effect {
            Effect::Doubted | Effect::Waiting | Effect::Resubmit => self.doubts + 1,
            Effect::Approved
            | Effect::Rejected
            | Effect::Submitted
            | Effect::Succeeded
            | Effect::Failed
            | Effect::Repeated
            | Effect::Contradicted => self.doubts,
        };
        let contradicted = self.contradicted || effect == Effect::Contradicted;
        Ok((Refund { state, doubts, contradicted, version: self.version + 1, ..self.clone() }, effect))
    }

    /// While it is under way. They tell twins apart by our reference, so asking again is always safe.
    fn answered(&self, by: String, answer: Answer, now: OffsetDateTime) -> (State, Effect) {
        use State as S;
        match (&self.state, answer) {
            (state, Answer::NotThere) => (state.clone(), Effect::Resubmit),
            (S::Unknown { .. }, Answer::Silence) | (S::Submitted { .. }, Answer::Pending) => {
                (self.state.clone(), Effect::Waiting)
            }
            (
                S::Requested
                | S::Approved { .. }
                | S::Rejected { .. }
                | S::Submitted { .. }
                | S::Succeeded { .. }
                | S::Failed { .. },
                Answer::Silence,
            ) => (S::Unknown { by, since: now }, Effect::Doubted),
            (
                S::Requested
                | S::Approved { .. }
                | S::Rejected { .. }
                | S::Unknown { .. }
                | S::Succeeded { .. }
                | S::Failed { .. },
                Answer::Pending,
            ) => (S::Submitted { by }, Effect::Submitted),
            // Another amount than we asked for is no refund of ours: it stays open, and a person looks.
            (state, Answer::Done { amount, .. }) if amount != self.amount => {
                (state.clone(), Effect::Contradicted)
            }
            (_state, Answer::Done { reference, .. }) => (S::Succeeded { by, reference }, Effect::Succeeded),
            (_state, Answer::Declined { reason }) => (S::Failed { by, reason }, Effect::Failed),
        }
    }
}
