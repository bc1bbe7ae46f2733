//! Starting a payment, and looking at one.

use boot::Call;
use ids::PaymentId;
use prost::Message as _;
use proto::{common::v1::Channel, payments::v1 as pb};
use sha2::{Digest as _, Sha256};

use crate::{
    Error, Payments,
    domain::{Command, Refusal, command::Start, payment::Payment},
    engine::{Answer, Key},
    store, wire,
};

/// Starts paying all that is due on a bill. The bytes are the response, the same for every call with this key.
///
/// # Errors
/// `Refused` (`BillUnknown`, `AlreadyPaid`, `InProgress`), `ChannelNotSupported`, `ProviderUnknown`, `KeyReused`,
/// `Overloaded`: nothing changed. `CommitUnknown`: the same call with the same key tells.
pub async fn start(svc: Payments, call: Call, request: pb::StartPaymentRequest) -> Result<Vec<u8>, Error> {
    let body_hash = Sha256::digest(request.encode_to_vec()).to_vec();
    let key = Key { scope: call.actor.clone(), key: call.key()?.to_owned(), body_hash };
    match request.channel() {
        Channel::Wallet => {}
        Channel::Unspecified | Channel::Card | Channel::Transfer | Channel::Pos | Channel::KioskCash => {
            return Err(Error::ChannelNotSupported);
        }
    }
    if !svc.providers.contains(&request.provider) {
        return Err(Error::ProviderUnknown);
    }
    let bill_reference = request.bill_reference.clone();
    let command = Command::Start(Start {
        agency: call.agency,
        bill_reference: request.bill_reference,
        provider: request.provider,
        contact_ref: request.contact_ref,
        return_url: request.return_url,
        actor: call.actor,
    });
    let answer = match svc.engine.submit(command.clone(), Some(key.clone())).await {
        Err(Error::Refused(Refusal::BillUnknown { .. })) if svc.pull(&bill_reference).await? => {
            svc.engine.submit(command, Some(key)).await?
        }
        answer => answer?,
    };
    match answer {
        Answer::Bytes(response) => Ok(response),
        Answer::Done => Err(Error::Panicked),
    }
}

/// One payment, now. An agency's caller sees its own alone; a payer, who has no agency, the one whose id it holds.
///
/// # Errors
/// `PaymentUnknown`; the database.
pub async fn get(svc: &Payments, call: &Call, id: PaymentId) -> Result<pb::GetPaymentResponse, Error> {
    let mut tx = svc.pg.read().await?;
    let payment = store::payment::by_id(&mut tx, id).await?;
    let visible = |payment: &Payment| call.agency.as_ref().is_none_or(|agency| *agency == payment.agency);
    let payment = payment.filter(visible).ok_or(Error::PaymentUnknown)?;
    let attempts = store::attempt::of_invoice(&mut tx, payment.invoice_id).await?;
    tx.rollback().await?;
    let attempt = attempts.iter().find(|attempt| attempt.payment_id == id);
    Ok(pb::GetPaymentResponse { payment: Some(wire::payment(&payment, attempt)) })
}
