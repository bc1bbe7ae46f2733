//! Our nouns as messages.

use boot::wire::{money_to_wire, time_to_wire};
use proto::{common::v1 as common, payments::v1 as pb};

use crate::domain::{
    attempt::{self, Attempt},
    case::Case,
    payment::{By, Payment, State},
    receivable::{self, Receivable},
};

/// A payment with its attempt; cash has none.
pub fn payment(payment: &Payment, attempt: Option<&Attempt>) -> pb::Payment {
    let mut message = pb::Payment {
        payment_id: payment.id.to_string(),
        agency_id: payment.agency.to_string(),
        invoice_id: payment.invoice_id.to_string(),
        bill_reference: payment.bill_reference.clone(),
        amount: Some(money_to_wire(payment.amount)),
        credited: Some(money_to_wire(payment.credited)),
        contact_ref: payment.contact_ref.clone(),
        case_id: payment.case_id.map(|id| id.to_string()).unwrap_or_default(),
        created_at: Some(time_to_wire(payment.created_at)),
        version: payment.version,
        ..pb::Payment::default()
    };
    match &payment.by {
        By::KioskCash => message.set_channel(common::Channel::KioskCash),
        By::Wallet { provider, attempt_id, provider_reference } => {
            message.set_channel(common::Channel::Wallet);
            message.provider.clone_from(provider);
            message.attempt_id = attempt_id.to_string();
            message.provider_reference = provider_reference.clone().unwrap_or_default();
        }
    }
    if let Some(attempt) = attempt {
        message.set_attempt_state(attempt_state(&attempt.state));
    }
    with_state(&mut message, &payment.state);
    message
}

fn with_state(message: &mut pb::Payment, state: &State) {
    use pb::PaymentState as P;
    match state {
        State::Created => message.set_state(P::Created),
        State::ActionRequired(next) => {
            message.set_state(P::ActionRequired);
            let (redirect_url, qr_payload) = (next.redirect_url.clone(), next.qr_payload.clone());
            message.next_action = Some(pb::NextAction { redirect_url, qr_payload });
        }
        State::Processing => message.set_state(P::Processing),
        State::Captured(receipt) => {
            message.set_state(P::Captured);
            message.receipt_number.clone_from(&receipt.number);
            message.captured_at = Some(time_to_wire(receipt.at));
        }
        State::Failed { failure } => {
            message.set_state(P::Failed);
            failure.code().clone_into(&mut message.failure);
        }
        State::Expired => {
            message.set_state(P::Expired);
            "expired".clone_into(&mut message.failure);
        }
        State::Late(receipt) => {
            message.set_state(P::Late);
            message.receipt_number.clone_from(&receipt.number);
            message.captured_at = Some(time_to_wire(receipt.at));
        }
    }
}

fn attempt_state(state: &attempt::State) -> pb::AttemptState {
    use attempt::State as S;
    match state {
        S::Submitting => pb::AttemptState::Submitting,
        S::Pending => pb::AttemptState::Pending,
        S::Unknown { .. } => pb::AttemptState::Unknown,
        S::Paid { .. } => pb::AttemptState::Paid,
        S::Declined { .. } => pb::AttemptState::Declined,
        S::Expired => pb::AttemptState::Expired,
        S::Mismatched { .. } => pb::AttemptState::Mismatched,
    }
}

/// A receivable.
pub fn receivable(receivable: &Receivable) -> pb::Receivable {
    use receivable::State as S;
    let (state, live) = match receivable.state {
        S::Open => (pb::ReceivableState::Open, String::new()),
        S::Held { payment } => (pb::ReceivableState::Held, payment.to_string()),
        S::PartiallyPaid => (pb::ReceivableState::PartiallyPaid, String::new()),
        S::Paid => (pb::ReceivableState::Paid, String::new()),
    };
    pb::Receivable {
        invoice_id: receivable.invoice_id.to_string(),
        agency_id: receivable.agency.to_string(),
        bill_reference: receivable.bill_reference.clone(),
        due: Some(money_to_wire(receivable.due)),
        paid: Some(money_to_wire(receivable.paid)),
        state: state.into(),
        live_payment_id: live,
        version: receivable.version,
        service_code: receivable.service_code.clone(),
    }
}

/// A case.
pub fn case(case: &Case) -> pb::Case {
    pb::Case {
        case_id: case.id.to_string(),
        kind: case.kind.name().to_owned(),
        agency_id: case.agency.as_ref().map(ToString::to_string).unwrap_or_default(),
        payment_id: case.payment_id.map(|id| id.to_string()).unwrap_or_default(),
        amount: Some(money_to_wire(case.amount)),
        detail: case.detail.clone(),
        opened_at: Some(time_to_wire(case.opened_at)),
        bill_reference: case.bill_reference.clone(),
    }
}
