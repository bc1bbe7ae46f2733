//! Why a command was refused.

use money::Money;

use super::channel::Closed;

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
    #[error("the bill {bill_reference} was cancelled by its agency")]
    BillCancelled { bill_reference: String },
    #[error("what was due on the bill {bill_reference} was written off")]
    BillWrittenOff { bill_reference: String },
    /// Policy has closed the channel for the service.
    #[error("{}", takes_none(bill_reference, .closed))]
    ChannelClosed { bill_reference: String, closed: Closed },
    /// The same bill twice in one cart.
    #[error("the bill {bill_reference} is in the cart twice")]
    BillTwice { bill_reference: String },
    /// Only all that is due, or up to the end of an instalment, can be paid.
    #[error(
        "pay the {remaining} that are due on the bill {bill_reference}, or up to the end of an instalment"
    )]
    AmountNotAllowed { bill_reference: String, remaining: Money },
    /// More than the provider holds.
    #[error("the provider holds {held} for this payment; no more can be captured")]
    CaptureExceeds { held: Money },
    #[error("the amount must be more than nothing")]
    AmountNotPositive,
    /// No such attempt.
    #[error("the attempt is not known")]
    AttemptUnknown,
    /// The work was given to somebody else meanwhile: what he observes counts.
    #[error("the work item was claimed again by somebody else")]
    StaleFence,
    /// An issued bill asks for nothing, or for less than nothing.
    #[error("a bill must ask for more than nothing")]
    NothingDue,
    /// Shares or instalments do not sum to what is due.
    #[error(
        "the shares and the instalments of a bill must each be more than nothing and sum to the {due} that are due"
    )]
    TermsDoNotSum { due: Money },
    /// The same invoice or bill reference came with other facts.
    #[error("the bill {bill_reference} is known with another amount, agency or invoice")]
    BillDiffers { bill_reference: String },
    /// Less than was paid, or another beneficiary for what one already got.
    #[error(
        "{paid} of the bill {bill_reference} are paid; it cannot ask for less, or give it to somebody else"
    )]
    AmendedBelowPaid { bill_reference: String, paid: Money },
    /// The caller has read an older version.
    #[error("the {noun} is at version {version} by now; read it again")]
    StaleVersion { noun: &'static str, version: i64 },
    /// The charge is the money of another payment.
    #[error("the provider's movement {provider_reference} is recorded with another bill or amount")]
    ChargeDiffers { provider_reference: String },
    #[error("no payment has this id")]
    PaymentUnknown,
    #[error("no refund has this id")]
    RefundUnknown,
    #[error("no dispute has this id")]
    DisputeUnknown,
    #[error("no credit has this id")]
    CreditUnknown,
    #[error("no adjustment has this id")]
    AdjustmentUnknown,
    /// More than is left of the payment's money.
    #[error("at most {refundable} of this payment can go back")]
    RefundExceeds { refundable: Money },
    /// The money is kept until the dispute is decided.
    #[error("the payment is disputed; nothing can be refunded until that is decided")]
    Disputed,
    /// More than is left of the credit.
    #[error("at most {free} of this credit are free")]
    CreditExceeded { free: Money },
    /// Cash has no source to go back to.
    #[error("this money did not come from a provider that can give it back; name an IBAN")]
    NoSource,
    /// Whoever asked for it cannot agree to it.
    #[error("a second person must agree: not the one who asked for it")]
    NeedsSecondPerson,
    /// An account that no person moves money on by hand, or twice the same.
    #[error("money cannot be moved from {debit} to {credit} by hand")]
    AccountsNotAllowed { debit: String, credit: String },
    /// A step the state does not know.
    #[error("a {noun} that is {state} cannot {command}")]
    WrongState { noun: &'static str, state: &'static str, command: &'static str },
    /// The arithmetic is impossible.
    #[error(transparent)]
    Money(#[from] money::Error),
}

fn takes_none(bill_reference: &str, closed: &Closed) -> String {
    let since = closed.since.map(|since| format!(" since {since}")).unwrap_or_default();
    let (channel, alternatives) = (closed.channel.name(), closed.alternatives());
    format!("{channel} takes no money for the bill {bill_reference}{since}; pay it by {alternatives}")
}
