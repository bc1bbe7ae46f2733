//! What each event posts. `docs/ledger.md` holds the same table, and a test keeps them equal.

use ids::{AgencyId, DeviceId, InvoiceId, JournalId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use super::{Refusal, share::Part};

mod account;
mod table;

pub use account::{Account, Unreadable};
pub use table::table;

/// A balanced set of entries. Append-only: a correction is a new journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    pub id: JournalId,
    pub kind: &'static str,
    /// What brought the money: a provider's movement, a device's record, a step of a refund. One journal per source, for
    /// ever: whoever tells of the same movement again, it is booked once.
    pub source: String,
    pub agency: Option<AgencyId>,
    pub channel: &'static str,
    pub payment_id: Option<PaymentId>,
    pub invoice_id: Option<InvoiceId>,
    pub entries: Vec<Entry>,
    pub posted_at: OffsetDateTime,
}

/// The kinds of journals that are pending: they say what is expected, and move nothing.
pub const PENDING: [&str; 2] = ["authorised", "authorisation_released"];

impl Journal {
    /// Whether its entries are pending, and not posted.
    pub fn is_pending(&self) -> bool {
        PENDING.contains(&self.kind)
    }
}

/// The source of money that a provider moved, by its own name for it.
pub fn movement(provider: &str, provider_reference: &str) -> String {
    format!("movement:{provider}/{provider_reference}")
}

/// One line: a debit is positive, a credit negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    pub amount: Money,
}

/// Money has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    CashStacked {
        device: DeviceId,
        unit: String,
        generation: i64,
        amount: Money,
    },
    CashUnknownSession {
        device: DeviceId,
        unit: String,
        generation: i64,
        amount: Money,
    },
    /// `rounding` is what coins cannot express, and the bill is spared.
    CashCommitted {
        device: DeviceId,
        applied: Vec<Part>,
        credited: Money,
        rounding: Money,
    },
    CashUncommitted {
        device: DeviceId,
        amount: Money,
    },
    CashUnknownBill {
        device: DeviceId,
        amount: Money,
    },
    /// A provider holds money for us; pending.
    Authorised {
        provider: String,
        agency: AgencyId,
        amount: Money,
    },
    /// It was posted, or will not come; pending.
    AuthorisationReleased {
        provider: String,
        agency: AgencyId,
        amount: Money,
    },
    WalletCaptured {
        provider: String,
        applied: Vec<Part>,
        credited: Money,
    },
    WalletLate {
        provider: String,
        amount: Money,
    },
    WalletMismatched {
        provider: String,
        took: Money,
    },
    PaymentRecorded {
        channel: &'static str,
        provider: String,
        applied: Vec<Part>,
        credited: Money,
    },
    RefundReserved {
        channel: &'static str,
        parts: Vec<Part>,
    },
    RefundReleased {
        channel: &'static str,
        parts: Vec<Part>,
    },
    RefundSucceeded {
        channel: &'static str,
        from: Account,
        amount: Money,
    },
    CreditReserved {
        amount: Money,
    },
    CreditReleased {
        amount: Money,
    },
    CreditApplied {
        applied: Vec<Part>,
    },
    DisputeOpened {
        channel: &'static str,
        parts: Vec<Part>,
    },
    DisputeWon {
        channel: &'static str,
        parts: Vec<Part>,
    },
    DisputeLost {
        channel: &'static str,
        provider: String,
        amount: Money,
    },
    Adjusted {
        debit: Account,
        credit: Account,
        amount: Money,
    },
}

