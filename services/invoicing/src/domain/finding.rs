//! What somebody must know, beside a personal number, to see that person's bills.

use std::time::Duration;

use super::{numbering, typed};

/// Wrong proofs for one personal number within [`MISSES_COUNT`]; after them even a right one finds nothing.
pub const MAX_MISSES: i64 = 5;
/// How long a wrong proof counts.
pub const MISSES_COUNT: Duration = Duration::from_hours(1);
/// Bills in one answer.
pub const MAX_BILLS: i64 = 50;
/// How long every answer takes, so that its time tells nothing.
pub const TAKES: Duration = Duration::from_millis(300);
const PHONE_END: usize = 4;

/// What is shown beside the personal number.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// The reference of any bill of the person, as it is stored.
    Reference(String),
    /// The last four digits of the phone that an agency has.
    PhoneEnd(String),
}

impl Proof {
    /// What was typed; none if it is neither.
    pub fn read(text: &str) -> Option<Proof> {
        let plain: String = typed::plain(text).chars().filter(|c| !c.is_whitespace()).collect();
        if plain.len() == PHONE_END && plain.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Proof::PhoneEnd(plain));
        }
        plain.contains('-').then(|| Proof::Reference(numbering::typed_reference(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_four_digits_or_a_reference() {
        let read = |text| match Proof::read(text) {
            Some(Proof::Reference(reference)) => format!("reference {reference}"),
            Some(Proof::PhoneEnd(digits)) => format!("phone {digits}"),
            None => "neither".to_owned(),
        };
        assert_eq!(read("٤٣٢١"), "phone 4321");
        assert_eq!(read(" trf-2026-000123-k7qm4"), "reference TRF-2026-000123-K7QM4");
        for neither in ["", "432", "43210", "abcd"] {
            assert_eq!(read(neither), "neither", "{neither}");
        }
    }
}
