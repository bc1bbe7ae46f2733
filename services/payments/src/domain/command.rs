//! What the engine is asked to do.

use ids::{
    AdjustmentId, AgencyId, AttemptId, CaseId, CreditId, DeviceId, DisputeId, InvoiceId, PaymentId, RefundId,
};
use money::Money;
use time::OffsetDateTime;

use super::{
    adjustment,
    attempt::Answer,
    channel::Channel,
    dispute,
    payment::Direct,
    receivable::Terms,
    refund::{self, Of},
};

/// What the engine is asked to do.
#[derive(Clone, Debug)]
pub enum Command {
    Open(Open),
    Change(Change),
    Start(Start),
    Retry(Retry),
    Capture(Capture),
    GiveUp(GiveUp),
    Record(Record),
    Receive(Receive),
    Stack(Stack),
    Close(Close),
    Quarantine(Quarantine),
    RequestRefund(RequestRefund),
    Refund(RefundStep),
    OpenDispute(OpenDispute),
    Dispute(DisputeStep),
    ApplyCredit(ApplyCredit),
    RequestAdjustment(RequestAdjustment),
    Adjust(AdjustmentStep),
}

/// An issued invoice opens its receivable. The same facts again change nothing.
#[derive(Clone, Debug)]
pub struct Open {
    pub invoice_id: InvoiceId,
    pub agency: AgencyId,
    pub bill_reference: String,
    pub service_code: String,
    pub terms: Terms,
}

/// The owner of a bill changes it, or takes it back.
#[derive(Clone, Debug)]
pub struct Change {
    pub agency: Option<AgencyId>,
    pub bill_reference: String,
    /// What the owner has read.
    pub version: i64,
    pub to: Changed,
}

/// What a bill becomes.
#[derive(Clone, Debug)]
pub enum Changed {
    Amended(Terms),
    Cancelled,
}

/// A payer wants to pay bills through a provider: one, or several at once.
#[derive(Clone, Debug)]
pub struct Start {
    /// The agency that the caller is bound to: bills of others do not exist for it. None for payers.
    pub agency: Option<AgencyId>,
    pub bills: Vec<String>,
    /// Of a single bill, up to the end of an instalment; none: all that is due.
    pub amount: Option<Money>,
    pub provider: String,
    pub contact_ref: String,
    pub return_url: String,
    pub actor: String,
    /// The provider only holds the money at first.
    pub delayed_capture: bool,
    /// Every one of them must be open: the wallet, and the portal's pages if the payer is there.
    pub channels: Vec<Channel>,
}

/// The provider is to take money it holds, for all payments of the attempt.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The agency that the caller is bound to: a cart that holds bills of others is not its to capture.
    pub agency: Option<AgencyId>,
    pub attempt_id: AttemptId,
    pub payments: Vec<PaymentId>,
    pub invoices: Vec<InvoiceId>,
    /// Of the first payment: it chooses the lane.
    pub bill_reference: String,
    /// Of a single payment; none: what is held, at most what is still due.
    pub amount: Option<Money>,
}

/// A payer tries a payment again that ended without money.
#[derive(Clone, Debug)]
pub struct Retry {
    pub payment_id: PaymentId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    pub provider: String,
    pub delayed_capture: bool,
}

/// A payer gives a payment up: the provider is asked to let nothing come of it.
#[derive(Clone, Debug)]
pub struct GiveUp {
    pub payment_id: PaymentId,
    pub attempt_id: AttemptId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
}

/// What a provider said about an attempt.
#[derive(Clone, Debug)]
pub struct Record {
    pub attempt_id: AttemptId,
    pub payments: Vec<PaymentId>,
    pub invoices: Vec<InvoiceId>,
    /// Of the first payment: it chooses the lane.
    pub bill_reference: String,
    /// The fence of the claim under which the provider was asked.
    pub fence: i64,
    pub answer: Answer,
}

