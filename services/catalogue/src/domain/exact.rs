//! Exact numbers for fee formulas: a fraction of two whole numbers, so that a tie of half a fils is a tie.

use std::{cmp::Ordering, fmt};

use money::Money;

/// A fraction in lowest terms; its denominator is above zero. Every operation is checked, none rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

impl Exact {
    /// `numerator / denominator`; none when it cannot be held or the denominator is zero.
    pub fn new(numerator: i128, denominator: i128) -> Option<Exact> {
        let negative = (numerator < 0) != (denominator < 0);
        let (over, under) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        let common = greatest_common_divisor(over, under);
        let over = i128::try_from(over.checked_div(common)?).ok()?;
        let under = i128::try_from(under.checked_div(common)?).ok()?;
        (under != 0).then_some(Exact { numerator: if negative { -over } else { over }, denominator: under })
    }

    /// `digits` with the last `decimals` of them behind the point.
    pub fn decimal(digits: i128, decimals: u32) -> Option<Exact> {
        Exact::new(digits, 10_i128.checked_pow(decimals)?)
    }

    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub fn is_negative(self) -> bool {
        self.numerator < 0
    }

    pub fn checked_neg(self) -> Option<Exact> {
        Exact::new(self.numerator.checked_neg()?, self.denominator)
    }

    pub fn checked_add(self, other: Exact) -> Option<Exact> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Exact::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    pub fn checked_sub(self, other: Exact) -> Option<Exact> {
        self.checked_add(other.checked_neg()?)
    }

    pub fn checked_mul(self, other: Exact) -> Option<Exact> {
        let over = self.numerator.checked_mul(other.numerator)?;
        Exact::new(over, self.denominator.checked_mul(other.denominator)?)
    }

    /// None also when `other` is zero: ask [`Exact::is_zero`] first to tell.
    pub fn checked_div(self, other: Exact) -> Option<Exact> {
        let over = self.numerator.checked_mul(other.denominator)?;
        Exact::new(over, self.denominator.checked_mul(other.numerator)?)
    }

    /// Which is greater; none when the comparison cannot be held.
    pub fn checked_cmp(self, other: Exact) -> Option<Ordering> {
        let left = self.numerator.checked_mul(other.denominator)?;
        Some(left.cmp(&other.numerator.checked_mul(self.denominator)?))
    }

    /// Dinars as whole fils, half up (halves go away from zero).
    pub fn fils_half_up(self) -> Option<Money> {
        let fils = self.numerator.unsigned_abs().checked_mul(1_000)?;
        let under = self.denominator.unsigned_abs();
        let whole = fils.checked_mul(2)?.checked_add(under)?.checked_div(under.checked_mul(2)?)?;
        let whole = i64::try_from(whole).ok()?;
        Some(Money::fils(if self.is_negative() { -whole } else { whole }))
    }

    /// The same dinars exactly, if they are whole fils.
    pub fn is_whole_fils(self) -> bool {
        1_000 % self.denominator == 0
    }
}

/// Up to nine decimals; `…` after six when there are more.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under = self.denominator.unsigned_abs();
        let (whole, rest) = (self.numerator.unsigned_abs() / under, self.numerator.unsigned_abs() % under);
        let Some(scaled) = rest.checked_mul(1_000_000_000) else {
            return write!(f, "{}/{}", self.numerator, self.denominator);
        };
        let nine = format!("{:09}", scaled / under);
        let (digits, more) = if scaled.is_multiple_of(under) {
            (nine.trim_end_matches('0'), "")
        } else {
            (nine.get(..6).unwrap_or_default(), "…")
        };
        let (sign, point) =
            (if self.is_negative() { "-" } else { "" }, if digits.is_empty() { "" } else { "." });
        write!(f, "{sign}{whole}{point}{digits}{more}")
    }
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(over: i128, under: i128) -> Exact {
        Exact::new(over, under).unwrap()
    }

    #[test]
    fn a_third_three_times_is_one_and_a_half_fils_is_a_tie() {
        let third = of(1, 3);
        assert_eq!(third.checked_add(third).unwrap().checked_add(third), Some(of(1, 1)));
        // 0.001 / 3 * 1.5 is exactly half a fils; decimals would say 0.000499….
        let half = of(1, 1_000).checked_div(of(3, 1)).unwrap().checked_mul(of(3, 2)).unwrap();
        assert_eq!(half.fils_half_up(), Some(Money::fils(1)));
        assert_eq!(half.checked_neg().unwrap().fils_half_up(), Some(Money::fils(-1)));
        assert_eq!(of(49, 100_000).fils_half_up(), Some(Money::fils(0)));
    }

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        for (number, shown) in [
            (of(12, 1), "12"),
            (of(1, 2), "0.5"),
            (of(-5, 4), "-1.25"),
            (of(1, 3), "0.333333…"),
            (of(100, 1), "100"),
        ] {
            assert_eq!(number.to_string(), shown);
        }
    }

    #[test]
    fn what_cannot_be_held_is_none_and_never_wraps() {
        let huge = of(i128::MAX, 1);
        assert_eq!(huge.checked_add(huge), None);
        assert_eq!(huge.checked_mul(huge), None);
        assert_eq!(huge.fils_half_up(), None);
        assert_eq!(of(1, 1).checked_div(of(0, 1)), None);
        assert_eq!(Exact::new(1, 0), None);
        assert_eq!(of(2, 4), of(-1, -2));
    }
}
