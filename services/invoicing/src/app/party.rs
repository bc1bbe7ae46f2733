//! The people bills are for: one per CPR within an agency, each with a key of their own.

use std::collections::{BTreeMap, HashMap};

use ids::{AgencyId, PartyRef};
use pg::Tx;
use standards::references::Cpr;

use super::Invoicing;
use crate::Error;
use crate::person::{self, Party};
use crate::store;
use crate::store::party::NewParty;

/// People by the blind index of their CPR.
pub struct Parties(HashMap<Vec<u8>, Party>);

impl Parties {
    /// The party of `cpr`.
    ///
    /// # Errors
    /// `Corrupt` when it was not among those that were ensured.
    pub fn of(&self, svc: &Invoicing, agency: &AgencyId, cpr: &Cpr) -> Result<&Party, Error> {
        let index = person::cpr_index(&svc.master, agency, cpr);
        self.0.get(index.as_slice()).ok_or(Error::Corrupt { table: "party" })
    }
}

/// Finds or adds the people with these CPRs.
///
/// # Errors
/// As any write.
pub async fn ensure(
    svc: &Invoicing,
    tx: &mut Tx,
    agency: &AgencyId,
    cprs: &[&Cpr],
) -> Result<Parties, Error> {
    let by_index: BTreeMap<[u8; 32], &Cpr> =
        cprs.iter().map(|cpr| (person::cpr_index(&svc.master, agency, cpr), *cpr)).collect();
    let indexes: Vec<Vec<u8>> = by_index.keys().map(|index| index.to_vec()).collect();
    let mut found = store::party::find(tx, agency, &indexes).await?;
    if found.len() < by_index.len() {
        let now = svc.ctx.clock.now();
        let known: std::collections::HashSet<&[u8]> =
            found.iter().map(|party| party.cpr_index.as_slice()).collect();
        let missing = by_index.iter().filter(|(index, _)| !known.contains(index.as_slice()));
        let new: Vec<NewParty> = missing
            .map(|(index, cpr)| {
                let party_ref = PartyRef(svc.ctx.ids.uuid(now));
                let key = svc.master.new_data_key(&svc.ctx.ids);
                let cpr_sealed = person::seal_cpr(&key, party_ref, cpr);
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
