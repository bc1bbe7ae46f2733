//! The RPCs: convert, call, answer. Rules are elsewhere.

mod exception;
mod ledger;
mod payment;
mod receivable;
mod refund;

use boot::{Problem, wire::money_from_wire};
use money::Money;
use proto::common::v1 as common;
use tonic::Code;

/// Longer texts are refused: they are stored as they come.
const TEXT_MAX: usize = 2_048;

fn short(field: &str, text: &str) -> Result<(), Problem> {
    if text.len() <= TEXT_MAX {
        return Ok(());
    }
    Err(invalid(field, format!("`{field}` may have {TEXT_MAX} bytes.")))
}

fn given(field: &str, text: &str) -> Result<(), Problem> {
    short(field, text)?;
    if text.is_empty() { Err(invalid(field, format!("`{field}` is missing."))) } else { Ok(()) }
}

fn invalid(field: &str, detail: String) -> Problem {
    Problem::new(Code::InvalidArgument, "field_invalid", detail).field(field)
}

/// An amount that may be absent.
fn some_money(field: &str, amount: Option<&common::Money>) -> Result<Option<Money>, Problem> {
    amount.map(|amount| money_from_wire(field, &Some(amount.clone()))).transpose()
}

/// The word by which an enum's value is stored; none for "unspecified".
fn stored(name: &str, prefix: &str) -> Option<String> {
    let word = name.trim_start_matches(prefix).to_lowercase();
    (word != "unspecified").then_some(word)
}
