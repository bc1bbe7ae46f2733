//! The person a bill is for. Never in a log, an event or an unsealed column.

use std::fmt;

use standards::references::{Cpr, Cr, Invalid};

/// By which a payer is known: a person's CPR, or a company's commercial registration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PayerNumber {
    Cpr(Cpr),
    Cr(Cr),
}

impl PayerNumber {
    /// Reads what people type. A registration has a hyphen, a personal number has none.
    ///
    /// # Errors
    /// It is neither.
    pub fn read(typed: &str) -> Result<PayerNumber, Invalid> {
        Cpr::read(typed).map(PayerNumber::Cpr).or_else(|_no_cpr| Cr::read(typed).map(PayerNumber::Cr))
    }

    /// `880101234`, `12345-1`.
    pub fn as_str(&self) -> &str {
        match self {
            PayerNumber::Cpr(cpr) => cpr.as_str(),
            PayerNumber::Cr(cr) => cr.as_str(),
        }
    }
}

/// Who shall pay, and the clerk's free words about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Payer {
    pub number: PayerNumber,
    pub facts: PayerFacts,
}

/// What is sealed beside the invoice.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PayerFacts {
    pub name: String,
    /// `+973` and eight digits, or empty.
    pub phone: String,
    /// Free text of the agency; it may say anything about the person.
    pub note: String,
    /// Where notices and reminders go; empty: none are sent.
    #[serde(default)]
    pub email: String,
    /// Of those.
    #[serde(default)]
    pub language: Language,
}

/// What somebody reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Ar,
    En,
}

impl PayerFacts {
    /// The name as anybody who holds the bill's reference may see it: `ر**** ا****`. The number of stars says
    /// nothing about the length.
    pub fn masked_name(&self) -> String {
        let masked = self.name.split_whitespace().filter_map(|word| word.chars().next());
        masked.map(|first| format!("{first}****")).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payer(…)")
    }
}

impl fmt::Debug for PayerFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayerFacts(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_name_keeps_first_letters_only() {
        let facts = |name: &str| PayerFacts {
            name: name.into(),
            phone: String::new(),
            note: String::new(),
            email: String::new(),
            language: Language::Ar,
        };
        assert_eq!(facts("راشد حسن الخليفي").masked_name(), "ر**** ح**** ا****");
        assert_eq!(facts("Li").masked_name(), "L****");
        assert_eq!(format!("{:?}", facts("Li")), "PayerFacts(…)");
    }
}
