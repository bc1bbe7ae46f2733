//! A bill as whoever holds its reference may see it.

use proto::invoicing::v1 as pb;

use super::Invoicing;
use crate::domain::numbering;
use crate::domain::payer::PayerFacts;
use crate::person::Party;
use crate::store::invoice::Bill;
use crate::{Error, person, store, wire};

/// The bill with this reference, however it was typed.
///
/// # Errors
/// `BillUnknown`.
pub async fn get(svc: &Invoicing, typed: &str) -> Result<pb::Bill, Error> {
    let mut tx = svc.pg.read().await?;
    let bill = store::invoice::bill(&mut tx, &numbering::typed_reference(typed)).await?;
    tx.commit().await?;
    seen(svc, &bill)
}

/// What is known of the payer; none for one who was erased: the bill stays.
///
/// # Errors
/// `Sealed` or `Corrupt`.
pub fn payer(svc: &Invoicing, bill: &Bill) -> Result<Option<PayerFacts>, Error> {
    if bill.wrapped_key.is_empty() {
        return Ok(None);
    }
    let key = svc.master.unwrap(&bill.wrapped_key);
    let key = key.map_err(|source| Error::Sealed { table: "party", source })?;
    let party = Party { party_ref: bill.invoice.party_ref, key };
    person::open_facts(&party, &bill.payer_sealed).map(Some)
}

/// The bill, with its payer's name masked.
///
/// # Errors
/// `Sealed` or `Corrupt`.
pub fn seen(svc: &Invoicing, bill: &Bill) -> Result<pb::Bill, Error> {
    let payer_masked = payer(svc, bill)?.map(|facts| facts.masked_name()).unwrap_or_default();
    Ok(pb::Bill {
        invoice: Some(wire::invoice(&bill.invoice)),
        agency_name: Some(wire::local(&bill.seller.name)),
        service_name: Some(wire::local(&bill.service_name)),
        payer_masked,
        steps: bill.steps.iter().map(wire::local).collect(),
        late_rule: bill.invoice.late.as_ref().map(|late| wire::local(&late.rule)),
    })
}
