//! A bill as whoever holds its reference may see it.

use proto::invoicing::v1 as pb;

use super::Invoicing;
use crate::domain::numbering;
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

/// The bill, with its payer's name masked.
///
/// # Errors
/// `Sealed` or `Corrupt`.
pub fn seen(svc: &Invoicing, bill: &Bill) -> Result<pb::Bill, Error> {
    let payer_masked = if bill.wrapped_key.is_empty() {
        // The person was erased; the bill stays.
        String::new()
    } else {
        let key = svc.master.unwrap(&bill.wrapped_key);
        let key = key.map_err(|source| Error::Sealed { table: "party", source })?;
        let party = Party { party_ref: bill.invoice.party_ref, key };
        person::open_facts(&party, &bill.payer_sealed)?.masked_name()
    };
    Ok(pb::Bill {
        invoice: Some(wire::invoice(&bill.invoice)),
        agency_name: Some(wire::local(&bill.agency_name)),
        service_name: Some(wire::local(&bill.service_name)),
        payer_masked,
        steps: bill.steps.iter().map(wire::local).collect(),
        late_rule: bill.invoice.late.as_ref().map(|late| wire::local(&late.rule)),
    })
}
