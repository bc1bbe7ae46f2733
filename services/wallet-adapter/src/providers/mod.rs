//! The providers we can call: one file each, all behind this enum.

pub mod benefit_pay;
pub mod http;

use std::time::Duration;

use ids::AttemptId;
use money::Money;

use crate::domain::outcome::Outcome;
use benefit_pay::BenefitPay;
use http::{Answer, Outgoing};

/// A provider that is set up.
#[derive(Clone, Debug)]
pub enum Provider {
    BenefitPay(BenefitPay),
}

/// How a payer pays with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// A page of the provider.
    Redirect,
    /// The payer's app scans our code.
    Qr,
}

/// What a provider can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    pub flows: &'static [Flow],
    /// The least and the most of one payment.
    pub least: Money,
    pub most: Money,
    /// It answers what became of an attempt.
    pub inquiry: bool,
    /// It calls us back.
    pub callback: bool,
    /// A payer has this long.
    pub payable_for: Duration,
}

/// What we ask a provider to collect.
#[derive(Clone, Debug)]
pub struct Order {
    pub attempt: AttemptId,
    pub amount: Money,
    pub bill_reference: String,
    pub callback_url: String,
    /// Where the payer's browser goes afterwards; may be empty.
    pub return_url: String,
}

/// What was asked: an answer means something only together with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Initiate,
    Inquire,
}

impl Kind {
    /// As evidence spells it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Initiate => "initiate",
            Kind::Inquire => "inquire",
        }
    }
}

/// What a callback with a good signature claims. Only a hint: its amount is not even read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Our reference, as the provider spells it.
    pub reference: String,
    /// The state it claims, in the provider's words.
    pub state: String,
}

/// The callback is not signed by the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the callback is not signed by the provider")]
pub struct Forged;

impl Provider {
    /// As payments and settings call it.
    pub fn name(&self) -> &'static str {
        match self {
            Provider::BenefitPay(_) => "benefit-pay",
        }
    }

    /// What it can do.
    pub fn capabilities(&self) -> Capabilities {
        match self {
            Provider::BenefitPay(_) => benefit_pay::capabilities(),
        }
    }

    /// The request that asks to collect.
    pub fn initiate(&self, order: &Order) -> Outgoing {
        match self {
            Provider::BenefitPay(provider) => provider.initiate(order),
        }
    }

    /// The request that asks what became of an attempt.
    pub fn inquire(&self, attempt: AttemptId) -> Outgoing {
        match self {
            Provider::BenefitPay(provider) => provider.inquire(attempt),
        }
    }

    /// Reads an answer to `kind` about `attempt`. Whatever is not exactly as it must be is indeterminate.
    pub fn read(&self, kind: Kind, attempt: AttemptId, answer: &Answer) -> Outcome {
        match self {
            Provider::BenefitPay(provider) => provider.read(kind, attempt, answer),
        }
    }

    /// Reads a callback.
    ///
    /// # Errors
    /// [`Forged`].
    pub fn read_callback(&self, signature: &str, body: &[u8]) -> Result<Hint, Forged> {
        match self {
            Provider::BenefitPay(provider) => provider.read_callback(signature, body),
        }
    }
}
