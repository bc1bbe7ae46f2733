//! What the engine is asked to do.

use ids::{AgencyId, AttemptId, DeviceId, InvoiceId, PaymentId};
use money::Money;

use super::attempt::Answer;

/// What the engine is asked to do.
#[derive(Clone, Debug)]
pub enum Command {
    Open(Open),
    Start(Start),
    Record(Record),
    Stack(Stack),
    Close(Close),
}

/// An issued invoice opens its receivable. The same facts again change nothing.
#[derive(Clone, Debug)]
pub struct Open {
    pub invoice_id: InvoiceId,
    pub agency: AgencyId,
    pub bill_reference: String,
    pub service_code: String,
    pub total: Money,
}

/// A payer wants to pay all that is due through a provider.
#[derive(Clone, Debug)]
pub struct Start {
    /// The agency that the caller is bound to: bills of others do not exist for it. None for payers.
    pub agency: Option<AgencyId>,
    pub bill_reference: String,
    pub provider: String,
    pub contact_ref: String,
    pub return_url: String,
    pub actor: String,
}

/// What a provider said about an attempt.
#[derive(Clone, Debug)]
pub struct Record {
    pub attempt_id: AttemptId,
    pub payment_id: PaymentId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    /// The fence of the claim under which the provider was asked.
    pub fence: i64,
    pub answer: Answer,
}

/// The business key of a device's record; it never expires.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CashKey {
    pub device: DeviceId,
    pub epoch: i64,
    pub seq: i64,
}

/// A note lies in a cash unit.
#[derive(Clone, Debug)]
pub struct Stack {
    pub key: CashKey,
    pub session_id: String,
    pub bill_reference: String,
    pub unit_id: String,
    pub unit_generation: i64,
    pub amount: Money,
    pub session: SessionKnown,
}

/// Whether a note belongs to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKnown {
    Yes,
    No,
}

/// A session at a device is over.
#[derive(Clone, Debug)]
pub struct Close {
    pub key: CashKey,
    pub session_id: String,
    pub bill_reference: String,
    pub end: SessionEnd,
    /// Everything stacked in the session.
    pub stacked: Money,
    pub receipt_number: String,
    pub bill: BillAsked,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The payer pays the bill with what is stacked.
    Committed,
    /// The payer cancelled, or left.
    GivenUp,
}

/// Whether the owner of bills was asked about this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillAsked {
    /// No, or it exists.
    NotYet,
    /// Yes, and there is no such bill: the cash is accepted all the same.
    Unknown,
}

impl CashKey {
    /// The source of the record's journal.
    pub fn source(&self) -> String {
        format!("cash:{}/{}/{}", self.device, self.epoch, self.seq)
    }
}

impl Command {
    /// What the command's lane is chosen by: commands about one bill, and notes of one device, meet in one lane.
    pub fn lane_key(&self) -> &str {
        match self {
            Command::Open(open) => &open.bill_reference,
            Command::Start(start) => &start.bill_reference,
            Command::Record(record) => &record.bill_reference,
            Command::Stack(stack) => stack.key.device.as_str(),
            Command::Close(close) => &close.bill_reference,
        }
    }

    /// Whether overload may turn it away. How doubt ends, and cash that is physically there, are never shed.
    pub fn may_be_shed(&self) -> bool {
        match self {
            Command::Start(_) => true,
            Command::Open(_) | Command::Record(_) | Command::Stack(_) | Command::Close(_) => false,
        }
    }
}
