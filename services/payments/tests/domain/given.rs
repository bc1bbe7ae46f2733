//! What tests start from.

use std::time::Duration;

use ids::{AgencyId, Uuid};
use money::Money;
use payments::domain::{
    adjustment::{self, Adjustment, What},
    attempt::{self, Attempt, NextAction, Part, Patience},
    credit::Credit,
    decide::Rules,
    dispute::{self, Dispute},
    inquiry::Schedule,
    payment::{self, Back, By, Payment, Receipt},
    receivable::{self, Receivable, Terms},
    refund::{self, Destination, Of, Refund},
    share::{self, Beneficiary, Share},
};
use time::{OffsetDateTime, macros::datetime};

pub const NOW: OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);
pub const DUE: Money = Money::fils(10_000);
pub const NOTHING: Money = Money::fils(0);
pub const RULES: Rules = Rules {
    patience: Patience {
        poll_for: Duration::from_secs(90),
        not_found_after: Duration::from_mins(30),
        submits: 2,
        case_after: Duration::from_hours(4),
    },
    schedule: Schedule {
        poll_every: Duration::from_secs(3),
        unknown_first: Duration::from_mins(10),
        unknown_longest: Duration::from_hours(2),
    },
    refund_alone: NOTHING,
};

/// Who asks, and who agrees.
pub const FIRST: &str = "staff:first";
pub const SECOND: &str = "staff:second";

pub fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

pub fn ours() -> AgencyId {
    AgencyId("TRF".to_owned())
}

pub fn theirs() -> AgencyId {
    AgencyId("MOH".to_owned())
}

pub fn next() -> NextAction {
    NextAction { redirect_url: "https://pay.example".to_owned(), qr_payload: "qr".to_owned() }
}

pub fn receipt() -> Receipt {
    Receipt { at: NOW, number: "W-1".to_owned() }
}

pub fn terms(due: i64, shares: &[(&str, i64)], instalments: &[i64]) -> Terms {
    Terms {
        due: Money::fils(due),
        shares: shares.iter().map(|(of, due)| Share::new(beneficiary(of), Money::fils(*due))).collect(),
        instalments: instalments.iter().copied().map(Money::fils).collect(),
    }
}

/// An agency by the three capitals of its id, anybody else in small letters.
pub fn beneficiary(name: &str) -> Beneficiary {
    match name.parse() {
        Ok(agency) => Beneficiary::Agency(agency),
        Err(_other) => Beneficiary::Other(name.to_owned()),
    }
}

pub fn part(of: &str, fils: i64) -> share::Part {
    share::Part { beneficiary: beneficiary(of), amount: Money::fils(fils) }
}

pub fn receivable() -> Receivable {
    Receivable {
        invoice_id: id(1),
        agency: ours(),
        bill_reference: "TRF-1".to_owned(),
        service_code: "FINE".to_owned(),
        due: DUE,
        paid: NOTHING,
        returned: NOTHING,
        shares: vec![],
        instalments: vec![],
        state: receivable::State::Open,
        version: 7,
    }
}

pub fn attempt() -> Attempt {
    Attempt {
        id: id(3),
        parts: vec![Part { payment_id: id(2), invoice_id: id(1), amount: DUE }],
        provider: "benefit-pay".to_owned(),
        amount: DUE,
        state: attempt::State::Submitting,
        submits: 1,
        doubts: 0,
        contradicted_at: None,
        doubted_at: None,
        cancelling: false,
        delayed_capture: false,
        created_at: NOW,
        version: 7,
    }
}

pub fn payment() -> Payment {
    Payment {
        id: id(2),
        agency: ours(),
        invoice_id: id(1),
        bill_reference: "TRF-1".to_owned(),
        by: by_wallet(None),
        amount: DUE,
        credited: NOTHING,
        back: Back::nothing(),
        state: payment::State::Created,
        contact_ref: "contact".to_owned(),
        return_url: String::new(),
        actor: "payer".to_owned(),
        case_id: None,
        created_at: NOW,
        version: 7,
    }
}

pub fn by_wallet(reference: Option<&str>) -> By {
    By::Wallet {
        provider: "benefit-pay".to_owned(),
        attempt_id: id(3),
        provider_reference: reference.map(str::to_owned),
    }
}

pub fn credit() -> Credit {
    Credit {
        id: id(4),
        agency: ours(),
        payment_id: None,
        bill_reference: "TRF-1".to_owned(),
        source: "attempt:3".to_owned(),
        amount: DUE,
        reserved: NOTHING,
        used: NOTHING,
        created_at: NOW,
        version: 7,
    }
}

pub fn refund() -> Refund {
    Refund {
        id: id(5),
        agency: ours(),
        bill_reference: "TRF-1".to_owned(),
        of: Of::Credit { credit_id: id(4) },
        amount: DUE,
        to: Destination::Iban { iban: "BH67BMAG00001299123456".to_owned() },
        reason: "asked".to_owned(),
        requested_by: FIRST.to_owned(),
        doubts: 0,
        contradicted: false,
        state: refund::State::Requested,
        created_at: NOW,
        version: 7,
    }
}

pub fn dispute() -> Dispute {
    Dispute {
        id: id(6),
        agency: ours(),
        payment_id: id(2),
        invoice_id: id(1),
        bill_reference: "TRF-1".to_owned(),
        provider: "benefit-pay".to_owned(),
        provider_reference: "D-1".to_owned(),
        amount: DUE,
        parts: vec![part("TRF", 10_000)],
        reason: "not me".to_owned(),
        opened_by: FIRST.to_owned(),
        state: dispute::State::Opened,
        created_at: NOW,
        version: 7,
    }
}

pub fn adjustment() -> Adjustment {
    Adjustment {
        id: id(8),
        agency: Some(ours()),
        what: What::WriteOff { invoice_id: id(1), bill_reference: "TRF-1".to_owned() },
        reason: "died".to_owned(),
        case_id: None,
        requested_by: FIRST.to_owned(),
        state: adjustment::State::Requested,
        created_at: NOW,
        version: 7,
    }
}
