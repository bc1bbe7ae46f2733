//! Why a command was refused.

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No receivable has this bill reference.
    #[error("no bill has the reference {bill_reference}")]
    BillUnknown { bill_reference: String },
    /// Nothing is due any more.
    #[error("the bill {bill_reference} is paid")]
    AlreadyPaid { bill_reference: String },
    /// Another attempt is live or unknown: a second one could take the money twice.
    #[error("another payment of the bill {bill_reference} is under way")]
    InProgress { bill_reference: String },
    /// No such attempt.
    #[error("the attempt is not known")]
    AttemptUnknown,
    /// The work was given to somebody else meanwhile: what he observes counts.
    #[error("the work item was claimed again by somebody else")]
    StaleFence,
    /// An issued bill asks for nothing, or for less than nothing.
    #[error("a bill must ask for more than nothing")]
    NothingDue,
    /// The same invoice or bill reference came with other facts.
    #[error("the bill {bill_reference} is known with another amount, agency or invoice")]
    BillDiffers { bill_reference: String },
    /// A step the state does not know. The decision never asks for one; if it does, it is a bug that must not write.
    #[error("a {noun} that is {state} cannot {command}")]
    WrongState { noun: &'static str, state: &'static str, command: &'static str },
    /// The arithmetic is impossible.
    #[error(transparent)]
    Money(#[from] money::Error),
}
