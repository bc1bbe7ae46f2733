//! Money we owe a payer: overpaid, paid twice, paid late. It pays another bill, or it is paid out.

use ids::{AgencyId, CreditId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use super::Refusal;

/// Money we owe a payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    pub id: CreditId,
    /// Of whose bill the money was; that agency's people may decide about it.
    pub agency: AgencyId,
    pub payment_id: Option<PaymentId>,
    pub bill_reference: String,
    /// What brought it: the source of its journal.
    pub source: String,
    pub amount: Money,
    /// Reserved by payouts that are not over.
    pub reserved: Money,
    /// Went to bills, or out.
    pub used: Money,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// What can happen to a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Pays a bill.
    Apply(Money),
    /// Is to be paid out.
    Reserve(Money),
    /// Is not paid out after all.
    Release(Money),
    /// Was paid out.
    PayOut(Money),
}

impl Command {
    /// As drawn.
    pub fn name(self) -> &'static str {
        match self {
            Command::Apply(_) => "apply",
            Command::Reserve(_) => "reserve",
            Command::Release(_) => "release",
            Command::PayOut(_) => "pay_out",
        }
    }
}

impl Credit {
    /// What of it is free.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn free(&self) -> Result<Money, Refusal> {
        Ok(self.amount.checked_sub(self.reserved)?.checked_sub(self.used)?)
    }

    /// The words of `mizan states credit`.
    pub fn state(&self) -> &'static str {
        if self.used == self.amount {
            "used"
        } else if self.used.is_zero() && self.reserved.is_zero() {
            "open"
        } else {
            "partially_used"
        }
    }

    /// The credit after `command`.
    ///
    /// # Errors
    /// `AmountNotPositive`, `CreditExceeded`; impossible arithmetic.
    pub fn step(&self, command: Command) -> Result<Credit, Refusal> {
        let mut after = Credit { version: self.version + 1, ..self.clone() };
        match command {
            Command::Apply(amount) => {
                self.still_has(amount)?;
                after.used = self.used.checked_add(amount)?;
            }
            Command::Reserve(amount) => {
                self.still_has(amount)?;
                after.reserved = self.reserved.checked_add(amount)?;
            }
            Command::Release(amount) => after.reserved = self.reserved.checked_sub(amount)?,
            Command::PayOut(amount) => {
                after.reserved = self.reserved.checked_sub(amount)?;
                after.used = self.used.checked_add(amount)?;
            }
        }
        Ok(after)
    }

    fn still_has(&self, amount: Money) -> Result<(), Refusal> {
        let free = self.free()?;
        if !amount.is_positive() {
            return Err(Refusal::AmountNotPositive);
        }
        if amount.exceeds(free)? { Err(Refusal::CreditExceeded { free }) } else { Ok(()) }
    }
}
