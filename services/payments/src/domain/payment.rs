//! A payer's wish to pay one bill, as the outside sees it.

use ids::{AgencyId, AttemptId, CaseId, InvoiceId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use super::{Refusal, attempt::NextAction};

/// A payment of one bill by one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub agency: AgencyId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    pub by: By,
    /// What the payer was asked for, or, for cash, what he put in.
    pub amount: Money,
    /// The part of its money that became payer credit.
    pub credited: Money,
    pub state: State,
    /// Opaque: whom `notifications` sends the receipt to. May be empty.
    pub contact_ref: String,
    /// Where the provider sends the payer afterwards. May be empty.
    pub return_url: String,
    /// Who asked for it.
    pub actor: String,
    /// An open question a person decides.
    pub case_id: Option<CaseId>,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// The channel, with what only it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Wallet { provider: String, attempt_id: AttemptId, provider_reference: Option<String> },
    KioskCash,
}

/// The words of `mizan states payment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Created,
    ActionRequired(NextAction),
    Processing,
    Captured(Receipt),
    Failed { failure: Failure },
    Expired,
    Late(Receipt),
}

/// Money that is in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub at: OffsetDateTime,
    pub number: String,
}

/// Why no money was booked to the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Declined,
    NotSent,
    AmountMismatch,
}

/// What can happen to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    AskPayer(NextAction),
    Doubt,
    Capture(Money, Receipt),
    Fail(Failure),
    Expire,
    /// Money came, and nothing of it is for the bill any more.
    ComeLate(Receipt),
    Contradict,
}

impl By {
    /// The channel, as stored and shown.
    pub fn channel(&self) -> &'static str {
        match self {
            By::Wallet { .. } => "wallet",
            By::KioskCash => "kiosk_cash",
        }
    }
}

impl Failure {
    /// The public code.
    pub fn code(self) -> &'static str {
        match self {
            Failure::Declined => "declined",
            Failure::NotSent => "not_sent",
            Failure::AmountMismatch => "amount_mismatch",
        }
    }

    /// All there are.
    pub const ALL: [Failure; 3] = [Failure::Declined, Failure::NotSent, Failure::AmountMismatch];
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Created => "created",
            State::ActionRequired(_) => "action_required",
            State::Processing => "processing",
            State::Captured(_) => "captured",
            State::Failed { .. } => "failed",
            State::Expired => "expired",
            State::Late(_) => "late",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::AskPayer(_) => "ask_payer",
            Command::Doubt => "doubt",
            Command::Capture(..) => "capture",
            Command::Fail(_) => "fail",
            Command::Expire => "expire",
            Command::ComeLate(_) => "come_late",
            Command::Contradict => "contradict",
        }
    }

    /// The last word of the event's subject.
    pub fn what(&self) -> &'static str {
        match self {
            Command::AskPayer(_) => "action_required",
            Command::Doubt => "doubted",
            Command::Capture(..) => "captured",
            Command::Fail(_) => "failed",
            Command::Expire => "expired",
            Command::ComeLate(_) => "late",
            Command::Contradict => "contradicted",
        }
    }
}

impl Payment {
    /// The payment after `command`.
    ///
    /// # Errors
    /// `WrongState`: the decision asked for a step there is not.
    pub fn step(&self, command: Command) -> Result<Payment, Refusal> {
        use {Command as C, State as S};
        let wrong =
            Refusal::WrongState { noun: "payment", state: self.state.name(), command: command.name() };
        let mut credited = self.credited;
        let state = match (&self.state, command) {
            (S::Created | S::ActionRequired(_) | S::Processing, C::AskPayer(next)) => S::ActionRequired(next),
            (S::Created | S::ActionRequired(_) | S::Processing, C::Doubt) => S::Processing,
            (S::Created | S::ActionRequired(_) | S::Processing, C::Capture(credit, receipt)) => {
                credited = credit;
                S::Captured(receipt)
            }
            (S::Created | S::ActionRequired(_) | S::Processing, C::Fail(failure)) => S::Failed { failure },
            (S::Created | S::ActionRequired(_) | S::Processing, C::Expire) => S::Expired,
            (
                S::Created | S::ActionRequired(_) | S::Processing | S::Failed { .. } | S::Expired,
                C::ComeLate(receipt),
            ) => {
                credited = self.amount;
                S::Late(receipt)
            }
            // Money after the end, and another amount than we asked for.
            (S::Failed { .. } | S::Expired, C::Fail(failure @ Failure::AmountMismatch)) => {
                S::Failed { failure }
            }
            (state @ (S::Captured(_) | S::Failed { .. } | S::Expired | S::Late(_)), C::Contradict) => {
                state.clone()
            }
            (S::Created | S::ActionRequired(_) | S::Processing, C::Contradict)
            | (
                S::Failed { .. } | S::Expired,
                C::AskPayer(_)
                | C::Doubt
                | C::Capture(..)
                | C::Fail(Failure::Declined | Failure::NotSent)
                | C::Expire,
            )
            | (
                S::Captured(_) | S::Late(_),
                C::AskPayer(_) | C::Doubt | C::Capture(..) | C::Fail(_) | C::Expire | C::ComeLate(_),
            ) => return Err(wrong),
        };
        Ok(Payment { state, credited, version: self.version + 1, ..self.clone() })
    }
}
