//! Identifiers people and banks use: read as typed, kept in one spelling.

mod card_number;
mod cpr;
mod cr;
mod mod97;
mod phone;

pub use card_number::contains_card_number;
pub use cpr::Cpr;
pub use cr::Cr;
pub use mod97::{bahrain_iban, creditor_reference, is_creditor_reference};
pub use phone::bahrain_phone;

use crate::digits;

/// A text that is not the identifier it should be. It does not hold the text: some are personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: expected {expected}")]
pub struct Invalid {
    /// Which identifier was wanted.
    pub what: &'static str,
    /// The form it should have.
    pub expected: &'static str,
}

/// European digits for all others; no invisible marks, nothing around.
fn normalised(typed: &str) -> String {
    let visible = typed.chars().filter(|c| !digits::is_invisible(*c));
    let text: String = visible.map(|c| digits::to_ascii(c).unwrap_or(c)).collect();
    text.trim().to_owned()
}
