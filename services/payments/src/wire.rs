//! Our nouns as messages.

use boot::wire::{money_to_wire, time_to_wire};
use money::Money;
use proto::{common::v1 as common, payments::v1 as pb};

use crate::catalogue::to_wire;
use crate::domain::{
    adjustment::{self, Adjustment},
    attempt,
    case::Case,
    channel::{Terms, Verdict},
    credit::Credit,
    dispute::{self, Dispute},
    payment::{By, Direct, Payment, Receipt, State},
    receivable::{self, Receivable},
    refund::{self, Refund},
    share::{Beneficiary, Share},
};

/// A payment with the state of its attempt; cash has none.
pub fn payment(payment: &Payment, attempt: Option<&attempt::State>) -> pb::Payment {
    let mut message = pb::Payment {
        payment_id: payment.id.to_string(),
        agency_id: payment.agency.to_string(),
        invoice_id: payment.invoice_id.to_string(),
        bill_reference: payment.bill_reference.clone(),
        amount: Some(money_to_wire(payment.amount)),
        credited: Some(money_to_wire(payment.credited)),
        refunding: some_money(payment.back.refunding),
        refunded: some_money(payment.back.refunded),
        disputed: some_money(payment.back.disputed),
        charged_back: some_money(payment.back.charged_back),
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
        By::Direct { channel, provider, provider_reference } => {
            message.set_channel(direct(*channel));
            message.provider.clone_from(provider);
            message.provider_reference.clone_from(provider_reference);
        }
    }
    if let Some(attempt) = attempt {
        message.set_attempt_state(attempt_state(attempt));
    }
    with_state(&mut message, &payment.state);
    message
}

/// Absent when it is nothing, which it mostly is.
fn some_money(amount: Money) -> Option<common::Money> {
    (!amount.is_zero()).then(|| money_to_wire(amount))
}

fn direct(channel: Direct) -> common::Channel {
    match channel {
        Direct::Wallet => common::Channel::Wallet,
        Direct::Card => common::Channel::Card,
        Direct::Transfer => common::Channel::Transfer,
        Direct::Pos => common::Channel::Pos,
        Direct::CounterCash => common::Channel::CounterCash,
    }
}

fn with_receipt(message: &mut pb::Payment, state: pb::PaymentState, receipt: &Receipt) {
    message.set_state(state);
    message.receipt_number.clone_from(&receipt.number);
    message.captured_at = Some(time_to_wire(receipt.at));
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
        State::Authorised => message.set_state(P::Authorised),
        State::Captured(receipt) => with_receipt(message, P::Captured, receipt),
        State::PartiallyRefunded(receipt) => with_receipt(message, P::PartiallyRefunded, receipt),
        State::Refunded(receipt) => with_receipt(message, P::Refunded, receipt),
        State::Late(receipt) => with_receipt(message, P::Late, receipt),
        State::Cancelled => {
            message.set_state(P::Cancelled);
            "cancelled".clone_into(&mut message.failure);
        }
        State::Failed { failure } => {
            message.set_state(P::Failed);
            failure.code().clone_into(&mut message.failure);
        }
        State::Expired => {
            message.set_state(P::Expired);
            "expired".clone_into(&mut message.failure);
        }
    }
}

fn attempt_state(state: &attempt::State) -> pb::AttemptState {
    use attempt::State as S;
    match state {
        S::Submitting => pb::AttemptState::Submitting,
        S::Pending => pb::AttemptState::Pending,
        S::Unknown { .. } => pb::AttemptState::Unknown,
        S::Authorised { .. } => pb::AttemptState::Authorised,
        S::Capturing { .. } => pb::AttemptState::Capturing,
        S::Paid { .. } => pb::AttemptState::Paid,
        S::Declined { .. } => pb::AttemptState::Declined,
        S::Expired => pb::AttemptState::Expired,
        S::Mismatched { .. } => pb::AttemptState::Mismatched,
        S::Cancelled => pb::AttemptState::Cancelled,
    }
}

/// A receivable.
pub fn receivable(receivable: &Receivable) -> pb::Receivable {
    use receivable::State as S;
    let state = match receivable.state {
        S::Open => pb::ReceivableState::Open,
        S::Held { .. } => pb::ReceivableState::Held,
        S::PartiallyPaid => pb::ReceivableState::PartiallyPaid,
        S::Paid { .. } => pb::ReceivableState::Paid,
        S::Cancelled => pb::ReceivableState::Cancelled,
        S::WrittenOff => pb::ReceivableState::WrittenOff,
    };
    pb::Receivable {
        invoice_id: receivable.invoice_id.to_string(),
        agency_id: receivable.agency.to_string(),
        bill_reference: receivable.bill_reference.clone(),
        due: Some(money_to_wire(receivable.due)),
        paid: Some(money_to_wire(receivable.paid)),
        state: state.into(),
        live_payment_id: receivable.live().map(|id| id.to_string()).unwrap_or_default(),
        version: receivable.version,
        service_code: receivable.service_code.clone(),
        returned: some_money(receivable.returned),
        shares: receivable.shares.iter().map(share).collect(),
        instalments: receivable.instalments.iter().copied().map(money_to_wire).collect(),
    }
}

