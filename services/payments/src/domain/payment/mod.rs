//! A payer's wish to pay one bill, as the outside sees it. The payments of a cart share one attempt.

mod direct;

use ids::{AgencyId, AttemptId, CaseId, InvoiceId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use super::{Refusal, attempt::NextAction};
pub use direct::Direct;

/// A payment of one bill by one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub agency: AgencyId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    pub by: By,
    /// What the payer was asked for, or, for definite money, what came.
    pub amount: Money,
    /// The part of its money that became payer credit.
    pub credited: Money,
    /// What of the money for the bill goes back, or objections keep. Together never more than that money.
    pub back: Back,
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

/// Money of a payment that does not stay with the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    /// Reserved by refunds that are not over.
    pub refunding: Money,
    pub refunded: Money,
    /// Kept by disputes that are open.
    pub disputed: Money,
    /// Taken back by disputes that were lost.
    pub charged_back: Money,
}

/// The channel, with what only it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// We ask a provider to collect. The attempt is the latest one.
    Wallet {
        provider: String,
        attempt_id: AttemptId,
        provider_reference: Option<String>,
    },
    /// A channel took the money and told us.
    Direct {
        channel: Direct,
        provider: String,
        provider_reference: String,
    },
    KioskCash,
}

/// The words of `mizan states payment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Created,
    ActionRequired(NextAction),
    Processing,
    /// The provider holds the money for us, and none has moved.
    Authorised,
    Captured(Receipt),
    PartiallyRefunded(Receipt),
    Refunded(Receipt),
    Failed {
        failure: Failure,
    },
    Expired,
    /// The payer gave up, and the provider confirmed that no money can come.
    Cancelled,
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
    /// The provider holds the money.
    Authorise,
    /// The provider is asked to take so much of it.
    BeginCapture(Money),
    Capture(Money, Receipt),
    Fail(Failure),
    Expire,
    Cancel,
    /// Money came, and nothing of it is for the bill any more.
    ComeLate(Receipt),
    Contradict,
    /// Another attempt, by the same or another provider.
    Retry(By),
    /// Money of it goes back, or an objection keeps it.
    Return(Return),
}

/// What happens to money that does not stay with the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    ReserveRefund(Money),
    ReleaseRefund(Money),
    SettleRefund(Money),
    Dispute(Money),
    WinDispute(Money),
    LoseDispute(Money),
}

impl Receipt {
    /// A receipt that we number ourselves: `letter` says how the money came, and the number leads to the payment, because it
    /// is the random part of its id.
    pub fn of(letter: &str, payment: PaymentId, at: OffsetDateTime) -> Receipt {
        let (_, random) = payment.0.as_u64_pair();
        Receipt { at, number: format!("{letter}-{random:016X}") }
    }
}

impl By {
    /// The channel, as stored and shown.
    pub fn channel(&self) -> &'static str {
        match self {
            By::Wallet { .. } => "wallet",
            By::Direct { channel, .. } => channel.name(),
            By::KioskCash => "kiosk_cash",
        }
    }

    /// The latest attempt.
    pub fn attempt(&self) -> Option<AttemptId> {
        match self {
            By::Wallet { attempt_id, .. } => Some(*attempt_id),
            By::Direct { .. } | By::KioskCash => None,
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
            State::Authorised => "authorised",
            State::Captured(_) => "captured",
            State::PartiallyRefunded(_) => "partially_refunded",
            State::Refunded(_) => "refunded",
            State::Failed { .. } => "failed",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
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
            Command::Authorise => "authorise",
            Command::BeginCapture(_) => "begin_capture",
            Command::Capture(..) => "capture",
            Command::Fail(_) => "fail",
            Command::Expire => "expire",
            Command::Cancel => "cancel",
            Command::ComeLate(_) => "come_late",
            Command::Contradict => "contradict",
            Command::Retry(_) => "retry",
            Command::Return(back) => back.name(),
        }
    }

    /// The last word of the event's subject.
    pub fn what(&self) -> &'static str {
        match self {
            Command::AskPayer(_) => "action_required",
            Command::Doubt => "doubted",
            Command::Authorise => "authorised",
            Command::BeginCapture(_) => "capturing",
            Command::Capture(..) => "captured",
            Command::Fail(_) => "failed",
            Command::Expire => "expired",
            Command::Cancel => "cancelled",
            Command::ComeLate(_) => "late",
            Command::Contradict => "contradicted",
            Command::Retry(_) => "retried",
            Command::Return(back) => back.what(),
        }
    }
}

