//! The providers we can call: one file each, all behind this enum.

pub mod benefit_pay;
pub mod http;

use std::time::Duration;

use ids::{AttemptId, RefundId};
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
    /// It can hold money first, and take it or let it go later.
    pub authorise: bool,
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
    /// Hold the money, and take it only when asked.
    pub authorise_only: bool,
}

/// What we ask a provider to take of the money it holds.
#[derive(Clone, Debug)]
pub struct Capture {
    pub attempt: AttemptId,
    /// The provider's name of the held money.
    pub provider_reference: String,
    pub amount: Money,
}

/// What we ask a provider to give back.
#[derive(Clone, Debug)]
pub struct Refund {
    pub refund: RefundId,
    /// Whose money it is.
    pub attempt: AttemptId,
    /// The provider's name of the charge.
    pub provider_reference: String,
    pub amount: Money,
}

/// What was asked: an answer means something only together with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Initiate(AttemptId),
    Inquire(AttemptId),
    Capture(AttemptId),
    Refund { refund: RefundId, attempt: AttemptId },
    InquireRefund(RefundId),
    Reverse(AttemptId),
}

impl Kind {
    /// As evidence spells it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Initiate(_) => "initiate",
            Kind::Inquire(_) => "inquire",
            Kind::Capture(_) => "capture",
            Kind::Refund { .. } => "refund",
            Kind::InquireRefund(_) => "inquire_refund",
            Kind::Reverse(_) => "reverse",
        }
    }

    /// The attempt it names.
    pub fn attempt(self) -> Option<AttemptId> {
        match self {
            Kind::Initiate(attempt)
            | Kind::Inquire(attempt)
            | Kind::Capture(attempt)
            | Kind::Refund { attempt, .. }
            | Kind::Reverse(attempt) => Some(attempt),
            Kind::InquireRefund(_) => None,
        }
    }

    /// The refund it names.
    pub fn refund(self) -> Option<RefundId> {
        match self {
            Kind::Refund { refund, .. } | Kind::InquireRefund(refund) => Some(refund),
            Kind::Initiate(_) | Kind::Inquire(_) | Kind::Capture(_) | Kind::Reverse(_) => None,
        }
    }

    /// Does it change something at the provider? One of these that left may have done it.
    pub fn changes(self) -> bool {
        match self {
            Kind::Initiate(_) | Kind::Capture(_) | Kind::Refund { .. } | Kind::Reverse(_) => true,
            Kind::Inquire(_) | Kind::InquireRefund(_) => false,
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

    /// The request that asks to take held money.
    pub fn capture(&self, capture: &Capture) -> Outgoing {
        match self {
            Provider::BenefitPay(provider) => provider.capture(capture),
        }
    }

    /// The request that asks to give money back.
    pub fn refund(&self, refund: &Refund) -> Outgoing {
        match self {
            Provider::BenefitPay(provider) => provider.refund(refund),
        }
    }

    /// The request that asks what became of a refund.
    pub fn inquire_refund(&self, refund: RefundId) -> Outgoing {
        match self {
            Provider::BenefitPay(provider) => provider.inquire_refund(refund),
        }
    }

    /// The request that asks to give an attempt up.
    pub fn reverse(&self, attempt: AttemptId) -> Outgoing {
        match self {
            Provider::BenefitPay(provider) => provider.reverse(attempt),
        }
    }

    /// Reads an answer to `kind`. Whatever is not exactly as it must be is indeterminate.
    pub fn read(&self, kind: Kind, answer: &Answer) -> Outcome {
        match self {
            Provider::BenefitPay(provider) => provider.read(kind, answer),
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
