//! Amounts of money: whole minor units (fils) and a currency, checked arithmetic, no floats.
//!
//! | form | write | read |
//! |---|---|---|
//! | public JSON `12.500` | [`Money::to_json_amount`] | [`Money::from_json_amount`] |
//! | other wire forms | [`Money::write`] | [`Money::read`] |
//! | a page `BHD 12.500` | [`Money::page`] | [`Money::parse_typed`] |
//!
//! Rounding is named where it happens: [`rounding`] and [`Money::from_decimal_half_up`].
#![deny(clippy::arithmetic_side_effects)]

mod amount;
mod currency;
mod error;
mod form;
mod page;
pub mod rounding;
mod typed;

pub use amount::Money;
pub use currency::Currency;
pub use error::{AmountError, Error};
pub use form::Form;
pub use page::Lang;
