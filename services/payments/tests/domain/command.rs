//! What the engine is asked to do: its lane, and whether overload may turn it away.

use ids::{AttemptId, CreditId, DeviceId, PaymentId};
use money::Money;
use payments::domain::{
    Command, adjustment,
    attempt::Answer,
    channel::Channel,
    command::{
        AdjustmentStep, ApplyCredit, Asked, BillAsked, Capture, CashKey, Change, Changed, Close, DisputeStep,
        GiveUp, Open, OpenDispute, Quarantine, Receive, Record, RefundStep, RequestAdjustment, RequestRefund,
        Retry, SessionEnd, SessionKnown, Stack, Start, WhatAsked,
    },
    dispute,
    journal::Account,
    payment::Direct,
    refund::{self, Of},
};

use crate::given::{FIRST, SECOND, id, part, terms};

pub fn key(seq: i64) -> CashKey {
    CashKey { device: DeviceId("KSK-0001".to_owned()), epoch: 1, seq }
}

pub fn open() -> Open {
    Open {
        invoice_id: id(1),
        agency: crate::given::ours(),
        bill_reference: "TRF-1".to_owned(),
        service_code: "FINE".to_owned(),
        terms: terms(10_000, &[("TRF", 7_000), ("mun", 3_000)], &[4_000, 6_000]),
    }
}

pub fn change(to: Changed) -> Change {
    Change { agency: None, bill_reference: "TRF-1".to_owned(), version: 7, to }
}

pub fn start(bills: &[&str]) -> Start {
    Start {
        agency: None,
        bills: bills.iter().map(|bill| (*bill).to_owned()).collect(),
        amount: None,
        provider: "benefit-pay".to_owned(),
        contact_ref: "contact".to_owned(),
        return_url: "https://shop.example".to_owned(),
        actor: "payer".to_owned(),
        delayed_capture: false,
        channels: vec![Channel::Wallet],
    }
}

pub fn retry() -> Retry {
    Retry {
        payment_id: id(2),
        invoice_id: id(1),
        bill_reference: "TRF-1".to_owned(),
        provider: "other-pay".to_owned(),
        delayed_capture: true,
    }
}

pub fn capture(amount: Option<i64>) -> Capture {
    Capture {
        agency: None,
        attempt_id: id(3),
        payments: vec![id(2)],
        invoices: vec![id(1)],
        bill_reference: "TRF-1".to_owned(),
        amount: amount.map(Money::fils),
    }
}

pub fn give_up() -> GiveUp {
    GiveUp { payment_id: id(2), attempt_id: id(3), invoice_id: id(1), bill_reference: "TRF-1".to_owned() }
}

pub fn record(answer: Answer) -> Record {
    Record {
        attempt_id: id(3),
        payments: vec![id(2), id(22)],
        invoices: vec![id(1), id(11)],
        bill_reference: "TRF-1".to_owned(),
        fence: 5,
        answer,
    }
}

pub fn receive(fils: i64) -> Receive {
    Receive {
        agency: None,
        bill_reference: "TRF-1".to_owned(),
        channel: Direct::Card,
        provider: "terminal-bank".to_owned(),
        provider_reference: "M-1".to_owned(),
        amount: Money::fils(fils),
        contact_ref: "contact".to_owned(),
        actor: "staff:till".to_owned(),
    }
}

pub fn stack(session: SessionKnown) -> Stack {
    Stack {
        key: key(1),
        session_id: "S-1".to_owned(),
        bill_reference: "TRF-1".to_owned(),
        unit_id: "CB-1".to_owned(),
        unit_generation: 4,
        amount: Money::fils(5_000),
        session,
    }
}

pub fn close(end: SessionEnd, stacked: i64) -> Close {
    Close {
        key: key(2),
        session_id: "S-1".to_owned(),
        bill_reference: "TRF-1".to_owned(),
        end,
        stacked: Money::fils(stacked),
        receipt_number: "K-77".to_owned(),
        bill: BillAsked::NotYet,
        began_at: None,
    }
}

pub fn quarantine() -> Quarantine {
    Quarantine {
        device: key(0).device,
        epoch: 1,
        session_id: "S-1".to_owned(),
        bill_reference: "TRF-1".to_owned(),
        stacked: Money::fils(5_000),
    }
}

pub fn of_payment() -> Asked {
    Asked::Payment {
        payment_id: id(2),
        attempt_id: Some(id(3)),
        invoice_id: id(1),
        bill_reference: "TRF-1".to_owned(),
    }
}

pub fn of_credit(payment_id: Option<PaymentId>, attempt_id: Option<AttemptId>) -> Asked {
    Asked::Credit { credit_id: id(4), payment_id, attempt_id, bill_reference: "TRF-1".to_owned() }
}

pub fn request_refund(of: Asked, amount: Option<i64>) -> RequestRefund {
    RequestRefund {
        agency: None,
        of,
        amount: amount.map(Money::fils),
        iban: None,
        reason: "asked".to_owned(),
        actor: FIRST.to_owned(),
    }
}

