//! What a price depends on, and how such values are read: ASCII digits, `.` as the decimal point.

use std::fmt;

use money::Money;

use super::exact::Exact;

/// The most one bill may be, VAT included: BHD 100,000.000.
pub const MAX_AMOUNT_FILS: i64 = 100_000_000;
/// The largest number of units.
pub const MAX_QUANTITY: i64 = 1_000_000;
/// The largest measure, in thousandths: ten thousand million.
pub const MAX_MEASURE_THOUSANDTHS: i64 = 10_000_000_000_000;

/// The name of what a tiered fee depends on, …
pub const UNITS: &str = "units";
/// … a table, …
pub const CATEGORY: &str = "category";
/// … and a fee the agency states.
pub const AMOUNT: &str = "amount";

/// One thing a price depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The column of an upload.
    pub name: String,
    pub kind: InputKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A whole number above 0.
    Quantity,
    /// A decimal of at most 3 places, 0 or above.
    Measure,
    /// One of these.
    Category(Vec<String>),
    /// Money stated by the agency.
    Amount,
}

/// A decimal of at most 3 places, 0 or above, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure(i64);

impl Measure {
    pub const ZERO: Measure = Measure(0);

    /// None for anything else, and above [`MAX_MEASURE_THOUSANDTHS`].
    pub fn read(text: &str) -> Option<Measure> {
        match thousandths(text) {
            Ok(thousandths) if thousandths <= MAX_MEASURE_THOUSANDTHS => Some(Measure(thousandths)),
            Ok(_) | Err(NotDecimal::Text | NotDecimal::Decimals | NotDecimal::TooLarge) => None,
        }
    }

    pub fn exact(self) -> Option<Exact> {
        Exact::decimal(self.0.into(), 3)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000, self.0 % 1_000);
        let decimals = format!("{rest:03}");
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { write!(f, "{whole}") } else { write!(f, "{whole}.{decimals}") }
    }
}

/// A whole number above 0, at most [`MAX_QUANTITY`].
pub fn quantity(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (1..=MAX_QUANTITY).contains(number))
}

/// Why a text is no amount to bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAmount {
    Text,
    Decimals,
    Negative,
    Zero,
    OverLimit,
}

/// Dinars with at most three decimals, above zero, up to [`MAX_AMOUNT_FILS`].
pub fn amount(text: &str) -> Result<Money, NotAmount> {
    let (unsigned, negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    match thousandths(unsigned) {
        Err(NotDecimal::Text) => Err(NotAmount::Text),
        Err(NotDecimal::Decimals) => Err(NotAmount::Decimals),
        Ok(0) => Err(NotAmount::Zero),
        Ok(_) | Err(NotDecimal::TooLarge) if negative => Err(NotAmount::Negative),
        Err(NotDecimal::TooLarge) => Err(NotAmount::OverLimit),
        Ok(fils) if fils > MAX_AMOUNT_FILS => Err(NotAmount::OverLimit),
        Ok(fils) => Ok(Money::fils(fils)),
    }
}

enum NotDecimal {
    Text,
    Decimals,
    TooLarge,
}

fn thousandths(text: &str) -> Result<i64, NotDecimal> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(NotDecimal::Text),
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(NotDecimal::Text);
    }
    if fraction.len() > 3 {
        return Err(NotDecimal::Decimals);
    }
    format!("{whole}{fraction:0<3}").parse().ok().ok_or(NotDecimal::TooLarge)
}

/// Whether `name` can name an input: small letters, digits and `_`, a letter first, at most 32.
pub fn is_name(name: &str) -> bool {
    name.len() <= super::formula::MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_or_named() {
        use NotAmount as N;
        for (text, expected) in [
            ("12.500", Ok(12_500)),
            ("12.5", Ok(12_500)),
            ("12", Ok(12_000)),
            ("0.001", Ok(1)),
            ("100000.000", Ok(MAX_AMOUNT_FILS)),
            ("100000.001", Err(N::OverLimit)),
            ("99999999999.000", Err(N::OverLimit)),
            ("99999999999999999999999", Err(N::OverLimit)),
            ("12.5001", Err(N::Decimals)),
            ("-5", Err(N::Negative)),
            ("-99999999999999999999999", Err(N::Negative)),
            ("0.000", Err(N::Zero)),
            ("-0", Err(N::Zero)),
            ("", Err(N::Text)),
            ("5.", Err(N::Text)),
            (".5", Err(N::Text)),
            ("1e3", Err(N::Text)),
            ("+5", Err(N::Text)),
            ("١٢", Err(N::Text)),
            ("--5", Err(N::Text)),
        ] {
            assert_eq!(amount(text).map(Money::minor_units), expected, "{text}");
        }
    }

    #[test]
    fn quantities_are_whole_and_measures_have_three_decimals() {
        assert_eq!(["1", "007", "1000000"].map(quantity), [Some(1), Some(7), Some(1_000_000)]);
        for bad in ["0", "-1", "1.0", "", "+1", " 1", "1000001", "99999999999999999999", "x"] {
            assert_eq!(quantity(bad), None, "{bad}");
        }
        let shown = |text| Measure::read(text).map(|measure| measure.to_string());
        assert_eq!(shown("333.333").as_deref(), Some("333.333"));
        assert_eq!(shown("0.500").as_deref(), Some("0.5"));
        assert_eq!(shown("10000000000").as_deref(), Some("10000000000"));
        for bad in ["-1", "1.0001", "x", "", "10000000000.001"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
