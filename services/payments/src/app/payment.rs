//! Starting a payment, recording one, trying one again, giving one up, and looking at them.

use boot::{Call, Problem};
use ids::{AgencyId, PaymentId};
use money::Money;
use pg::Tx;
use proto::{common::v1::Channel, payments::v1 as pb};
use tonic::Code;

use super::{key, submit};
use crate::{
    Error, Payments,
    domain::{
        Command, Refusal,
        channel::Channel as By,
        command::{Capture, GiveUp, Receive, Retry, Start},
        payment::{Direct, Payment},
    },
    store, wire,
};

/// The bills of one cart, at most.
pub const CART_MAX: usize = 20;

/// Starts paying all that is due on a bill, or on the bills of a cart.
///
/// # Errors
/// `Refused`, `ChannelNotSupported`, `ProviderUnknown`, `KeyReused`, `Overloaded`: nothing changed. `CommitUnknown`: the
/// same call with the same key tells.
pub async fn start(
    svc: Payments,
    call: Call,
    request: pb::StartPaymentRequest,
    amount: Option<Money>,
) -> Result<pb::StartPaymentResponse, Error> {
    let key = key(&call, "start-payment", &request)?;
    match request.channel() {
        Channel::Wallet => {}
        Channel::Unspecified
        | Channel::Card
        | Channel::Transfer
        | Channel::Pos
        | Channel::KioskCash
        | Channel::CounterCash
        | Channel::Portal => return Err(Error::ChannelNotSupported),
    }
    known_provider(&svc, &request.provider)?;
    if request.delayed_capture {
        authorises(&svc, &request.provider)?;
    }
    let mut bills = vec![request.bill_reference];
    bills.extend(request.more_bill_references);
    if bills.len() > CART_MAX {
        let detail = format!("A cart holds up to {CART_MAX} bills; pay the others after it.");
        let problem = Problem::new(Code::InvalidArgument, "cart_too_large", detail);
        return Err(problem.field("more_bill_references").into());
    }
    let command = Command::Start(Start {
        agency: call.agency,
        bills,
        amount,
        provider: request.provider,
        contact_ref: request.contact_ref,
        return_url: request.return_url,
        actor: call.actor,
        delayed_capture: request.delayed_capture,
        channels: if request.on_portal { vec![By::Portal, By::Wallet] } else { vec![By::Wallet] },
    });
    let mut pulled = 0;
    loop {
        match submit(&svc, command.clone(), key.clone()).await {
            // A payer may be faster than the event of the bill.
            Err(Error::Refused(Refusal::BillUnknown { bill_reference }))
                if pulled < CART_MAX && svc.pull(&bill_reference).await? =>
            {
                pulled += 1;
            }
            outcome => return outcome,
        }
    }
}

fn known_provider(svc: &Payments, provider: &String) -> Result<(), Error> {
    if svc.providers.contains(provider) { Ok(()) } else { Err(Error::ProviderUnknown) }
}

fn authorises(svc: &Payments, provider: &String) -> Result<(), Problem> {
    if svc.authorising_providers.contains(provider) {
        return Ok(());
    }
    let detail =
        "It takes money at once: leave `delayed_capture` out, or name a provider that can hold money.";
    Err(Problem::new(Code::FailedPrecondition, "authorise_not_supported", detail).field("provider"))
}

/// Books money that a channel has taken.
///
/// # Errors
/// As [`start`].
pub async fn record(
    svc: Payments,
    call: Call,
    request: pb::RecordPaymentRequest,
    amount: Money,
) -> Result<pb::RecordPaymentResponse, Error> {
    let key = key(&call, "record-payment", &request)?;
    let channel = match request.channel() {
        Channel::Wallet => Direct::Wallet,
        Channel::Card => Direct::Card,
        Channel::Transfer => Direct::Transfer,
        Channel::Pos => Direct::Pos,
        Channel::CounterCash => Direct::CounterCash,
        Channel::Unspecified | Channel::KioskCash | Channel::Portal => {
            return Err(Error::ChannelNotSupported);
        }
    };
    let bill_reference = request.bill_reference.clone();
    let command = Command::Receive(Receive {
        agency: call.agency,
        bill_reference: request.bill_reference,
        channel,
        provider: request.provider,
        provider_reference: request.provider_reference,
        amount,
        contact_ref: request.contact_ref,
        actor: call.actor,
    });
    match submit(&svc, command.clone(), key.clone()).await {
        Err(Error::Refused(Refusal::BillUnknown { .. })) if svc.pull(&bill_reference).await? => {
            submit(&svc, command, key).await
        }
        outcome => outcome,
    }
}

