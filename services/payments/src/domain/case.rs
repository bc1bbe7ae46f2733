//! Open questions that a person must decide.

use ids::{AgencyId, CaseId, PaymentId};
use money::Money;
use time::OffsetDateTime;

/// An open question about money that is in the books, or that a provider contradicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub id: CaseId,
    pub kind: Kind,
    /// What brought it up; one case per kind and source.
    pub source: String,
    pub agency: Option<AgencyId>,
    pub payment_id: Option<PaymentId>,
    pub bill_reference: String,
    pub amount: Money,
    /// For the person who decides. No personal data.
    pub detail: String,
    pub opened_at: OffsetDateTime,
}

/// What the question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Money came for a bill that others had paid, or after its payment had ended.
    SecondPayment,
    /// A provider took another amount than we asked for.
    AmountMismatch,
    /// Cash for a bill nobody knows.
    CashUnknownBill,
    /// Cash outside any session.
    CashUnknownSession,
    /// Cash stayed inside when the payer cancelled or left.
    CashUncommitted,
    /// A provider took back a definite answer, or gave one that cannot be true.
    Contradiction,
    /// No definite answer about a payment has come for long.
    UnknownOutcome,
    /// A device was shut out while a session was open: its notes may not be told.
    DeviceQuarantined,
    /// Money came by a channel that policy has closed: it is there, so it is booked, and somebody asks how it came.
    ChannelClosed,
    /// A provider took money back: the agency decides whether the bill is due again.
    Chargeback,
}

impl Kind {
    /// All there are.
    pub const ALL: [Kind; 10] = [
        Kind::SecondPayment,
        Kind::AmountMismatch,
        Kind::CashUnknownBill,
        Kind::CashUnknownSession,
        Kind::CashUncommitted,
        Kind::Contradiction,
        Kind::UnknownOutcome,
        Kind::DeviceQuarantined,
        Kind::ChannelClosed,
        Kind::Chargeback,
    ];

    /// As stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Kind::SecondPayment => "second_payment",
            Kind::AmountMismatch => "amount_mismatch",
            Kind::CashUnknownBill => "cash_unknown_bill",
            Kind::CashUnknownSession => "cash_unknown_session",
            Kind::CashUncommitted => "cash_uncommitted",
            Kind::Contradiction => "contradiction",
            Kind::UnknownOutcome => "unknown_outcome",
            Kind::DeviceQuarantined => "device_quarantined",
            Kind::ChannelClosed => "channel_closed",
            Kind::Chargeback => "chargeback",
        }
    }
}
