use std::fmt;

use super::{Invalid, normalised};

/// A personal number of Bahrain: nine digits as text, leading zeros kept. Personal data: `Debug` hides it.
///
/// # Source
/// Information & eGovernment Authority: year, month, running number, check digit. How the check digit is
/// computed is not public, so none is checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cpr(String);

impl Cpr {
    /// Reads what people type: any digits, spaces around.
    ///
    /// # Errors
    /// `Invalid` unless there are exactly nine digits.
    pub fn read(typed: &str) -> Result<Self, Invalid> {
        let text = normalised(typed);
        if text.len() == 9 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(Invalid { what: "CPR", expected: "nine digits" })
        }
    }

    /// The nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the month is none of 01 to 12: worth a warning, never a refusal.
    pub fn has_odd_month(&self) -> bool {
        !self
            .0
            .get(2..4)
            .and_then(|month| month.parse().ok())
            .is_some_and(|month: u8| (1..=12).contains(&month))
    }
}

impl fmt::Debug for Cpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cpr(…)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_vectors_pass() {
        let v: Value = serde_json::from_str(include_str!("../../vectors/references.json")).unwrap();
        let texts = |name: &str| -> Vec<String> {
            v[name].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect()
        };
        for good in texts("cpr_good") {
            let cpr = Cpr::read(&good).unwrap();
            assert_eq!((cpr.as_str(), cpr.has_odd_month()), (good.as_str(), false));
        }
        for bad in texts("cpr_bad") {
            assert!(Cpr::read(&bad).is_err(), "{bad}");
        }
        for warned in texts("cpr_warned") {
            assert!(Cpr::read(&warned).unwrap().has_odd_month(), "{warned}");
        }
        for case in v["cpr_normalised"].as_array().unwrap() {
            assert_eq!(
                Cpr::read(case["typed"].as_str().unwrap()).unwrap().as_str(),
                case["is"].as_str().unwrap()
            );
        }
        assert_eq!(format!("{:?}", Cpr::read("520202236").unwrap()), "Cpr(…)");
    }
}
