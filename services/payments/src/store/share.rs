//! Shares and parts, as JSON columns of the rows they belong to: they are read and written with them, and never alone. The
//! columns travel as texts, so that a batch builds no tree of values for each of its rows.

use ids::AgencyId;
use money::Money;
use serde::{Deserialize, Serialize};

use crate::domain::share::{Beneficiary, Part, Share};

#[derive(Serialize, Deserialize)]
struct StoredShare {
    to: String,
    agency: bool,
    due: i64,
    paid: i64,
    returned: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredPart {
    to: String,
    agency: bool,
    fils: i64,
}

fn named(beneficiary: &Beneficiary) -> (String, bool) {
    match beneficiary {
        Beneficiary::Agency(agency) => (agency.0.clone(), true),
        Beneficiary::Other(code) => (code.clone(), false),
    }
}

fn beneficiary((to, agency): (String, bool)) -> Beneficiary {
    if agency { Beneficiary::Agency(AgencyId(to)) } else { Beneficiary::Other(to) }
}

fn json<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("texts and numbers are JSON")
}

/// As stored.
pub fn shares_to_json(shares: &[Share]) -> String {
    let rows = shares.iter().map(|share| {
        let (to, agency) = named(&share.beneficiary);
        let [due, paid, returned] = [share.due, share.paid, share.returned].map(Money::minor_units);
        StoredShare { to, agency, due, paid, returned }
    });
    json(&rows.collect::<Vec<_>>())
}

/// As read; `None` when it is not what we write.
pub fn shares_from_json(stored: &str) -> Option<Vec<Share>> {
    let rows: Vec<StoredShare> = serde_json::from_str(stored).ok()?;
    let shares = rows.into_iter().map(|row| Share {
        beneficiary: beneficiary((row.to, row.agency)),
        due: Money::fils(row.due),
        paid: Money::fils(row.paid),
        returned: Money::fils(row.returned),
    });
    Some(shares.collect())
}

/// As stored.
pub fn parts_to_json(parts: &[Part]) -> String {
    let rows = parts.iter().map(|part| {
        let (to, agency) = named(&part.beneficiary);
        StoredPart { to, agency, fils: part.amount.minor_units() }
    });
    json(&rows.collect::<Vec<_>>())
}

/// As read; `None` when it is not what we write.
pub fn parts_from_json(stored: &str) -> Option<Vec<Part>> {
    let rows: Vec<StoredPart> = serde_json::from_str(stored).ok()?;
    let parts = rows
        .into_iter()
        .map(|row| Part { beneficiary: beneficiary((row.to, row.agency)), amount: Money::fils(row.fils) });
    Some(parts.collect())
}

/// As stored.
pub fn amounts_to_json(amounts: &[Money]) -> String {
    json(&amounts.iter().map(|amount| amount.minor_units()).collect::<Vec<_>>())
}

/// As read; `None` when it is not what we write.
pub fn amounts_from_json(stored: &str) -> Option<Vec<Money>> {
    let rows: Vec<i64> = serde_json::from_str(stored).ok()?;
    Some(rows.into_iter().map(Money::fils).collect())
}
