//! The posting table of `docs/ledger.md`.

use std::fmt::Write as _;

use ids::{AgencyId, DeviceId};
use money::Money;

use super::{Account, Event};
use crate::domain::share::{Beneficiary, Part};

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

fn samples() -> Vec<Event> {
    let device = DeviceId("KSK-0001".to_owned());
    let provider = "benefit-pay".to_owned();
    let agency = AgencyId("TRF".to_owned());
    let (unit, generation, amount, part) = ("CB-1".to_owned(), 1, Money::fils(10_000), Money::fils(5_000));
    let parts = vec![
        Part { beneficiary: Beneficiary::Agency(agency.clone()), amount },
        Part { beneficiary: Beneficiary::Other("MUN".to_owned()), amount: part },
    ];
    let (channel, applied) = ("wallet", parts.clone());
    let mut samples = vec![
        Event::CashStacked { device: device.clone(), unit: unit.clone(), generation, amount },
        Event::CashUnknownSession { device: device.clone(), unit, generation, amount },
        Event::CashCommitted {
            device: device.clone(),
            applied: applied.clone(),
            credited: part,
            rounding: Money::fils(2),
        },
        Event::CashUncommitted { device: device.clone(), amount },
        Event::CashUnknownBill { device, amount },
        Event::Authorised { provider: provider.clone(), agency: agency.clone(), amount },
        Event::AuthorisationReleased { provider: provider.clone(), agency: agency.clone(), amount },
        Event::WalletCaptured { provider: provider.clone(), applied: applied.clone(), credited: part },
        Event::WalletLate { provider: provider.clone(), amount },
        Event::WalletMismatched { provider: provider.clone(), took: amount },
        Event::PaymentRecorded {
            channel,
            provider: provider.clone(),
            applied: applied.clone(),
            credited: part,
        },
    ];
    samples.extend([
        Event::RefundReserved { channel, parts: parts.clone() },
        Event::RefundReleased { channel, parts: parts.clone() },
        Event::RefundSucceeded { channel, from: Account::ProviderClearing(provider.clone()), amount },
        Event::CreditReserved { amount },
        Event::CreditReleased { amount },
        Event::CreditApplied { applied },
        Event::DisputeOpened { channel, parts: parts.clone() },
        Event::DisputeWon { channel, parts },
        Event::DisputeLost { channel, provider, amount },
        Event::Adjusted { debit: Account::Suspense, credit: Account::AgencyPayable(agency), amount },
    ]);
    samples
}