/// How a channel stands for a bill.
pub fn channel_terms(terms: Terms) -> pb::ChannelTerms {
    let mut message = pb::ChannelTerms {
        channel: to_wire(terms.channel).into(),
        open_until: terms.until.map(time_to_wire),
        ..pb::ChannelTerms::default()
    };
    match terms.verdict {
        Verdict::Open => message.open = true,
        Verdict::ByException(exception) => {
            message.open = true;
            message.channel_exception_id = exception.to_string();
        }
        Verdict::Closed(closed) => {
            message.closed_since = closed.since.map(|day| day.to_string()).unwrap_or_default();
        }
    }
    message
}

fn share(share: &Share) -> pb::Share {
    let (beneficiary, is_agency) = match &share.beneficiary {
        Beneficiary::Agency(agency) => (agency.to_string(), true),
        Beneficiary::Other(code) => (code.clone(), false),
    };
    let [due, paid, returned] = [share.due, share.paid, share.returned].map(|m| Some(money_to_wire(m)));
    pb::Share { beneficiary, is_agency, due, paid, returned }
}

/// A refund.
pub fn refund(refund: &Refund) -> pb::Refund {
    use refund::State as S;
    let mut message = pb::Refund {
        refund_id: refund.id.to_string(),
        agency_id: refund.agency.to_string(),
        bill_reference: refund.bill_reference.clone(),
        amount: Some(money_to_wire(refund.amount)),
        reason: refund.reason.clone(),
        requested_by: refund.requested_by.clone(),
        created_at: Some(time_to_wire(refund.created_at)),
        version: refund.version,
        ..pb::Refund::default()
    };
    match &refund.of {
        refund::Of::Payment { payment_id, .. } => message.payment_id = payment_id.to_string(),
        refund::Of::Credit { credit_id } => message.credit_id = credit_id.to_string(),
    }
    match &refund.to {
        refund::Destination::Source { provider, .. } => message.provider.clone_from(provider),
        refund::Destination::Iban { iban } => message.iban.clone_from(iban),
    }
    let (state, by) = match &refund.state {
        S::Requested => (pb::RefundState::Requested, ""),
        S::Approved { by } => (pb::RefundState::Approved, by.as_str()),
        S::Rejected { by } => (pb::RefundState::Rejected, by.as_str()),
        S::Submitted { by } => (pb::RefundState::Submitted, by.as_str()),
        S::Unknown { by, .. } => (pb::RefundState::Unknown, by.as_str()),
        S::Succeeded { by, reference } => {
            message.provider_reference.clone_from(reference);
            (pb::RefundState::Succeeded, by.as_str())
        }
        S::Failed { by, reason } => {
            message.failure.clone_from(reason);
            (pb::RefundState::Failed, by.as_str())
        }
    };
    message.set_state(state);
    by.clone_into(&mut message.decided_by);
    message
}

/// A dispute.
pub fn dispute(dispute: &Dispute) -> pb::Dispute {
    let state = match dispute.state {
        dispute::State::Opened => pb::DisputeState::Opened,
        dispute::State::Won { .. } => pb::DisputeState::Won,
        dispute::State::Lost { .. } => pb::DisputeState::Lost,
    };
    pb::Dispute {
        dispute_id: dispute.id.to_string(),
        agency_id: dispute.agency.to_string(),
        payment_id: dispute.payment_id.to_string(),
        bill_reference: dispute.bill_reference.clone(),
        provider: dispute.provider.clone(),
        provider_reference: dispute.provider_reference.clone(),
        amount: Some(money_to_wire(dispute.amount)),
        reason: dispute.reason.clone(),
        state: state.into(),
        created_at: Some(time_to_wire(dispute.created_at)),
        version: dispute.version,
    }
}

/// A credit.
pub fn credit(credit: &Credit) -> pb::Credit {
    pb::Credit {
        credit_id: credit.id.to_string(),
        agency_id: credit.agency.to_string(),
        payment_id: credit.payment_id.map(|id| id.to_string()).unwrap_or_default(),
        bill_reference: credit.bill_reference.clone(),
        amount: Some(money_to_wire(credit.amount)),
        reserved: some_money(credit.reserved),
        used: some_money(credit.used),
        state: credit.state().to_owned(),
        created_at: Some(time_to_wire(credit.created_at)),
        version: credit.version,
    }
}

/// An adjustment.
pub fn adjustment(adjustment: &Adjustment) -> pb::Adjustment {
    let (move_, write_off) = match &adjustment.what {
        adjustment::What::Move { debit, credit, amount, .. } => {
            let (debit_account, credit_account) = (debit.to_string(), credit.to_string());
            (Some(pb::Move { debit_account, credit_account, amount: Some(money_to_wire(*amount)) }), None)
        }
        adjustment::What::WriteOff { bill_reference, .. } => {
            (None, Some(pb::WriteOff { bill_reference: bill_reference.clone() }))
        }
    };
    let (state, by) = match &adjustment.state {
        adjustment::State::Requested => (pb::AdjustmentState::Requested, ""),
        adjustment::State::Done { by } => (pb::AdjustmentState::Done, by.as_str()),
        adjustment::State::Rejected { by } => (pb::AdjustmentState::Rejected, by.as_str()),
    };
    pb::Adjustment {
        adjustment_id: adjustment.id.to_string(),
        agency_id: adjustment.agency.as_ref().map(ToString::to_string).unwrap_or_default(),
        r#move: move_,
        write_off,
        reason: adjustment.reason.clone(),
        case_id: adjustment.case_id.map(|id| id.to_string()).unwrap_or_default(),
        requested_by: adjustment.requested_by.clone(),
        decided_by: by.to_owned(),
        state: state.into(),
        created_at: Some(time_to_wire(adjustment.created_at)),
        version: adjustment.version,
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