pub fn parts_of_payment() -> Of {
    Of::Payment { payment_id: id(2), invoice_id: id(1), parts: vec![part("TRF", 10_000)] }
}

pub fn refund(of: Of, fence: Option<i64>, command: refund::Command) -> RefundStep {
    RefundStep { agency: None, refund_id: id(5), of, bill_reference: "TRF-1".to_owned(), fence, command }
}

pub fn open_dispute(fils: i64) -> OpenDispute {
    OpenDispute {
        agency: None,
        payment_id: id(2),
        invoice_id: id(1),
        bill_reference: "TRF-1".to_owned(),
        amount: Money::fils(fils),
        provider_reference: "D-1".to_owned(),
        reason: "not me".to_owned(),
        actor: FIRST.to_owned(),
    }
}

pub fn dispute(command: dispute::Command) -> DisputeStep {
    DisputeStep {
        agency: None,
        dispute_id: id(6),
        payment_id: id(2),
        invoice_id: id(1),
        bill_reference: "TRF-1".to_owned(),
        command,
    }
}

pub fn apply_credit(amount: Option<i64>) -> ApplyCredit {
    ApplyCredit {
        agency: None,
        credit_id: id(4),
        bill_reference: "TRF-1".to_owned(),
        amount: amount.map(Money::fils),
        actor: FIRST.to_owned(),
    }
}

pub fn request_adjustment(what: WhatAsked) -> RequestAdjustment {
    RequestAdjustment {
        agency: None,
        what,
        reason: "counted".to_owned(),
        case_id: Some(id(9)),
        actor: FIRST.to_owned(),
    }
}

pub fn move_between(debit: Account, credit: Account, fils: i64) -> WhatAsked {
    WhatAsked::Move { debit, credit, amount: Money::fils(fils), bill_reference: "TRF-1".to_owned() }
}

pub fn write_off() -> WhatAsked {
    WhatAsked::WriteOff { bill_reference: "TRF-1".to_owned() }
}

pub fn adjust(command: adjustment::Command) -> AdjustmentStep {
    AdjustmentStep { agency: None, adjustment_id: id(8), bill_reference: "TRF-1".to_owned(), command }
}

/// One of each, of the bill `TRF-1` or of the device KSK-0001.
pub fn all() -> Vec<(&'static str, Command)> {
    let by = || SECOND.to_owned();
    let of_credit = of_credit(Some(id(2)), Some(id(3)));
    let by_credit = Of::Credit { credit_id: id::<CreditId>(4) };
    let pending = || refund::Command::Record(refund::Answer::Pending);
    vec![
        ("open", Command::Open(open())),
        ("change", Command::Change(change(Changed::Cancelled))),
        ("start", Command::Start(start(&["TRF-1", "TRF-2"]))),
        ("retry", Command::Retry(retry())),
        ("capture", Command::Capture(capture(None))),
        ("give_up", Command::GiveUp(give_up())),
        ("record", Command::Record(record(Answer::NoNews))),
        ("receive", Command::Receive(receive(10_000))),
        ("stack", Command::Stack(stack(SessionKnown::Yes))),
        ("close", Command::Close(close(SessionEnd::Committed, 10_000))),
        ("quarantine", Command::Quarantine(quarantine())),
        ("refund asked of a payment", Command::RequestRefund(request_refund(of_payment(), None))),
        ("refund asked of a credit", Command::RequestRefund(request_refund(of_credit, None))),
        ("refund by people", Command::Refund(refund(parts_of_payment(), None, pending()))),
        ("refund by the provider", Command::Refund(refund(by_credit, Some(5), pending()))),
        ("open_dispute", Command::OpenDispute(open_dispute(10_000))),
        ("dispute", Command::Dispute(dispute(dispute::Command::Win { by: by() }))),
        ("apply_credit", Command::ApplyCredit(apply_credit(None))),
        ("write_off asked", { Command::RequestAdjustment(request_adjustment(write_off())) }),
        ("move asked", {
            let moved = move_between(Account::Suspense, Account::OverShort, 1);
            Command::RequestAdjustment(request_adjustment(moved))
        }),
        ("adjust", Command::Adjust(adjust(adjustment::Command::Approve { by: by() }))),
    ]
}

#[test]
fn commands_about_one_bill_or_notes_of_one_device_meet_in_one_lane() {
    for (name, command) in all() {
        let notes = ["stack", "quarantine"].contains(&name);
        assert_eq!(command.lane_key(), if notes { "KSK-0001" } else { "TRF-1" }, "{name}");
    }
    assert_eq!(Command::Start(start(&[])).lane_key(), "");
}

#[test]
fn what_begins_may_be_shed_and_what_is_there_may_not() {
    for (name, command) in all() {
        let kept = [
            "open",
            "capture",
            "give_up",
            "record",
            "stack",
            "close",
            "quarantine",
            "refund by the provider",
        ];
        assert_eq!(command.may_be_shed(), !kept.contains(&name), "{name}");
    }
}

#[test]
fn a_records_source_is_its_business_key() {
    assert_eq!(key(9).source(), "cash:KSK-0001/1/9");
}
