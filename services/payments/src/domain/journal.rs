//! What each event posts. `docs/ledger.md` holds the same table, and a test keeps them equal.

use std::fmt::{self, Write as _};

use ids::{AgencyId, DeviceId, InvoiceId, JournalId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use super::Refusal;

/// A balanced set of entries. Append-only: a correction is a new journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    pub id: JournalId,
    pub kind: &'static str,
    /// What brought the money: an attempt or a device's record. One journal per source, for ever.
    pub source: String,
    pub agency: Option<AgencyId>,
    pub channel: &'static str,
    pub payment_id: Option<PaymentId>,
    pub invoice_id: Option<InvoiceId>,
    pub entries: Vec<Entry>,
    pub posted_at: OffsetDateTime,
}

/// One line: a debit is positive, a credit negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    pub amount: Money,
}

/// The chart of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What we owe an agency.
    AgencyPayable(AgencyId),
    /// What a provider owes us.
    ProviderClearing(String),
    /// Notes that must lie in a cash unit.
    CashInDevice { device: DeviceId, unit: String, generation: i64 },
    /// Notes of sessions that are not over.
    PayerClearing(DeviceId),
    /// What we owe payers.
    PayerCredit,
    /// Money whose purpose a person must find.
    Suspense,
}

/// Money has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    CashStacked { device: DeviceId, unit: String, generation: i64, amount: Money },
    CashUnknownSession { device: DeviceId, unit: String, generation: i64, amount: Money },
    CashCommitted { device: DeviceId, agency: AgencyId, applied: Money, credited: Money },
    CashUncommitted { device: DeviceId, amount: Money },
    CashUnknownBill { device: DeviceId, amount: Money },
    WalletCaptured { provider: String, agency: AgencyId, applied: Money, credited: Money },
    WalletLate { provider: String, amount: Money },
    WalletMismatched { provider: String, took: Money },
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::AgencyPayable(agency) => write!(f, "agency_payable:{agency}"),
            Account::ProviderClearing(provider) => write!(f, "provider_clearing:{provider}"),
            Account::CashInDevice { device, unit, generation } => {
                write!(f, "cash_in_device:{device}/{unit}/{generation}")
            }
            Account::PayerClearing(device) => write!(f, "payer_clearing:{device}"),
            Account::PayerCredit => f.write_str("payer_credit"),
            Account::Suspense => f.write_str("suspense"),
        }
    }
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
            Event::WalletCaptured { .. } => "wallet_captured",
            Event::WalletLate { .. } => "wallet_late",
            Event::WalletMismatched { .. } => "wallet_mismatched",
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
            Event::WalletCaptured { .. } | Event::WalletLate { .. } | Event::WalletMismatched { .. } => {
                "wallet"
            }
        }
    }

    /// The lines it posts: one debit, and the credits that are not nothing.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn entries(self) -> Result<Vec<Entry>, Refusal> {
        let (debit, credits) = match self {
            Event::CashStacked { device, unit, generation, amount } => {
                let credit = (Account::PayerClearing(device.clone()), amount);
                (Account::CashInDevice { device, unit, generation }, vec![credit])
            }
            Event::CashUnknownSession { device, unit, generation, amount } => {
                (Account::CashInDevice { device, unit, generation }, vec![(Account::Suspense, amount)])
            }
            Event::CashCommitted { device, agency, applied, credited } => (
                Account::PayerClearing(device),
                vec![(Account::AgencyPayable(agency), applied), (Account::PayerCredit, credited)],
            ),
            Event::CashUncommitted { device, amount } => {
                (Account::PayerClearing(device), vec![(Account::PayerCredit, amount)])
            }
            Event::CashUnknownBill { device, amount } => {
                (Account::PayerClearing(device), vec![(Account::Suspense, amount)])
            }
            Event::WalletCaptured { provider, agency, applied, credited } => (
                Account::ProviderClearing(provider),
                vec![(Account::AgencyPayable(agency), applied), (Account::PayerCredit, credited)],
            ),
            Event::WalletLate { provider, amount } => {
                (Account::ProviderClearing(provider), vec![(Account::PayerCredit, amount)])
            }
            Event::WalletMismatched { provider, took } => {
                (Account::ProviderClearing(provider), vec![(Account::Suspense, took)])
            }
        };
        lines(debit, credits)
    }
}

fn lines(debit: Account, credits: Vec<(Account, Money)>) -> Result<Vec<Entry>, Refusal> {
    let mut total = Money::fils(0);
    let mut lines = Vec::with_capacity(credits.len() + 1);
    for (account, amount) in credits.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        total = total.checked_add(amount)?;
        lines.push(Entry { account, amount: Money::fils(0).checked_sub(amount)? });
    }
    lines.insert(0, Entry { account: debit, amount: total });
    Ok(lines)
}

/// The posting table of `docs/ledger.md`: each event with the accounts it moves.
pub fn table() -> String {
    let mut text = String::from("| event | debit | credit |\n|---|---|---|\n");
    for event in samples() {
        let kind = event.kind();
        let entries = event.entries().unwrap_or_default();
        let side = |wanted: fn(Money) -> bool| {
            let of = entries.iter().filter(|entry| wanted(entry.amount));
            of.map(|entry| format!("`{}`", entry.account)).collect::<Vec<_>>().join(", ")
        };
        let (debit, credit) = (side(Money::is_positive), side(Money::is_negative));
        // Writing to a String cannot fail.
        writeln!(text, "| {kind} | {debit} | {credit} |").ok();
    }
    text
}

fn samples() -> [Event; 8] {
    let device = DeviceId("KSK-0001".to_owned());
    let agency = AgencyId("TRF".to_owned());
    let provider = "benefit-pay".to_owned();
    let (unit, generation, amount, part) = ("CB-1".to_owned(), 1, Money::fils(10_000), Money::fils(5_000));
    [
        Event::CashStacked { device: device.clone(), unit: unit.clone(), generation, amount },
        Event::CashUnknownSession { device: device.clone(), unit, generation, amount },
        Event::CashCommitted {
            device: device.clone(),
            agency: agency.clone(),
            applied: amount,
            credited: part,
        },
        Event::CashUncommitted { device: device.clone(), amount },
        Event::CashUnknownBill { device, amount },
        Event::WalletCaptured { provider: provider.clone(), agency, applied: amount, credited: part },
        Event::WalletLate { provider: provider.clone(), amount },
        Event::WalletMismatched { provider, took: amount },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_balances() {
        for event in samples() {
            let kind = event.kind();
            let entries = event.entries().unwrap();
            let sum: i64 = entries.iter().map(|entry| entry.amount.minor_units()).sum();
            assert_eq!(sum, 0, "{kind}");
            assert!(entries.len() >= 2, "{kind}");
        }
    }

    #[test]
    fn the_page_holds_the_table_of_the_code() {
        let page = include_str!("../../../../docs/ledger.md");
        assert!(page.contains(&table()), "paste into docs/ledger.md:\n{}", table());
    }
}
