use ids::{AgencyId, PartyRef};
use pg::Tx;
use time::OffsetDateTime;

use crate::Error;

/// A person as stored.
#[derive(Debug)]
pub struct StoredParty {
    pub party_ref: PartyRef,
    pub cpr_index: Vec<u8>,
    pub wrapped_key: Vec<u8>,
}

/// A person to store.
#[derive(Debug)]
pub struct NewParty {
    pub party_ref: PartyRef,
    pub cpr_index: [u8; 32],
    pub wrapped_key: Vec<u8>,
    pub cpr_sealed: Vec<u8>,
}

/// The agency's persons with these indexes.
///
/// # Errors
/// As any read.
pub async fn find(tx: &mut Tx, agency: &AgencyId, indexes: &[Vec<u8>]) -> Result<Vec<StoredParty>, Error> {
    let rows = sqlx::query!(
        "SELECT party_ref, cpr_index, wrapped_key FROM party WHERE agency_id = $1 AND cpr_index = ANY($2)",
        agency.as_str(),
        indexes,
    )
    .fetch_all(tx.conn())
    .await?;
    let stored = rows.into_iter().map(|row| StoredParty {
        party_ref: PartyRef(row.party_ref),
        cpr_index: row.cpr_index,
        wrapped_key: row.wrapped_key,
    });
    Ok(stored.collect())
}

/// Adds persons; one who is there by now stays as they are. `parties` are sorted by index, so that two uploads with the
/// same people wait for each other instead of dead-locking.
///
/// # Errors
/// As any write.
pub async fn insert(
    tx: &mut Tx,
    agency: &AgencyId,
    parties: &[NewParty],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let refs: Vec<_> = parties.iter().map(|party| party.party_ref.0).collect();
    let indexes: Vec<Vec<u8>> = parties.iter().map(|party| party.cpr_index.to_vec()).collect();
    let keys: Vec<Vec<u8>> = parties.iter().map(|party| party.wrapped_key.clone()).collect();
    let cprs: Vec<Vec<u8>> = parties.iter().map(|party| party.cpr_sealed.clone()).collect();
    sqlx::query!(
        "INSERT INTO party (party_ref, agency_id, cpr_index, wrapped_key, cpr_sealed, created_at)
         SELECT party_ref, $1, cpr_index, wrapped_key, cpr_sealed, $6
           FROM UNNEST($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[])
             AS new (party_ref, cpr_index, wrapped_key, cpr_sealed)
         ON CONFLICT ON CONSTRAINT party_once_per_agency DO NOTHING",
        agency.as_str(),
        &refs,
        &indexes,
        &keys,
        &cprs,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
