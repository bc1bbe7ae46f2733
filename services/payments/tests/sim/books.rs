//! The ledger against the money outside: L1 to L3, L5 to L7, L10, L11.

use std::collections::{BTreeMap, BTreeSet};

use payments::domain::{
    dispute,
    journal::{self, Account},
    refund,
};

use super::{callers::Request, lane::Outcome, run::Sim, worker::tail};

pub fn check(sim: &Sim, broken: &mut BTreeSet<String>) {
    let mut sums: BTreeMap<Account, i64> = BTreeMap::new();
    let mut pending: BTreeMap<Account, i64> = BTreeMap::new();
    for journal in &sim.store.journals {
        let sum: i64 = journal.entries.iter().map(|entry| entry.amount.minor_units()).sum();
        if sum != 0 || journal.entries.len() < 2 {
            broken.insert(format!("L1: {} does not balance", journal.source));
        }
        for entry in &journal.entries {
            let sums = if journal.is_pending() { &mut pending } else { &mut sums };
            *sums.entry(entry.account.clone()).or_default() += entry.amount.minor_units();
        }
    }
    for (sums, is_pending) in [(&sums, false), (&pending, true)] {
        let mut balances: BTreeMap<Account, i64> = BTreeMap::new();
        for ((account, _stripe), [posted, pending]) in &sim.store.balances {
            let (debit, credit) = if is_pending { pending } else { posted };
            *balances.entry(account.clone()).or_default() += debit - credit;
        }
        if balances.values().sum::<i64>() != 0 {
            broken.insert("L2: the trial balance is not nothing".to_owned());
        }
        balances.retain(|_, balance| *balance != 0);
        if balances != sums.iter().filter(|(_, sum)| **sum != 0).map(|(a, sum)| (a.clone(), *sum)).collect() {
            broken.insert("L3: balances are not the sums of entries".to_owned());
        }
    }
    held(sim, &pending, broken);
    charges(sim, broken);
    movements(sim, broken);
    bills(sim, broken);
    explained(sim, &sums, broken);
}

/// What is pending is what attempts hold; once all have ended, nothing is.
fn held(sim: &Sim, pending: &BTreeMap<Account, i64>, broken: &mut BTreeSet<String>) {
    let attempts = sim.store.world.attempts.values();
    let held = attempts.filter(|attempt| attempt.state.held_as().is_some());
    let held: i64 = held.map(|attempt| attempt.amount.minor_units()).sum();
    let clearing = pending.iter().filter(|(account, _)| matches!(account, Account::ProviderClearing(_)));
    let booked: i64 = clearing.map(|(_, sum)| *sum).sum();
    if booked != held {
        broken.insert(format!("L7: {booked} are pending at providers, who hold {held}"));
    }
}

/// What journals of `source` took from providers. A cart's attempt has several.
fn took(sim: &Sim, source: &str) -> i64 {
    let part = format!("{source}/");
    let own = sim.store.journals.iter().filter(|j| j.source == source || j.source.starts_with(&part));
    let entries = own.flat_map(|journal| &journal.entries);
    let clearing = entries.filter(|entry| matches!(entry.account, Account::ProviderClearing(_)));
    clearing.map(|entry| entry.amount.minor_units()).sum()
}

/// L5 and L6: each charge that a provider applied is booked once, and each that is booked was applied.
fn charges(sim: &Sim, broken: &mut BTreeSet<String>) {
    let mut known: BTreeSet<_> = sim.provider.charges.keys().copied().collect();
    known.extend(sim.store.world.attempts.keys().map(|id| id.0));
    for id in known {
        let source = format!("attempt:{id}");
        let attempt = sim.store.world.attempts.get(&id.into());
        let moved = attempt.and_then(|attempt| Some((&attempt.provider, attempt.state.moved()?.0)));
        let booked = moved.map_or(0, |(provider, name)| took(sim, &journal::movement(provider, name)));
        let applied = sim.provider.took(id);
        let lies = sim.provider.charges.get(&id).is_some_and(|charge| charge.lies);
        let has_case = sim.store.cases.contains_key(&("contradiction", source));
        if applied != booked && !(lies && has_case && booked == 0) {
            broken.insert(format!(
                "L5/L6: the provider applied {applied} of {}, {booked} are booked",
                tail(id)
            ));
        }
    }
}

