//! What is due on a bill, and how its owner changes it.

use boot::Call;
use prost::Message;
use proto::payments::v1 as pb;

use super::{key, submit};
use crate::{
    Error, Payments,
    domain::{
        Command, Refusal,
        command::{Change, Changed},
    },
    store, wire,
};

/// What is due on a bill right now, and its payments, oldest first.
///
/// # Errors
/// `Refused(BillUnknown)`; the database, or invoicing, does not answer.
pub async fn get(svc: &Payments, bill_reference: &str) -> Result<pb::GetReceivableResponse, Error> {
    if let Some(found) = look(svc, bill_reference).await? {
        return Ok(found);
    }
    let unknown = || Refusal::BillUnknown { bill_reference: bill_reference.to_owned() };
    if !svc.pull(bill_reference).await? {
        return Err(unknown().into());
    }
    look(svc, bill_reference).await?.ok_or_else(|| unknown().into())
}

async fn look(svc: &Payments, bill_reference: &str) -> Result<Option<pb::GetReceivableResponse>, Error> {
    let mut tx = svc.pg.read().await?;
    let Some(receivable) = store::receivable::by_bill(&mut tx, bill_reference).await? else {
        tx.rollback().await?;
        return Ok(None);
    };
    let payments = store::payment::of_invoice(&mut tx, receivable.invoice_id).await?;
    let ids: Vec<_> = payments.iter().map(|payment| payment.id.0).collect();
    let attempts = store::attempt::of_payments(&mut tx, &ids).await?;
    tx.rollback().await?;
    let payments = payments.iter().map(|payment| {
        let latest = attempts.iter().find(|attempt| Some(attempt.id) == payment.by.attempt());
        wire::payment(payment, latest.map(|attempt| &attempt.state))
    });
    let channels = svc.policies.borrow().terms(&receivable, receivable.remaining()?, svc.clock.now());
    Ok(Some(pb::GetReceivableResponse {
        payments: payments.collect(),
        channels: channels.into_iter().map(wire::channel_terms).collect(),
        receivable: Some(wire::receivable(&receivable)),
    }))
}

/// A bill as its owner wants it from now on.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub bill_reference: String,
    /// What the owner has read.
    pub version: i64,
    pub to: Changed,
}

/// Changes a bill, or takes it back; not while somebody pays it.
///
/// # Errors
/// `Refused`, `KeyReused`, `Overloaded`: nothing changed.
pub async fn change<T: Message + Default>(
    svc: Payments,
    call: Call,
    request: impl Message,
    wanted: Wanted,
) -> Result<T, Error> {
    let key = key(&call, "change-receivable", &request)?;
    let Wanted { bill_reference, version, to } = wanted;
    // The bill may have been issued a moment ago.
    if look(&svc, &bill_reference).await?.is_none() {
        svc.pull(&bill_reference).await?;
    }
    let command = Command::Change(Change { agency: call.agency, bill_reference, version, to });
    submit(&svc, command, key).await
}
