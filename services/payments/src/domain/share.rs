//! Who gets how much of a bill. Money is divided by what each is still owed, by largest remainder: parts sum to the whole
//! at every payment, and after the last one each has exactly his share.

use ids::AgencyId;
use money::Money;

use super::Refusal;

/// One beneficiary's share of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub beneficiary: Beneficiary,
    pub due: Money,
    /// Never more than `due`.
    pub paid: Money,
    /// What of `paid` went back, or is about to.
    pub returned: Money,
}

/// Who is owed money by the platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Beneficiary {
    Agency(AgencyId),
    /// Another receiver of part of a bill, by the catalogue's code.
    Other(String),
}

/// What one beneficiary gets, or gives back, of one amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub beneficiary: Beneficiary,
    pub amount: Money,
}

impl Share {
    /// A new share of `due`.
    pub fn new(beneficiary: Beneficiary, due: Money) -> Share {
        let zero = Money::zero(due.currency());
        Share { beneficiary, due, paid: zero, returned: zero }
    }

    /// What it is still owed.
    pub(super) fn unpaid(&self) -> Result<Money, money::Error> {
        self.due.checked_sub(self.paid)
    }

    /// What it has, and could give back.
    pub(super) fn kept(&self) -> Result<Money, money::Error> {
        self.paid.checked_sub(self.returned)
    }
}

/// Divides `amount` by the `room` of each share. Without shares all of it is the agency's.
pub(super) fn divide(
    shares: &[Share],
    agency: &AgencyId,
    amount: Money,
    room: fn(&Share) -> Result<Money, money::Error>,
) -> Result<Vec<Part>, Refusal> {
    if shares.is_empty() || amount.is_zero() {
        let beneficiary = Beneficiary::Agency(agency.clone());
        return Ok(vec![Part { beneficiary, amount }]);
    }
    let mut weights = Vec::with_capacity(shares.len());
    for share in shares {
        weights.push(u64::try_from(room(share)?.minor_units()).ok().ok_or(money::Error::Overflow)?);
    }
    let amounts = money::rounding::split(amount, &weights)?;
    let parts = shares.iter().zip(amounts).filter(|(_, amount)| !amount.is_zero());
    Ok(parts.map(|(share, amount)| Part { beneficiary: share.beneficiary.clone(), amount }).collect())
}

/// What the parts sum to.
pub(super) fn total(parts: &[Part]) -> Result<Money, Refusal> {
    Ok(Money::sum(money::Currency::Bhd, parts.iter().map(|part| part.amount))?)
}

pub(super) fn pay(shares: &mut [Share], parts: &[Part]) -> Result<(), Refusal> {
    each(shares, parts, |share, amount| {
        share.paid = share.paid.checked_add(amount)?;
        Ok(())
    })
}

pub(super) fn give(shares: &mut [Share], parts: &[Part]) -> Result<(), Refusal> {
    each(shares, parts, |share, amount| {
        share.returned = share.returned.checked_add(amount)?;
        Ok(())
    })
}

pub(super) fn take_back(shares: &mut [Share], parts: &[Part]) -> Result<(), Refusal> {
    each(shares, parts, |share, amount| {
        share.returned = share.returned.checked_sub(amount)?;
        Ok(())
    })
}

fn each(
    shares: &mut [Share],
    parts: &[Part],
    change: fn(&mut Share, Money) -> Result<(), money::Error>,
) -> Result<(), Refusal> {
    for part in parts {
        if let Some(share) = shares.iter_mut().find(|share| share.beneficiary == part.beneficiary) {
            change(share, part.amount)?;
        }
    }
    Ok(())
}

/// The `new` shares with what the `old` ones got already; `None` when somebody got more than he would be due.
pub(super) fn amended(
    old: &[Share],
    agency: &AgencyId,
    paid: Money,
    returned: Money,
    new: &[Share],
) -> Result<Option<Vec<Share>>, Refusal> {
    let own = Beneficiary::Agency(agency.clone());
    let whole = [Share { beneficiary: own, due: paid, paid, returned }];
    let had = if old.is_empty() { &whole[..] } else { old };
    if new.is_empty() {
        // All is the agency's from now on; what others got stays theirs only if they got nothing.
        let others =
            had.iter().any(|share| share.beneficiary != whole[0].beneficiary && !share.paid.is_zero());
        return Ok((!others).then(Vec::new));
    }
    let mut shares: Vec<Share> = new.to_vec();
    for before in had.iter().filter(|share| !share.paid.is_zero()) {
        let Some(share) = shares.iter_mut().find(|share| share.beneficiary == before.beneficiary) else {
            return Ok(None);
        };
        if before.paid.exceeds(share.due)? {
            return Ok(None);
        }
        (share.paid, share.returned) = (before.paid, before.returned);
    }
    Ok(Some(shares))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shares(due: &[i64]) -> Vec<Share> {
        let named = due.iter().enumerate();
        named.map(|(n, due)| Share::new(Beneficiary::Other(format!("B{n}")), Money::fils(*due))).collect()
    }

    fn agency() -> AgencyId {
        AgencyId("TRF".to_owned())
    }

    proptest! {
        #[test]
        fn however_a_bill_is_paid_and_given_back_each_gets_and_gives_exactly_his_share(
            due in prop::collection::vec(1_i64..10_000, 1..6),
            cuts in prop::collection::vec(1_i64..3_000, 0..12),
        ) {
            let mut all = shares(&due);
            let total_due: i64 = due.iter().sum();
            for back in [false, true] {
                let mut left = total_due;
                for cut in cuts.iter().copied().chain([total_due]) {
                    let amount = Money::fils(cut.min(left));
                    left -= amount.minor_units();
                    let room = if back { Share::kept } else { Share::unpaid };
                    let parts = divide(&all, &agency(), amount, room).unwrap();
                    prop_assert_eq!(total(&parts).unwrap(), amount);
                    prop_assert!(parts.iter().all(|part| !part.amount.is_negative()));
                    if back { give(&mut all, &parts).unwrap() } else { pay(&mut all, &parts).unwrap() }
                    let within = |a: Money, b: Money| !a.exceeds(b).unwrap();
                    prop_assert!(all.iter().all(|s| within(s.paid, s.due) && within(s.returned, s.paid)));
                    if left == 0 { break }
                }
            }
            prop_assert!(all.iter().all(|share| share.paid == share.due && share.returned == share.paid));
        }
    }

    #[test]
    fn a_bill_without_shares_is_the_agencys() {
        let parts = divide(&[], &agency(), Money::fils(7), Share::unpaid).unwrap();
        assert_eq!(parts, [Part { beneficiary: Beneficiary::Agency(agency()), amount: Money::fils(7) }]);
    }
}