/// L6: each movement that a channel was told is booked, is booked once with its amount.
fn movements(sim: &Sim, broken: &mut BTreeSet<String>) {
    for call in &sim.calls {
        let Request::Receive { movement, amount, .. } = &call.request else { continue };
        let done = call.heard.iter().any(|(_, heard)| matches!(heard, Outcome::Ok(_)));
        let booked = took(sim, &journal::movement("pos", movement));
        if done && booked != amount.minor_units() {
            broken.insert(format!("L6: movement {movement} of {amount} is booked with {booked}"));
        }
    }
}

/// L10: what is paid of a bill is what came for it, and never more than is due.
fn bills(sim: &Sim, broken: &mut BTreeSet<String>) {
    let came = ["wallet_captured", "payment_recorded", "cash_committed", "credit_applied"];
    for bill in sim.store.world.receivables.values() {
        let own = sim.store.journals.iter().filter(|journal| journal.invoice_id == Some(bill.invoice_id));
        let own = own.filter(|journal| came.contains(&journal.kind)).flat_map(|journal| &journal.entries);
        let owed = own.filter(|entry| {
            matches!(entry.account, Account::AgencyPayable(_) | Account::BeneficiaryPayable(_))
        });
        let sum: i64 = owed.map(|entry| -entry.amount.minor_units()).sum();
        let (paid, due) = (bill.paid.minor_units(), bill.due.minor_units());
        let shares: i64 = bill.shares.iter().map(|share| share.paid.minor_units()).sum();
        if sum != paid || paid > due || (!bill.shares.is_empty() && shares != paid) {
            let name = &bill.bill_reference;
            broken.insert(format!("L10: {name}: due {due}, paid {paid}, shares {shares}, booked {sum}"));
        }
    }
}

/// L7 and L11: accounts in transit hold exactly what rows, notes and open sessions explain.
fn explained(sim: &Sim, sums: &BTreeMap<Account, i64>, broken: &mut BTreeSet<String>) {
    let world = &sim.store.world;
    let credits: i64 = world
        .credits
        .values()
        .map(|credit| credit.amount.minor_units() - credit.used.minor_units() - credit.reserved.minor_units())
        .sum();
    let is_open = |refund: &&refund::Refund| {
        use refund::State as S;
        matches!(refund.state, S::Requested | S::Approved { .. } | S::Submitted { .. } | S::Unknown { .. })
    };
    let refunding: i64 =
        world.refunds.values().filter(is_open).map(|refund| refund.amount.minor_units()).sum();
    let undecided = world.disputes.values().filter(|dispute| dispute.state == dispute::State::Opened);
    let disputed: i64 = undecided.map(|dispute| dispute.amount.minor_units()).sum();
    let paid_out: i64 = sim.bank.values().sum();
    let open: i64 = sim.kiosk.open.values().sum();
    let sum = |fits: fn(&Account) -> bool| -> i64 {
        sums.iter().filter(|(account, _)| fits(account)).map(|(_, sum)| *sum).sum()
    };
    let all = [
        ("payer_credit", sum(|a| *a == Account::PayerCredit), -credits),
        ("refunds_payable", sum(|a| *a == Account::RefundsPayable), -refunding),
        ("disputed", sum(|a| *a == Account::Disputed), -disputed),
        ("treasury_bank", sum(|a| *a == Account::TreasuryBank), -paid_out),
        ("cash_in_device", sum(|a| matches!(a, Account::CashInDevice { .. })), sim.kiosk.notes),
        ("payer_clearing", sum(|a| matches!(a, Account::PayerClearing(_))), -open),
    ];
    for (account, booked, outside) in all {
        if booked != outside {
            broken.insert(format!("L7/L11: {account} holds {booked}, explained are {outside}"));
        }
    }
}
