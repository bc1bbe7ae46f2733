//! What is due on a bill, and its payments.

use proto::payments::v1 as pb;

use crate::{Error, Payments, domain::Refusal, store, wire};

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
    let attempts = store::attempt::of_invoice(&mut tx, receivable.invoice_id).await?;
    tx.rollback().await?;
    let payments = payments.iter().map(|payment| {
        let attempt = attempts.iter().find(|attempt| attempt.payment_id == payment.id);
        wire::payment(payment, attempt)
    });
    Ok(Some(pb::GetReceivableResponse {
        payments: payments.collect(),
        receivable: Some(wire::receivable(&receivable)),
    }))
}