/// A channel took money for a bill.
#[derive(Clone, Debug)]
pub struct Receive {
    pub agency: Option<AgencyId>,
    pub bill_reference: String,
    pub channel: Direct,
    pub provider: String,
    pub provider_reference: String,
    pub amount: Money,
    pub contact_ref: String,
    pub actor: String,
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
    /// When the payer began, by the device's clock: whether cash was taken then is judged by it. None: now.
    pub began_at: Option<OffsetDateTime>,
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

/// A device was shut out while a session was open.
#[derive(Clone, Debug)]
pub struct Quarantine {
    pub device: DeviceId,
    pub epoch: i64,
    pub session_id: String,
    pub bill_reference: String,
    /// What the device had told of the session.
    pub stacked: Money,
}

/// Somebody wants money of a payment, or a credit, to go back.
#[derive(Clone, Debug)]
pub struct RequestRefund {
    pub agency: Option<AgencyId>,
    pub of: Asked,
    /// None: all that can go back.
    pub amount: Option<Money>,
    /// None: where it came from.
    pub iban: Option<String>,
    pub reason: String,
    pub actor: String,
}

/// What the money is to be taken from.
#[derive(Clone, Debug)]
pub enum Asked {
    Payment {
        payment_id: PaymentId,
        attempt_id: Option<AttemptId>,
        invoice_id: InvoiceId,
        bill_reference: String,
    },
    Credit {
        credit_id: CreditId,
        payment_id: Option<PaymentId>,
        attempt_id: Option<AttemptId>,
        bill_reference: String,
    },
}

/// A step of a refund.
#[derive(Clone, Debug)]
pub struct RefundStep {
    pub agency: Option<AgencyId>,
    pub refund_id: RefundId,
    pub of: Of,
    pub bill_reference: String,
    /// The claim under which the provider was asked; none for people.
    pub fence: Option<i64>,
    pub command: refund::Command,
}

/// A provider tells that a payer objects.
#[derive(Clone, Debug)]
pub struct OpenDispute {
    pub agency: Option<AgencyId>,
    pub payment_id: PaymentId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    pub amount: Money,
    pub provider_reference: String,
    pub reason: String,
    pub actor: String,
}

/// The decision of a dispute.
#[derive(Clone, Debug)]
pub struct DisputeStep {
    pub agency: Option<AgencyId>,
    pub dispute_id: DisputeId,
    pub payment_id: PaymentId,
    pub invoice_id: InvoiceId,
    pub bill_reference: String,
    pub command: dispute::Command,
}

/// A credit pays a bill.
#[derive(Clone, Debug)]
pub struct ApplyCredit {
    pub agency: Option<AgencyId>,
    pub credit_id: CreditId,
    pub bill_reference: String,
    /// None: what is free of it, at most what is due.
    pub amount: Option<Money>,
    pub actor: String,
}

/// One person asks for a correction.
#[derive(Clone, Debug)]
pub struct RequestAdjustment {
    pub agency: Option<AgencyId>,
    pub what: WhatAsked,
    pub reason: String,
    pub case_id: Option<CaseId>,
    pub actor: String,
}

/// What is to be corrected.
#[derive(Clone, Debug)]
pub enum WhatAsked {
    Move {
        debit: super::journal::Account,
        credit: super::journal::Account,
        amount: Money,
        bill_reference: String,
    },
    WriteOff {
        bill_reference: String,
    },
}

/// Another person's word about a correction.
#[derive(Clone, Debug)]
pub struct AdjustmentStep {
    pub agency: Option<AgencyId>,
    pub adjustment_id: AdjustmentId,
    /// Of the bill it is about; may be empty.
    pub bill_reference: String,
    pub command: adjustment::Command,
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
            Command::Change(change) => &change.bill_reference,
            Command::Start(start) => start.bills.first().map_or("", String::as_str),
            Command::Retry(retry) => &retry.bill_reference,
            Command::Capture(capture) => &capture.bill_reference,
            Command::GiveUp(give_up) => &give_up.bill_reference,
            Command::Record(record) => &record.bill_reference,
            Command::Receive(receive) => &receive.bill_reference,
            Command::Stack(stack) => stack.key.device.as_str(),
            Command::Close(close) => &close.bill_reference,
            Command::Quarantine(quarantine) => quarantine.device.as_str(),
            Command::RequestRefund(request) => match &request.of {
                Asked::Payment { bill_reference, .. } | Asked::Credit { bill_reference, .. } => {
                    bill_reference
                }
            },
            Command::Refund(step) => &step.bill_reference,
            Command::OpenDispute(open) => &open.bill_reference,
            Command::Dispute(step) => &step.bill_reference,
            Command::ApplyCredit(apply) => &apply.bill_reference,
            Command::RequestAdjustment(request) => match &request.what {
                WhatAsked::Move { bill_reference, .. } | WhatAsked::WriteOff { bill_reference } => {
                    bill_reference
                }
            },
            Command::Adjust(step) => &step.bill_reference,
        }
    }

    /// Whether overload may turn it away. How doubt ends, and money that is there, are never shed.
    pub fn may_be_shed(&self) -> bool {
        match self {
            Command::Start(_)
            | Command::Retry(_)
            | Command::Receive(_)
            | Command::Change(_)
            | Command::RequestRefund(_)
            | Command::OpenDispute(_)
            | Command::ApplyCredit(_)
            | Command::RequestAdjustment(_)
            | Command::Adjust(_)
            | Command::Dispute(_) => true,
            Command::Refund(step) => step.fence.is_none(),
            Command::Open(_)
            | Command::Capture(_)
            | Command::GiveUp(_)
            | Command::Record(_)
            | Command::Stack(_)
            | Command::Close(_)
            | Command::Quarantine(_) => false,
        }
    }
}
