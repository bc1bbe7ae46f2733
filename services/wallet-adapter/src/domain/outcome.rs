//! What a call to a provider can end in.

use money::Money;

/// What a call to a provider ended in. A timeout is not a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing left this machine: safe to repeat.
    NotSent { reason: &'static str },
    /// It may have been applied: inquire.
    Indeterminate { reason: String },
    /// The provider's definite words, signed by it.
    Observed(Observation),
}

/// A provider's definite words about one attempt or one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub state: Observed,
    /// As the provider says it, also where it is not what we asked; none when it knows no amount.
    pub amount: Option<Money>,
    /// The provider's own reference; empty when it has none.
    pub provider_reference: String,
    /// Where the payer goes on; empty when there is nothing to do.
    pub redirect_url: String,
    /// The provider's code of a decline.
    pub reason: String,
}

/// Where a provider says the attempt or the refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    Pending,
    /// The provider holds the money for us, and none has moved.
    Authorised,
    Paid,
    Declined,
    Expired,
    /// Counts only after the provider's own horizon: a call of ours may still be on its way.
    NotFound,
    /// Of a refund: the payer has the money.
    Refunded,
    /// Of a reversal or a capture: nothing can come of the attempt any more.
    Reversed,
}

impl Outcome {
    /// An outcome that needs an inquiry.
    pub fn indeterminate(reason: impl Into<String>) -> Outcome {
        Outcome::Indeterminate { reason: reason.into() }
    }

    /// As evidence spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::NotSent { .. } => "not_sent",
            Outcome::Indeterminate { .. } => "indeterminate",
            Outcome::Observed(_) => "observed",
        }
    }

    /// Why it is not an observation, or why it was declined.
    pub fn reason(&self) -> &str {
        match self {
            Outcome::NotSent { reason } => reason,
            Outcome::Indeterminate { reason } => reason,
            Outcome::Observed(observation) => &observation.reason,
        }
    }

    /// What was observed, as evidence spells it.
    pub fn observed(&self) -> Option<&'static str> {
        match self {
            Outcome::NotSent { .. } | Outcome::Indeterminate { .. } => None,
            Outcome::Observed(observation) => Some(observation.state.name()),
        }
    }
}

impl Observed {
    /// As evidence spells it.
    pub fn name(self) -> &'static str {
        match self {
            Observed::Pending => "pending",
            Observed::Authorised => "authorised",
            Observed::Paid => "paid",
            Observed::Declined => "declined",
            Observed::Expired => "expired",
            Observed::NotFound => "not_found",
            Observed::Refunded => "refunded",
            Observed::Reversed => "reversed",
        }
    }
}
