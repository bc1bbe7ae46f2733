//! The ways this provider fails, each the way real ones do.

use std::{fmt, str::FromStr};

use serde::Deserialize;

use crate::Error;

/// How much off the wrong amounts are, in fils.
pub const WRONG_BY_FILS: i64 = 1_000;

/// What one charge, capture or refund is told to do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is recorded and the money moves; the connection closes without an answer, and nobody is called back.
    SilentAfterApplying,
    /// It is recorded and the money moves; the answer is 500, and nobody is called back.
    ErrorThenApplied,
    /// The money moves at once, and the callback arrives while the call that asked for it still waits.
    CallbackBeforeAnswer,
    /// Each callback comes twice.
    CallbackTwice,
    /// Each callback comes `delay_ms` late.
    CallbackLate,
    /// The callback claims another amount; the book and the inquiry are right.
    CallbackWrongAmount,
    /// Another amount than asked is taken, held or given back: the book, the inquiry and the callback say so.
    ChargeWrongAmount,
}

/// What a fault is armed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    #[default]
    Charge,
    Capture,
    Refund,
}

impl Operation {
    /// As the control endpoint and the book spell it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Charge => "charge",
            Operation::Capture => "capture",
            Operation::Refund => "refund",
        }
    }
}

/// A fault with its delay: what waits for its operation, or was met by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Armed {
    pub fault: Fault,
    pub delay_ms: i64,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 7] = [
        Fault::SilentAfterApplying,
        Fault::ErrorThenApplied,
        Fault::CallbackBeforeAnswer,
        Fault::CallbackTwice,
        Fault::CallbackLate,
        Fault::CallbackWrongAmount,
        Fault::ChargeWrongAmount,
    ];

    /// As the control endpoint and the book spell it.
    pub fn name(self) -> &'static str {
        match self {
            Fault::SilentAfterApplying => "silent_after_applying",
            Fault::ErrorThenApplied => "error_then_applied",
            Fault::CallbackBeforeAnswer => "callback_before_answer",
            Fault::CallbackTwice => "callback_twice",
            Fault::CallbackLate => "callback_late",
            Fault::CallbackWrongAmount => "callback_wrong_amount",
            Fault::ChargeWrongAmount => "charge_wrong_amount",
        }
    }

    /// Is the charge approved as soon as it is made, without the payer?
    pub fn approves_at_once(self) -> bool {
        match self {
            Fault::SilentAfterApplying | Fault::ErrorThenApplied | Fault::CallbackBeforeAnswer => true,
            Fault::CallbackTwice
            | Fault::CallbackLate
            | Fault::CallbackWrongAmount
            | Fault::ChargeWrongAmount => false,
        }
    }

    /// How many callbacks tell one change.
    pub fn callbacks(self) -> usize {
        match self {
            Fault::SilentAfterApplying | Fault::ErrorThenApplied => 0,
            Fault::CallbackTwice => 2,
            Fault::CallbackBeforeAnswer
            | Fault::CallbackLate
            | Fault::CallbackWrongAmount
            | Fault::ChargeWrongAmount => 1,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Fault, Error> {
        Fault::ALL.into_iter().find(|fault| fault.name() == text).ok_or_else(|| {
            let known = Fault::ALL.map(Fault::name).join(", ");
            Error::Invalid(format!("`{text}` is no fault of this wallet; use one of {known}"))
        })
    }
}
