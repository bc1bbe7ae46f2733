//! Disputes, credits, and corrections by two persons.

use boot::Call;
use ids::{AdjustmentId, CaseId, CreditId, DisputeId, PaymentId};
use money::Money;
use prost::Message;
use proto::payments::v1 as pb;

use super::{key, payment, submit};
use crate::{
    Error, Payments,
    domain::{
        Command, Refusal,
        adjustment::{self, What},
        command::{AdjustmentStep, ApplyCredit, DisputeStep, OpenDispute, RequestAdjustment, WhatAsked},
        dispute,
    },
    store,
};

/// A provider tells that a payer objects.
///
/// # Errors
/// `Refused`, `PaymentUnknown`, `KeyReused`, `Overloaded`; the constraint `dispute_once`: nothing changed.
pub async fn open_dispute(
    svc: Payments,
    call: Call,
    request: pb::OpenDisputeRequest,
    (payment_id, amount): (PaymentId, Money),
) -> Result<pb::OpenDisputeResponse, Error> {
    let key = key(&call, "open-dispute", &request)?;
    let payment = payment::find(&svc, call.agency.as_ref(), payment_id).await?;
    let command = Command::OpenDispute(OpenDispute {
        agency: call.agency,
        payment_id,
        invoice_id: payment.invoice_id,
        bill_reference: payment.bill_reference,
        amount,
        provider_reference: request.provider_reference,
        reason: request.reason,
        actor: call.actor,
    });
    submit(&svc, command, key).await
}

/// The decision of a dispute.
///
/// # Errors
/// As [`open_dispute`].
pub async fn close_dispute(
    svc: Payments,
    call: Call,
    request: pb::CloseDisputeRequest,
    (id, command): (DisputeId, dispute::Command),
) -> Result<pb::CloseDisputeResponse, Error> {
    let key = key(&call, "close-dispute", &request)?;
    let mut tx = svc.pg.read().await?;
    let dispute = store::dispute::by_id(&mut tx, id).await?.ok_or(Refusal::DisputeUnknown)?;
    tx.rollback().await?;
    let command = Command::Dispute(DisputeStep {
        agency: call.agency,
        dispute_id: id,
        payment_id: dispute.payment_id,
        invoice_id: dispute.invoice_id,
        bill_reference: dispute.bill_reference,
        command,
    });
    submit(&svc, command, key).await
}

/// A credit pays a bill.
///
/// # Errors
/// As [`open_dispute`].
pub async fn apply_credit(
    svc: Payments,
    call: Call,
    request: pb::ApplyCreditRequest,
    (credit_id, amount): (CreditId, Option<Money>),
) -> Result<pb::ApplyCreditResponse, Error> {
    let key = key(&call, "apply-credit", &request)?;
    let bill_reference = request.bill_reference;
    let command = ApplyCredit {
        agency: call.agency,
        credit_id,
        bill_reference: bill_reference.clone(),
        amount,
        actor: call.actor,
    };
    match submit(&svc, Command::ApplyCredit(command.clone()), key.clone()).await {
        Err(Error::Refused(Refusal::BillUnknown { .. })) if svc.pull(&bill_reference).await? => {
            submit(&svc, Command::ApplyCredit(command), key).await
        }
        outcome => outcome,
    }
}

/// One person asks for a correction.
///
/// # Errors
/// As [`open_dispute`].
pub async fn request_adjustment(
    svc: Payments,
    call: Call,
    request: pb::RequestAdjustmentRequest,
    (what, case_id): (WhatAsked, Option<CaseId>),
) -> Result<pb::RequestAdjustmentResponse, Error> {
    let key = key(&call, "request-adjustment", &request)?;
    let command = Command::RequestAdjustment(RequestAdjustment {
        agency: call.agency,
        what,
        reason: request.reason,
        case_id,
        actor: call.actor,
    });
    submit(&svc, command, key).await
}

/// Another person's word about it.
///
/// # Errors
/// As [`open_dispute`].
pub async fn decide_adjustment<T: Message + Default>(
    svc: Payments,
    call: Call,
    request: impl Message,
    (id, command): (AdjustmentId, adjustment::Command),
) -> Result<T, Error> {
    let operation = match command {
        adjustment::Command::Approve { .. } => "approve-adjustment",
        adjustment::Command::Reject { .. } => "reject-adjustment",
    };
    let key = key(&call, operation, &request)?;
    let mut tx = svc.pg.read().await?;
    let adjustment = store::adjustment::by_id(&mut tx, id).await?.ok_or(Refusal::AdjustmentUnknown)?;
    tx.rollback().await?;
    let (What::Move { bill_reference, .. } | What::WriteOff { bill_reference, .. }) = adjustment.what;
    let command =
        Command::Adjust(AdjustmentStep { agency: call.agency, adjustment_id: id, bill_reference, command });
    submit(&svc, command, key).await
}
