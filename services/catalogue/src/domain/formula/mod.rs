//! A small language for fees: `max(0.500, rent*0.10)`. Decimals, names, `+ - * /`, parentheses, a leading minus, `min`
//! and `max`. It is read into a tree and worked out in exact numbers; nothing of it is ever run as code.

mod evaluate;
mod parse;
mod token;

pub use evaluate::Worked;
pub use parse::Formula;

/// The longest formula, in characters.
pub const MAX_LENGTH: usize = 300;
/// How deep parentheses, calls and signs may nest.
pub const MAX_DEPTH: usize = 32;
/// The longest name, in characters.
pub const MAX_NAME: usize = 32;
/// Digits of a number before the point, …
pub const MAX_WHOLE_DIGITS: usize = 12;
/// … and behind it.
pub const MAX_DECIMALS: usize = 6;
/// What one formula may depend on.
pub const MAX_INPUTS: usize = 8;

/// What is wrong with a formula, and at which of its characters (from 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {position}: {mistake}")]
pub struct FormulaError {
    pub position: usize,
    pub mistake: Mistake,
}

/// What is wrong with a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    #[error("the formula is empty; write for example max(0.500, rent*0.10)")]
    Empty,
    #[error("the formula is longer than {MAX_LENGTH} characters; shorten it")]
    TooLong,
    #[error("more than {MAX_DEPTH} levels are nested; simplify the formula")]
    TooDeep,
    #[error("`{0}` is not part of a formula; use digits, names, + - * / ( ) and commas")]
    Character(char),
    #[error("a number has 1 to {MAX_WHOLE_DIGITS} digits and at most {MAX_DECIMALS} decimals, like 0.250")]
    Number,
    #[error("a name has at most {MAX_NAME} characters")]
    NameTooLong,
    #[error("a formula takes at most {MAX_INPUTS} inputs")]
    TooManyInputs,
    #[error("a number, a name or `(` is expected here{}", found(.0.as_deref()))]
    Value(Option<String>),
    #[error("an operator (+ - * /) is expected before `{0}`")]
    Operator(String),
    #[error("the parenthesis opened here is not closed; add `)`")]
    NotClosed,
    #[error("there is no `(` for this `)`")]
    NotOpened,
    #[error("`{name}` is not a function{}; there are min and max", meant(.suggestion.as_deref()))]
    UnknownFunction { name: String, suggestion: Option<&'static str> },
    #[error("`{0}` is a function; write {0}(a, b)")]
    FunctionWithoutArguments(&'static str),
    #[error("`{0}` takes at least two values, like {0}(a, b)")]
    TooFewArguments(&'static str),
    #[error("`{0}` has no value")]
    NoValue(String),
    #[error("this divides by zero")]
    DivisionByZero,
    #[error("the number becomes too large here")]
    Overflow,
}

fn found(token: Option<&str>) -> String {
    token.map_or_else(|| ", but the formula ends".to_owned(), |token| format!(", not `{token}`"))
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(", did you mean {name}"))
}

fn wrong(position: usize, mistake: Mistake) -> FormulaError {
    FormulaError { position, mistake }
}
