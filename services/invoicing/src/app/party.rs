//! The people and companies bills are for: one per CPR or CR within an agency, each with a key of their own.

use std::collections::{BTreeMap, HashMap};

use ids::{AgencyId, PartyRef};
use pg::Tx;

use super::Invoicing;
use crate::Error;
use crate::domain::payer::PayerNumber;
use crate::person::{self, Party};
use crate::store;
use crate::store::party::NewParty;

/// People by the blind index of their number.
pub struct Parties(HashMap<Vec<u8>, Party>);

impl Parties {
    /// The party of `number`.
    ///
    /// # Errors
    /// `Corrupt` when it was not among those that were ensured.
    pub fn of(&self, svc: &Invoicing, agency: &AgencyId, number: &PayerNumber) -> Result<&Party, Error> {
        let index = person::payer_index(&svc.master, agency, number);
        self.0.get(index.as_slice()).ok_or(Error::Corrupt { table: "party" })
    }
}

/// Finds or adds the people with these numbers.
///
/// # Errors
/// As any write.
pub async fn ensure(
    svc: &Invoicing,
    tx: &mut Tx,
    agency: &AgencyId,
    numbers: &[&PayerNumber],
) -> Result<Parties, Error> {
    let by_index: BTreeMap<[u8; 32], &PayerNumber> =
        numbers.iter().map(|number| (person::payer_index(&svc.master, agency, number), *number)).collect();
    let indexes: Vec<Vec<u8>> = by_index.keys().map(|index| index.to_vec()).collect();
    let mut found = store::party::find(tx, agency, &indexes).await?;
    if found.len() < by_index.len() {
        let now = svc.ctx.clock.now();
        let known: std::collections::HashSet<&[u8]> =
            found.iter().map(|party| party.cpr_index.as_slice()).collect();
        let missing = by_index.iter().filter(|(index, _)| !known.contains(index.as_slice()));
        let new: Vec<NewParty> = missing
            .map(|(index, number)| {
                let party_ref = PartyRef(svc.ctx.ids.uuid(now));
                let key = svc.master.new_data_key(&svc.ctx.ids);
                let cpr_sealed = person::seal_number(&key, party_ref, number);
                NewParty { party_ref, cpr_index: *index, wrapped_key: svc.master.wrap(&key), cpr_sealed }
            })
            .collect();
        store::party::insert(tx, agency, &new, now).await?;
        // Again, because somebody else may have added one of them in between, with another key.
        found = store::party::find(tx, agency, &indexes).await?;
    }
    let opened = found.into_iter().map(|stored| {
        let key = svc.master.unwrap(&stored.wrapped_key);
        let key = key.map_err(|source| Error::Sealed { table: "party", source })?;
        Ok((stored.cpr_index, Party { party_ref: stored.party_ref, key }))
    });
    Ok(Parties(opened.collect::<Result<_, Error>>()?))
}