impl Return {
    fn name(self) -> &'static str {
        match self {
            Return::ReserveRefund(_) => "reserve_refund",
            Return::ReleaseRefund(_) => "release_refund",
            Return::SettleRefund(_) => "settle_refund",
            Return::Dispute(_) => "dispute",
            Return::WinDispute(_) => "win_dispute",
            Return::LoseDispute(_) => "lose_dispute",
        }
    }

    /// The last word of the event's subject.
    pub fn what(self) -> &'static str {
        match self {
            Return::ReserveRefund(_) => "refund_reserved",
            Return::ReleaseRefund(_) => "refund_released",
            Return::SettleRefund(_) => "refunded",
            Return::Dispute(_) => "disputed",
            Return::WinDispute(_) => "dispute_won",
            Return::LoseDispute(_) => "dispute_lost",
        }
    }
}

impl Back {
    /// Nothing goes back.
    pub const fn nothing() -> Back {
        let zero = Money::fils(0);
        Back { refunding: zero, refunded: zero, disputed: zero, charged_back: zero }
    }

    /// All of it.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn total(&self) -> Result<Money, Refusal> {
        let Back { refunding, refunded, disputed, charged_back } = *self;
        Ok(refunding.checked_add(refunded)?.checked_add(disputed)?.checked_add(charged_back)?)
    }
}