impl Event {
    /// As stored in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::CashStacked { .. } => "cash_stacked",
            Event::CashUnknownSession { .. } => "cash_unknown_session",
            Event::CashCommitted { .. } => "cash_committed",
            Event::CashUncommitted { .. } => "cash_uncommitted",
            Event::CashUnknownBill { .. } => "cash_unknown_bill",
            Event::Authorised { .. } => "authorised",
            Event::AuthorisationReleased { .. } => "authorisation_released",
            Event::WalletCaptured { .. } => "wallet_captured",
            Event::WalletLate { .. } => "wallet_late",
            Event::WalletMismatched { .. } => "wallet_mismatched",
            Event::PaymentRecorded { .. } => "payment_recorded",
            Event::RefundReserved { .. } => "refund_reserved",
            Event::RefundReleased { .. } => "refund_released",
            Event::RefundSucceeded { .. } => "refund_succeeded",
            Event::CreditReserved { .. } => "credit_reserved",
            Event::CreditReleased { .. } => "credit_released",
            Event::CreditApplied { .. } => "credit_applied",
            Event::DisputeOpened { .. } => "dispute_opened",
            Event::DisputeWon { .. } => "dispute_won",
            Event::DisputeLost { .. } => "dispute_lost",
            Event::Adjusted { .. } => "adjusted",
        }
    }

    /// How the money came.
    pub fn channel(&self) -> &'static str {
        match self {
            Event::CashStacked { .. }
            | Event::CashUnknownSession { .. }
            | Event::CashCommitted { .. }
            | Event::CashUncommitted { .. }
            | Event::CashUnknownBill { .. } => "kiosk_cash",
            Event::Authorised { .. }
            | Event::AuthorisationReleased { .. }
            | Event::WalletCaptured { .. }
            | Event::WalletLate { .. }
            | Event::WalletMismatched { .. } => "wallet",
            Event::PaymentRecorded { channel, .. }
            | Event::RefundReserved { channel, .. }
            | Event::RefundReleased { channel, .. }
            | Event::RefundSucceeded { channel, .. }
            | Event::DisputeOpened { channel, .. }
            | Event::DisputeWon { channel, .. }
            | Event::DisputeLost { channel, .. } => channel,
            Event::CreditReserved { .. } | Event::CreditReleased { .. } | Event::CreditApplied { .. } => {
                "credit"
            }
            Event::Adjusted { .. } => "adjustment",
        }
    }

    /// The lines it posts. They sum to nothing, and none of them is nothing.
    ///
    /// # Errors
    /// Impossible arithmetic.
    #[expect(clippy::too_many_lines, reason = "a line or two for each event, in one table")]
    pub fn entries(self) -> Result<Vec<Entry>, Refusal> {
        use Account as A;
        let mut lines = Lines::default();
        match self {
            Event::CashStacked { device, unit, generation, amount } => {
                lines.credit(A::PayerClearing(device.clone()), amount)?;
                lines.debit(A::CashInDevice { device, unit, generation })
            }
            Event::CashUnknownSession { device, unit, generation, amount } => {
                lines.credit(A::Suspense, amount)?;
                lines.debit(A::CashInDevice { device, unit, generation })
            }
            Event::CashCommitted { device, applied, credited, rounding } => {
                lines.owed(applied)?;
                lines.credit(A::PayerCredit, credited)?;
                lines.credit(A::Rounding, Money::zero(rounding.currency()).checked_sub(rounding)?)?;
                lines.debit(A::PayerClearing(device))
            }
            Event::CashUncommitted { device, amount } => {
                lines.credit(A::PayerCredit, amount)?;
                lines.debit(A::PayerClearing(device))
            }
            Event::CashUnknownBill { device, amount } => {
                lines.credit(A::Suspense, amount)?;
                lines.debit(A::PayerClearing(device))
            }
            Event::Authorised { provider, agency, amount } => {
                lines.credit(A::AgencyPayable(agency), amount)?;
                lines.debit(A::ProviderClearing(provider))
            }
            Event::AuthorisationReleased { provider, agency, amount } => {
                lines.credit(A::ProviderClearing(provider), amount)?;
                lines.debit(A::AgencyPayable(agency))
            }
            Event::WalletCaptured { provider, applied, credited }
            | Event::PaymentRecorded { provider, applied, credited, .. } => {
                lines.owed(applied)?;
                lines.credit(A::PayerCredit, credited)?;
                lines.debit(A::ProviderClearing(provider))
            }
            Event::WalletLate { provider, amount } => {
                lines.credit(A::PayerCredit, amount)?;
                lines.debit(A::ProviderClearing(provider))
            }
            Event::WalletMismatched { provider, took } => {
                lines.credit(A::Suspense, took)?;
                lines.debit(A::ProviderClearing(provider))
            }
            Event::RefundReserved { parts, .. } => {
                lines.taken_back(parts)?;
                lines.debit(A::RefundsPayable)
            }
            Event::RefundReleased { parts, .. } => {
                lines.owed(parts)?;
                lines.debit(A::RefundsPayable)
            }
            Event::RefundSucceeded { from, amount, .. } => {
                lines.credit(from, amount)?;
                lines.debit(A::RefundsPayable)
            }
            Event::CreditReserved { amount } => {
                lines.credit(A::RefundsPayable, amount)?;
                lines.debit(A::PayerCredit)
            }
            Event::CreditReleased { amount } => {
                lines.credit(A::PayerCredit, amount)?;
                lines.debit(A::RefundsPayable)
            }
            Event::CreditApplied { applied } => {
                lines.owed(applied)?;
                lines.debit(A::PayerCredit)
            }
            Event::DisputeOpened { parts, .. } => {
                lines.taken_back(parts)?;
                lines.debit(A::Disputed)
            }
            Event::DisputeWon { parts, .. } => {
                lines.owed(parts)?;
                lines.debit(A::Disputed)
            }
            Event::DisputeLost { provider, amount, .. } => {
                lines.credit(A::ProviderClearing(provider), amount)?;
                lines.debit(A::Disputed)
            }
            Event::Adjusted { debit, credit, amount } => {
                lines.credit(credit, amount)?;
                lines.debit(debit)
            }
        }
    }
}

/// Lines in the making: the last one takes what the others leave open.
#[derive(Default)]
struct Lines(Vec<Entry>);

impl Lines {
    /// Nothing is posted of nothing.
    fn credit(&mut self, account: Account, amount: Money) -> Result<(), Refusal> {
        if !amount.is_zero() {
            self.0.push(Entry { account, amount: Money::zero(amount.currency()).checked_sub(amount)? });
        }
        Ok(())
    }

    /// To those who are owed their parts.
    fn owed(&mut self, parts: Vec<Part>) -> Result<(), Refusal> {
        parts.into_iter().try_for_each(|part| self.credit(part.beneficiary.into(), part.amount))
    }

    /// From those who give their parts back.
    fn taken_back(&mut self, parts: Vec<Part>) -> Result<(), Refusal> {
        for part in parts {
            self.credit(
                part.beneficiary.into(),
                Money::zero(part.amount.currency()).checked_sub(part.amount)?,
            )?;
        }
        Ok(())
    }

    /// The line that balances the others, which comes first; there is none when they balance already.
    fn debit(mut self, account: Account) -> Result<Vec<Entry>, Refusal> {
        let mut amount = Money::fils(0);
        for line in &self.0 {
            amount = amount.checked_sub(line.amount)?;
        }
        if !amount.is_zero() {
            self.0.insert(0, Entry { account, amount });
        }
        Ok(self.0)
    }
}
