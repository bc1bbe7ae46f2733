use crate::{Currency, Money};

/// A language of our pages, as far as amounts are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English: the currency stands before the number.
    En,
    /// Arabic: the currency stands after the number; the digits are European, as on Bahrain's own bills.
    Ar,
}

impl Money {
    /// The amount as a page prints it: `BHD 1,234.500`, `1,234.500 د.ب.`; plain spaces, no invisible
    /// characters. The page isolates it (`<bdi dir="ltr">`).
    pub fn page(self, lang: Lang) -> String {
        let sign = if self.is_negative() { "-" } else { "" };
        let (whole, decimals) = self.digits();
        let number = format!("{sign}{}.{decimals}", thousands(&whole));
        match (lang, self.currency()) {
            (Lang::En, currency @ Currency::Bhd) => format!("{currency} {number}"),
            (Lang::Ar, Currency::Bhd) => format!("{number} د.ب."),
        }
    }
}

fn thousands(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len().saturating_mul(2));
    for (left, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        grouped.push(digit);
        if left > 0 && left.is_multiple_of(3) {
            grouped.push(',');
        }
    }
    grouped
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn pages_print_as_the_vectors_say() {
        let vectors: Value = serde_json::from_str(include_str!("../vectors/money.json")).unwrap();
        for case in vectors["forms"].as_array().unwrap() {
            let amount = Money::fils(case["fils"].as_i64().unwrap());
            assert_eq!(amount.page(Lang::En), case["en"].as_str().unwrap());
            assert_eq!(amount.page(Lang::Ar), case["ar"].as_str().unwrap());
        }
    }
}