impl Payment {
    /// What of its money stays with the bill, and could go back.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn refundable(&self) -> Result<Money, Refusal> {
        match &self.state {
            State::Captured(_) | State::PartiallyRefunded(_) => {
                Ok(self.amount.checked_sub(self.credited)?.checked_sub(self.back.total()?)?)
            }
            State::Created
            | State::ActionRequired(_)
            | State::Processing
            | State::Authorised
            | State::Refunded(_)
            | State::Failed { .. }
            | State::Expired
            | State::Cancelled
            | State::Late(_) => Ok(Money::zero(self.amount.currency())),
        }
    }

    /// The payment after `command`.
    ///
    /// # Errors
    /// `WrongState`: there is no such step. `RefundExceeds`, `Disputed`; impossible arithmetic.
    pub fn step(&self, command: Command) -> Result<Payment, Refusal> {
        let mut after = Payment { version: self.version + 1, ..self.clone() };
        after.state = match &self.state {
            State::Created | State::ActionRequired(_) | State::Processing => after.undecided(command)?,
            State::Authorised => after.authorised(command)?,
            State::Failed { .. } | State::Expired | State::Cancelled => after.ended(command)?,
            State::Captured(receipt) | State::PartiallyRefunded(receipt) | State::Refunded(receipt) => {
                after.captured(&command, receipt)?
            }
            State::Late(_) if command == Command::Contradict => self.state.clone(),
            State::Late(_) => return Err(self.wrong(&command)),
        };
        Ok(after)
    }

    fn wrong(&self, command: &Command) -> Refusal {
        Refusal::WrongState { noun: "payment", state: self.state.name(), command: command.name() }
    }

    /// Nobody knows yet whether money comes.
    fn undecided(&mut self, command: Command) -> Result<State, Refusal> {
        Ok(match command {
            Command::AskPayer(next) => State::ActionRequired(next),
            Command::Doubt => State::Processing,
            Command::Authorise => State::Authorised,
            Command::Capture(credit, receipt) => {
                self.credited = credit;
                State::Captured(receipt)
            }
            Command::Fail(failure) => State::Failed { failure },
            Command::Expire => State::Expired,
            Command::Cancel => State::Cancelled,
            Command::ComeLate(receipt) => self.come_late(receipt),
            Command::Contradict => self.state.clone(),
            Command::BeginCapture(_) | Command::Retry(_) | Command::Return(_) => {
                return Err(self.wrong(&command));
            }
        })
    }

    /// The provider holds the money.
    fn authorised(&mut self, command: Command) -> Result<State, Refusal> {
        match command {
            Command::BeginCapture(amount) => {
                self.amount = amount;
                Ok(State::Processing)
            }
            Command::Capture(..)
            | Command::Fail(_)
            | Command::Expire
            | Command::Cancel
            | Command::ComeLate(_)
            | Command::Contradict => self.undecided(command),
            Command::AskPayer(_)
            | Command::Doubt
            | Command::Authorise
            | Command::Retry(_)
            | Command::Return(_) => Err(self.wrong(&command)),
        }
    }

    /// It ended without money. Money may come all the same.
    fn ended(&mut self, command: Command) -> Result<State, Refusal> {
        let mismatched = matches!(self.state, State::Failed { failure: Failure::AmountMismatch });
        Ok(match command {
            Command::ComeLate(receipt) => self.come_late(receipt),
            // Another amount than we asked for.
            Command::Fail(failure @ Failure::AmountMismatch) => State::Failed { failure },
            Command::Retry(by) if !mismatched => {
                self.by = by;
                State::Created
            }
            Command::Contradict => self.state.clone(),
            Command::AskPayer(_)
            | Command::Doubt
            | Command::Authorise
            | Command::BeginCapture(_)
            | Command::Capture(..)
            | Command::Fail(Failure::Declined | Failure::NotSent)
            | Command::Expire
            | Command::Cancel
            | Command::Retry(_)
            | Command::Return(_) => return Err(self.wrong(&command)),
        })
    }

    /// Its money is in the books, and only goes back.
    fn captured(&mut self, command: &Command, receipt: &Receipt) -> Result<State, Refusal> {
        match command {
            Command::Return(back) => {
                self.back = self.after_return(*back)?;
                self.state_after_return(&self.back, receipt)
            }
            Command::Contradict => Ok(self.state.clone()),
            Command::AskPayer(_)
            | Command::Doubt
            | Command::Authorise
            | Command::BeginCapture(_)
            | Command::Capture(..)
            | Command::Fail(_)
            | Command::Expire
            | Command::Cancel
            | Command::ComeLate(_)
            | Command::Retry(_) => Err(self.wrong(command)),
        }
    }

    fn come_late(&mut self, receipt: Receipt) -> State {
        self.credited = self.amount;
        State::Late(receipt)
    }

    /// What goes back after a step of a refund or of a dispute. Only what stays with the bill can be asked for.
    fn after_return(&self, command: Return) -> Result<Back, Refusal> {
        let mut back = self.back;
        match command {
            Return::ReserveRefund(amount) => {
                if self.back.disputed.is_positive() {
                    return Err(Refusal::Disputed);
                }
                self.still_has(amount)?;
                back.refunding = back.refunding.checked_add(amount)?;
            }
            Return::ReleaseRefund(amount) => back.refunding = back.refunding.checked_sub(amount)?,
            Return::SettleRefund(amount) => {
                back.refunding = back.refunding.checked_sub(amount)?;
                back.refunded = back.refunded.checked_add(amount)?;
            }
            Return::Dispute(amount) => {
                self.still_has(amount)?;
                back.disputed = back.disputed.checked_add(amount)?;
            }
            Return::WinDispute(amount) => back.disputed = back.disputed.checked_sub(amount)?,
            Return::LoseDispute(amount) => {
                back.disputed = back.disputed.checked_sub(amount)?;
                back.charged_back = back.charged_back.checked_add(amount)?;
            }
        }
        Ok(back)
    }

    fn still_has(&self, amount: Money) -> Result<(), Refusal> {
        let refundable = self.refundable()?;
        if !amount.is_positive() {
            return Err(Refusal::AmountNotPositive);
        }
        if amount.exceeds(refundable)? { Err(Refusal::RefundExceeds { refundable }) } else { Ok(()) }
    }

    fn state_after_return(&self, back: &Back, receipt: &Receipt) -> Result<State, Refusal> {
        let kept = self.amount.checked_sub(self.credited)?.checked_sub(back.refunded)?;
        Ok(if back.refunded.is_zero() {
            State::Captured(receipt.clone())
        } else if kept.is_zero() {
            State::Refunded(receipt.clone())
        } else {
            State::PartiallyRefunded(receipt.clone())
        })
    }
}