/// Another attempt for a payment that ended without money.
///
/// # Errors
/// As [`start`]; `PaymentUnknown`.
pub async fn retry(
    svc: Payments,
    call: Call,
    id: PaymentId,
    request: pb::RetryPaymentRequest,
) -> Result<pb::RetryPaymentResponse, Error> {
    let key = key(&call, "retry-payment", &request)?;
    known_provider(&svc, &request.provider)?;
    if request.delayed_capture {
        authorises(&svc, &request.provider)?;
    }
    let payment = find(&svc, call.agency.as_ref(), id).await?;
    let command = Command::Retry(Retry {
        payment_id: id,
        invoice_id: payment.invoice_id,
        bill_reference: payment.bill_reference,
        provider: request.provider,
        delayed_capture: request.delayed_capture,
    });
    submit(&svc, command, key).await
}

/// The provider is asked to take what it holds, for all payments of the attempt.
///
/// # Errors
/// `PaymentUnknown`, `Refused`; as [`start`].
pub async fn capture(
    svc: Payments,
    call: Call,
    id: PaymentId,
    request: pb::CapturePaymentRequest,
    amount: Option<Money>,
) -> Result<pb::CapturePaymentResponse, Error> {
    let key = key(&call, "capture-payment", &request)?;
    let mut tx = svc.pg.read().await?;
    let payment = visible(&mut tx, call.agency.as_ref(), id).await?;
    // Cash and money that was told have none.
    let latest = payment.by.attempt().map(|attempt| attempt.0);
    let attempt = store::attempt::read(&mut tx, latest.as_slice()).await?.pop();
    tx.rollback().await?;
    let state = payment.state.name();
    let attempt = attempt.ok_or(Refusal::WrongState { noun: "payment", state, command: "capture" })?;
    let command = Command::Capture(Capture {
        agency: call.agency,
        attempt_id: attempt.id,
        payments: attempt.parts.iter().map(|part| part.payment_id).collect(),
        invoices: attempt.parts.iter().map(|part| part.invoice_id).collect(),
        bill_reference: payment.bill_reference,
        amount,
    });
    submit(&svc, command, key).await
}

/// The payer gives up; the provider's word ends the payment.
///
/// # Errors
/// `PaymentUnknown`, `Refused`; as [`start`].
pub async fn cancel(
    svc: Payments,
    call: Call,
    id: PaymentId,
    request: pb::CancelPaymentRequest,
) -> Result<pb::CancelPaymentResponse, Error> {
    let key = key(&call, "cancel-payment", &request)?;
    let payment = find(&svc, call.agency.as_ref(), id).await?;
    let attempt_id = payment.by.attempt().ok_or(Refusal::WrongState {
        noun: "payment",
        state: payment.state.name(),
        command: "cancel",
    })?;
    let command = Command::GiveUp(GiveUp {
        payment_id: id,
        attempt_id,
        invoice_id: payment.invoice_id,
        bill_reference: payment.bill_reference,
    });
    submit(&svc, command, key).await
}

/// A payment that the caller may see: an agency's caller its own alone; a payer, who has no agency, the one whose id it
/// holds. Its facts that never change may be used in a command; all others are read again under lock.
///
/// # Errors
/// `PaymentUnknown`; the database.
pub async fn find(svc: &Payments, agency: Option<&AgencyId>, id: PaymentId) -> Result<Payment, Error> {
    let mut tx = svc.pg.read().await?;
    let payment = visible(&mut tx, agency, id).await?;
    tx.rollback().await?;
    Ok(payment)
}

async fn visible(tx: &mut Tx, agency: Option<&AgencyId>, id: PaymentId) -> Result<Payment, Error> {
    let payment = store::payment::by_id(tx, id).await?;
    let visible = |payment: &Payment| agency.is_none_or(|agency| *agency == payment.agency);
    payment.filter(visible).ok_or(Error::PaymentUnknown)
}

/// One payment, now.
///
/// # Errors
/// `PaymentUnknown`; the database.
pub async fn get(svc: &Payments, call: &Call, id: PaymentId) -> Result<pb::GetPaymentResponse, Error> {
    let mut tx = svc.pg.read().await?;
    let payment = visible(&mut tx, call.agency.as_ref(), id).await?;
    let latest = match payment.by.attempt() {
        Some(attempt) => store::attempt::state(&mut tx, attempt).await?,
        None => None,
    };
    tx.rollback().await?;
    Ok(pb::GetPaymentResponse { payment: Some(wire::payment(&payment, latest.as_ref())) })
}
