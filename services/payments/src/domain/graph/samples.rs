//! One of each noun, for drawing.

use std::time::Duration;

use ids::{AdjustmentId, AgencyId, AttemptId, CreditId, DisputeId, InvoiceId, PaymentId, RefundId, Uuid};
use money::Money;
use time::OffsetDateTime;

use crate::domain::{
    adjustment::{self, Adjustment, What},
    attempt::{self, Attempt, NextAction, Patience},
    credit::Credit,
    dispute::{self, Dispute},
    payment::{self, Back, By, Payment, Receipt},
    receivable::{self, Receivable, Terms},
    refund::{self, Destination, Of, Refund},
};

pub(super) const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
pub(super) const DUE: Money = Money::fils(10_000);
pub(super) const PATIENCE: Patience = Patience {
    poll_for: Duration::from_secs(90),
    not_found_after: Duration::from_mins(30),
    submits: 2,
    case_after: Duration::from_hours(4),
};

fn agency() -> AgencyId {
    AgencyId(String::from("TRF"))
}

fn bill() -> String {
    String::from("TRF-1")
}

pub(super) fn next() -> NextAction {
    NextAction { redirect_url: String::new(), qr_payload: String::new() }
}

pub(super) fn receipt() -> Receipt {
    Receipt { at: NOW, number: String::from("W-1") }
}

pub(super) fn terms(due: Money) -> Terms {
    Terms { due, shares: vec![], instalments: vec![] }
}

pub(super) fn receivable() -> Receivable {
    Receivable {
        invoice_id: InvoiceId(Uuid::nil()),
        agency: agency(),
        bill_reference: bill(),
        service_code: String::from("FINE"),
        due: DUE,
        paid: Money::fils(0),
        returned: Money::fils(0),
        shares: vec![],
        instalments: vec![],
        state: receivable::State::Open,
        version: 1,
    }
}

pub(super) fn attempt() -> Attempt {
    let (payment_id, invoice_id) = (PaymentId(Uuid::nil()), InvoiceId(Uuid::nil()));
    Attempt {
        id: AttemptId(Uuid::nil()),
        parts: vec![attempt::Part { payment_id, invoice_id, amount: DUE }],
        provider: String::from("benefit-pay"),
        amount: DUE,
        state: attempt::State::Submitting,
        submits: 1,
        doubts: 0,
        contradicted_at: None,
        doubted_at: None,
        cancelling: false,
        delayed_capture: false,
        created_at: NOW,
        version: 1,
    }
}

pub(super) fn payment() -> Payment {
    Payment {
        id: PaymentId(Uuid::nil()),
        agency: agency(),
        invoice_id: InvoiceId(Uuid::nil()),
        bill_reference: bill(),
        by: By::KioskCash,
        amount: DUE,
        credited: Money::fils(0),
        back: Back::nothing(),
        state: payment::State::Created,
        contact_ref: String::new(),
        return_url: String::new(),
        actor: String::new(),
        case_id: None,
        created_at: NOW,
        version: 1,
    }
}

pub(super) fn credit() -> Credit {
    Credit {
        id: CreditId(Uuid::nil()),
        agency: agency(),
        payment_id: None,
        bill_reference: bill(),
        source: String::from("attempt:1"),
        amount: DUE,
        reserved: Money::fils(0),
        used: Money::fils(0),
        created_at: NOW,
        version: 1,
    }
}

pub(super) fn refund() -> Refund {
    Refund {
        id: RefundId(Uuid::nil()),
        agency: agency(),
        bill_reference: bill(),
        of: Of::Credit { credit_id: CreditId(Uuid::nil()) },
        amount: DUE,
        to: Destination::Iban { iban: String::new() },
        reason: String::new(),
        requested_by: String::from("staff:first"),
        doubts: 0,
        contradicted: false,
        state: refund::State::Requested,
        created_at: NOW,
        version: 1,
    }
}

pub(super) fn dispute() -> Dispute {
    Dispute {
        id: DisputeId(Uuid::nil()),
        agency: agency(),
        payment_id: PaymentId(Uuid::nil()),
        invoice_id: InvoiceId(Uuid::nil()),
        bill_reference: bill(),
        provider: String::from("benefit-pay"),
        provider_reference: String::from("D-1"),
        amount: DUE,
        parts: vec![],
        reason: String::new(),
        opened_by: String::from("staff:first"),
        state: dispute::State::Opened,
        created_at: NOW,
        version: 1,
    }
}

pub(super) fn adjustment() -> Adjustment {
    Adjustment {
        id: AdjustmentId(Uuid::nil()),
        agency: Some(agency()),
        what: What::WriteOff { invoice_id: InvoiceId(Uuid::nil()), bill_reference: bill() },
        reason: String::new(),
        case_id: None,
        requested_by: String::from("staff:first"),
        state: adjustment::State::Requested,
        created_at: NOW,
        version: 1,
    }
}
