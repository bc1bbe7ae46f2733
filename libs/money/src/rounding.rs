//! Each rounding by its name: shares, VAT, cash.

use std::cmp::Reverse;

use rust_decimal::Decimal;

use crate::{Error, Money};

/// The smallest coin, in fils: cash cannot express less.
const SMALLEST_COIN_FILS: i64 = 5;

/// Splits `total` by `weights`, by largest remainder, ties to the earlier part. The parts sum to the total.
///
/// # Errors
/// `NoWeights` if there is no weight above zero.
pub fn split(total: Money, weights: &[u64]) -> Result<Vec<Money>, Error> {
    let sum =
        weights.iter().try_fold(0_u128, |sum, w| sum.checked_add((*w).into())).ok_or(Error::Overflow)?;
    if sum == 0 {
        return Err(Error::NoWeights);
    }
    let magnitude = u128::from(total.minor_units().unsigned_abs());

    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = magnitude;
    for (place, weight) in weights.iter().enumerate() {
        let share = magnitude.checked_mul((*weight).into()).ok_or(Error::Overflow)?;
        let part = share.checked_div(sum).ok_or(Error::NoWeights)?;
        left = left.checked_sub(part).ok_or(Error::Overflow)?;
        parts.push(part);
        remainders.push((place, share.checked_rem(sum).ok_or(Error::NoWeights)?));
    }

    // What is left is less than the number of parts: one unit each, to the largest remainders.
    remainders.sort_by_key(|(_, remainder)| Reverse(*remainder));
    for (place, _) in remainders {
        if left == 0 {
            break;
        }
        let part = parts.get_mut(place).ok_or(Error::Overflow)?;
        *part = part.checked_add(1).ok_or(Error::Overflow)?;
        left = left.checked_sub(1).ok_or(Error::Overflow)?;
    }
    parts.into_iter().map(|part| signed_like(total, part)).collect()
}

/// A part of one invoice line, its VAT or a reduction: `rate_percent` of it (10 for 10 %), half up to one fils; halves go away
/// from zero, so that a credit note takes back exactly what its invoice took.
///
/// # Errors
/// `Overflow`.
pub fn percent_half_up(line: Money, rate_percent: Decimal) -> Result<Money, Error> {
    let fils = Decimal::from(line.minor_units())
        .checked_mul(rate_percent)
        .and_then(|product| product.checked_div(Decimal::ONE_HUNDRED))
        .ok_or(Error::Overflow)?;
    Money::from_fils_half_up(fils)
}

/// What is due in cash, rounded up to 5 fils: the excess is the payer's credit.
///
/// # Errors
/// `Overflow`.
pub fn cash_due_up(due: Money) -> Result<Money, Error> {
    let down = cash_due_down(due)?;
    if down == due { Ok(due) } else { down.checked_add(Money::new(SMALLEST_COIN_FILS, due.currency())) }
}

/// What is due in cash, rounded down to 5 fils: the rest is a loss the agency's policy books.
///
/// # Errors
/// `Overflow`.
pub fn cash_due_down(due: Money) -> Result<Money, Error> {
    let over = due.minor_units().checked_rem_euclid(SMALLEST_COIN_FILS).ok_or(Error::Overflow)?;
    due.checked_sub(Money::new(over, due.currency()))
}

/// `magnitude` with the sign of `total`.
fn signed_like(total: Money, magnitude: u128) -> Result<Money, Error> {
    let magnitude = i128::try_from(magnitude).ok().ok_or(Error::Overflow)?;
    let value = if total.is_negative() { magnitude.checked_neg().ok_or(Error::Overflow)? } else { magnitude };
    i64::try_from(value).ok().map(|units| Money::new(units, total.currency())).ok_or(Error::Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::Currency;

    fn vectors(name: &str) -> Vec<Value> {
        let all: Value = serde_json::from_str(include_str!("../vectors/rounding.json")).unwrap();
        let cases = all[name].as_array().unwrap().clone();
        assert!(!cases.is_empty());
        cases
    }

    fn fils(value: &Value) -> Money {
        Money::fils(value.as_i64().unwrap())
    }

    #[test]
    fn splits_go_to_the_largest_remainder() {
        for case in vectors("split") {
            let weights: Vec<u64> =
                case["weights"].as_array().unwrap().iter().map(|w| w.as_u64().unwrap()).collect();
            let parts: Vec<Money> = case["parts"].as_array().unwrap().iter().map(fils).collect();
            assert_eq!(split(fils(&case["total_fils"]), &weights), Ok(parts), "{case}");
        }
        assert_eq!(split(Money::fils(-1000), &[1, 1, 1]).unwrap()[0], Money::fils(-334));
        assert_eq!(split(Money::fils(5), &[]), Err(Error::NoWeights));
        assert_eq!(split(Money::fils(5), &[0, 0]), Err(Error::NoWeights));
    }

    #[test]
    fn vat_is_half_up_on_the_line() {
        for case in vectors("vat") {
            let rate = case["rate_percent"].as_str().unwrap().parse().unwrap();
            assert_eq!(
                percent_half_up(fils(&case["line_fils"]), rate),
                Ok(fils(&case["vat_fils"])),
                "{case}"
            );
        }
        assert_eq!(percent_half_up(Money::fils(-5), Decimal::TEN), Ok(Money::fils(-1)));
        assert_eq!(percent_half_up(Money::fils(i64::MAX), Decimal::ONE_THOUSAND), Err(Error::Overflow));
    }

    #[test]
    fn cash_is_due_in_steps_of_five_fils() {
        for case in vectors("cash_due") {
            let due = fils(&case["due_fils"]);
            assert_eq!(cash_due_up(due), Ok(fils(&case["cash_up_fils"])), "{case}");
            assert_eq!(cash_due_down(due), Ok(fils(&case["cash_down_fils"])), "{case}");
        }
        assert_eq!(cash_due_up(Money::fils(i64::MAX)), Err(Error::Overflow));
    }

    proptest! {
        #[test]
        fn parts_always_sum_to_the_whole(total: i64, weights in prop::collection::vec(any::<u64>(), 1..20)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parts = split(Money::fils(total), &weights).unwrap();
            prop_assert_eq!(Money::sum(Currency::Bhd, parts), Ok(Money::fils(total)));
        }
    }
}
