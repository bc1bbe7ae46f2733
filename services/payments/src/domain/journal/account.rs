//! The chart of accounts.

use std::{fmt, str::FromStr};

use ids::{AgencyId, DeviceId};

use crate::domain::share::Beneficiary;

/// An account of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What we owe an agency.
    AgencyPayable(AgencyId),
    /// What we owe another receiver of parts of bills.
    BeneficiaryPayable(String),
    /// What a provider owes us.
    ProviderClearing(String),
    /// Notes that must lie in a cash unit.
    CashInDevice { device: DeviceId, unit: String, generation: i64 },
    /// Notes of sessions that are not over.
    PayerClearing(DeviceId),
    /// What we owe payers.
    PayerCredit,
    /// What goes back to payers, and is not there yet.
    RefundsPayable,
    /// What open disputes keep.
    Disputed,
    /// Money at the treasury's bank.
    TreasuryBank,
    /// What coins cannot express.
    Rounding,
    /// Counted cash that is more or less than the books say.
    OverShort,
    /// Money whose purpose a person must find.
    Suspense,
}

/// A text that names no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no account: write it as in the trial balance, agency_payable:TRF")]
pub struct Unreadable(String);

impl From<Beneficiary> for Account {
    fn from(beneficiary: Beneficiary) -> Account {
        match beneficiary {
            Beneficiary::Agency(agency) => Account::AgencyPayable(agency),
            Beneficiary::Other(code) => Account::BeneficiaryPayable(code),
        }
    }
}

impl Account {
    /// Whether a person may move money on it: not where other rows say to the fils what must stand there.
    pub fn may_be_adjusted(&self) -> bool {
        match self {
            Account::AgencyPayable(_)
            | Account::BeneficiaryPayable(_)
            | Account::ProviderClearing(_)
            | Account::CashInDevice { .. }
            | Account::TreasuryBank
            | Account::Rounding
            | Account::OverShort
            | Account::Suspense => true,
            Account::PayerClearing(_)
            | Account::PayerCredit
            | Account::RefundsPayable
            | Account::Disputed => false,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::AgencyPayable(agency) => write!(f, "agency_payable:{agency}"),
            Account::BeneficiaryPayable(code) => write!(f, "beneficiary_payable:{code}"),
            Account::ProviderClearing(provider) => write!(f, "provider_clearing:{provider}"),
            Account::CashInDevice { device, unit, generation } => {
                write!(f, "cash_in_device:{device}/{unit}/{generation}")
            }
            Account::PayerClearing(device) => write!(f, "payer_clearing:{device}"),
            Account::PayerCredit => f.write_str("payer_credit"),
            Account::RefundsPayable => f.write_str("refunds_payable"),
            Account::Disputed => f.write_str("disputed"),
            Account::TreasuryBank => f.write_str("treasury_bank"),
            Account::Rounding => f.write_str("rounding"),
            Account::OverShort => f.write_str("over_short"),
            Account::Suspense => f.write_str("suspense"),
        }
    }
}

impl FromStr for Account {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Account, Unreadable> {
        let unreadable = || Unreadable(text.chars().take(64).collect());
        let (name, of) = text.split_once(':').map_or((text, None), |(name, of)| (name, Some(of)));
        let account = match (name, of) {
            ("agency_payable", Some(agency)) => agency.parse().ok().map(Account::AgencyPayable),
            ("beneficiary_payable", Some(code)) if !code.is_empty() => {
                Some(Account::BeneficiaryPayable(code.to_owned()))
            }
            ("provider_clearing", Some(provider)) if !provider.is_empty() => {
                Some(Account::ProviderClearing(provider.to_owned()))
            }
            ("cash_in_device", Some(place)) => cash_in_device(place),
            ("payer_clearing", Some(device)) => device.parse().ok().map(Account::PayerClearing),
            ("payer_credit", None) => Some(Account::PayerCredit),
            ("refunds_payable", None) => Some(Account::RefundsPayable),
            ("disputed", None) => Some(Account::Disputed),
            ("treasury_bank", None) => Some(Account::TreasuryBank),
            ("rounding", None) => Some(Account::Rounding),
            ("over_short", None) => Some(Account::OverShort),
            ("suspense", None) => Some(Account::Suspense),
            (_name, _of) => None,
        };
        account.ok_or_else(unreadable)
    }
}

fn cash_in_device(place: &str) -> Option<Account> {
    let mut parts = place.split('/');
    let (device, unit, generation) = (parts.next()?, parts.next()?, parts.next()?);
    let (device, generation) = (device.parse().ok()?, generation.parse().ok()?);
    let whole = parts.next().is_none() && !unit.is_empty();
    whole.then(|| Account::CashInDevice { device, unit: unit.to_owned(), generation })
}
