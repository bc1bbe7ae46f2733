use crate::{Currency, Form};

/// Why arithmetic or a conversion of amounts is impossible. Nothing was rounded or cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is too large to be held")]
    Overflow,
    /// Two currencies met in one sum or comparison.
    #[error("amounts in {left} and {right} cannot be combined")]
    Mismatch {
        /// The currency of the amount that was asked.
        left: Currency,
        /// The currency of the other amount.
        right: Currency,
    },
    /// A split needs a weight above zero.
    #[error("an amount cannot be split: no part has a weight")]
    NoWeights,
    /// The wire form has no place for this amount: a sign, or too many digits.
    #[error("the amount cannot be written as {0:?}")]
    Form(Form),
}

/// Why a text is not an amount. Whether zero is allowed is decided by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing was written.
    #[error("the amount is empty")]
    Empty,
    /// Not a plain number in the form asked.
    #[error("the amount is not a plain number in the form asked, such as 12.500")]
    Text,
    /// `12,50`, `1.234,500`, `1,234`: the comma could mean thousands or decimals.
    #[error("the separators of the amount can be read in two ways; write it like 1,234.500 or 1234.500")]
    Separators,
    /// A fourth decimal, or, where exactly three are asked, fewer.
    #[error("the amount has the wrong number of decimals: a dinar has three, such as 12.500")]
    Decimals,
    /// Below zero where only a price can stand.
    #[error("the amount is negative")]
    Negative,
    /// More than can be held.
    #[error("the amount is too large")]
    Overflow,
    /// A currency stands beside the number, and it is not the one asked.
    #[error("the amount is in another currency: only BHD is taken")]
    Currency,
}
