use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Currency, Error, Lang};

/// An amount: whole minor units of one currency, of either sign.
///
/// It has no `Default` and no order of its own: each amount and each comparison names its currency. In JSON it
/// is `{"amount":"12.500","currency":"BHD"}`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

impl Money {
    /// `minor_units` of `currency`: 12500 of BHD is 12.500 dinars.
    pub const fn new(minor_units: i64, currency: Currency) -> Self {
        Self { minor_units, currency }
    }

    /// Fils of the Bahraini dinar.
    pub const fn fils(fils: i64) -> Self {
        Self::new(fils, Currency::Bhd)
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Minor units: fils for BHD.
    pub const fn minor_units(self) -> i64 {
        self.minor_units
    }

    /// The currency of the amount.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.minor_units == 0
    }

    /// More than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor_units > 0
    }

    /// Less than nothing.
    pub const fn is_negative(self) -> bool {
        self.minor_units < 0
    }

    /// The sum.
    ///
    /// # Errors
    /// `Mismatch` of currencies; `Overflow`.
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i64::checked_add)
    }

    /// The difference; it may be negative.
    ///
    /// # Errors
    /// `Mismatch` of currencies; `Overflow`.
    pub fn checked_sub(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i64::checked_sub)
    }

    /// This amount `times` times: unit price × quantity.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn checked_mul(self, times: i64) -> Result<Self, Error> {
        let minor_units = self.minor_units.checked_mul(times).ok_or(Error::Overflow)?;
        Ok(Self { minor_units, ..self })
    }

    /// The sum of all; nothing if there are none.
    ///
    /// # Errors
    /// `Mismatch` with `currency`; `Overflow`.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// Whether this amount is above `limit`; an equal amount is not.
    ///
    /// # Errors
    /// `Mismatch` of currencies.
    pub fn exceeds(&self, limit: Self) -> Result<bool, Error> {
        self.same_currency(limit)?;
        Ok(self.minor_units > limit.minor_units)
    }

    /// The amount in major units, exact: 12.500. For fee formulas; come back by [`Self::from_decimal_half_up`].
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor_units, self.currency.exponent().into())
    }

    /// Dinars with any number of decimals, rounded half up to whole fils (halves go away from zero): 1.2345 is
    /// 1235 fils.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn from_decimal_half_up(dinars: Decimal) -> Result<Self, Error> {
        let fils = dinars.checked_mul(Decimal::ONE_THOUSAND).ok_or(Error::Overflow)?;
        Self::from_fils_half_up(fils)
    }

    /// Fils with a fraction, rounded like [`Self::from_decimal_half_up`].
    pub(crate) fn from_fils_half_up(fils: Decimal) -> Result<Self, Error> {
        let whole = fils.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        i64::try_from(whole).ok().map(Self::fils).ok_or(Error::Overflow)
    }

    fn same_currency(self, other: Self) -> Result<(), Error> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(Error::Mismatch { left: self.currency, right: other.currency })
        }
    }

    fn combine(self, other: Self, with: fn(i64, i64) -> Option<i64>) -> Result<Self, Error> {
        self.same_currency(other)?;
        let minor_units = with(self.minor_units, other.minor_units).ok_or(Error::Overflow)?;
        Ok(Self { minor_units, ..self })
    }
}

/// For logs and errors: as an English page prints it, `BHD 12.500`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.page(Lang::En))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Json { amount: self.to_json_amount(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Self::from_json_amount(&json.amount, json.currency).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_exact_or_refused() {
        let (five, most) = (Money::fils(5), Money::fils(i64::MAX));
        assert_eq!(five.checked_add(Money::fils(7)), Ok(Money::fils(12)));
        assert_eq!(five.checked_sub(Money::fils(7)), Ok(Money::fils(-2)));
        assert_eq!(five.checked_mul(3), Ok(Money::fils(15)));
        assert_eq!(Money::sum(Currency::Bhd, [five, five]), Ok(Money::fils(10)));
        assert_eq!(most.checked_add(five), Err(Error::Overflow));
        assert_eq!(Money::fils(i64::MIN).checked_sub(five), Err(Error::Overflow));
        assert_eq!(most.checked_mul(2), Err(Error::Overflow));
        assert_eq!(five.exceeds(Money::fils(5)), Ok(false));
        assert_eq!(five.exceeds(Money::fils(4)), Ok(true));
    }

    #[test]
    fn decimals_are_dinars_and_round_half_away_from_zero() {
        let cases = [("12.5", 12_500), ("0.0005", 1), ("0.00049999", 0), ("-0.0005", -1), ("1.2345", 1_235)];
        for (dinars, fils) in cases {
            assert_eq!(
                Money::from_decimal_half_up(dinars.parse().unwrap()),
                Ok(Money::fils(fils)),
                "{dinars}"
            );
        }
        assert_eq!(Money::from_decimal_half_up(Decimal::MAX), Err(Error::Overflow));
        let too_much = "9223372036854775.8075".parse().unwrap();
        assert_eq!(Money::from_decimal_half_up(too_much), Err(Error::Overflow));
        let most = Money::fils(i64::MAX);
        assert_eq!(Money::from_decimal_half_up(most.to_decimal()), Ok(most));
    }

    #[test]
    fn json_is_a_text_amount_and_a_currency_and_nothing_else() {
        let json = r#"{"amount":"12.500","currency":"BHD"}"#;
        assert_eq!(serde_json::to_string(&Money::fils(12_500)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), Money::fils(12_500));
        for bad in [
            r#"{"amount":12.5,"currency":"BHD"}"#,
            r#"{"amount":"12.5","currency":"BHD"}"#,
            r#"{"amount":"12.500","currency":"USD"}"#,
            r#"{"amount":"12.500"}"#,
            r#"{"amount":"12.500","currency":"BHD","x":1}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
    }
}
