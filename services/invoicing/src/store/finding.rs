//! `finding_miss`, and the bills of a person over all agencies.
use ids::{AgencyId, PartyRef};
use pg::Tx;
use time::OffsetDateTime;

use crate::Error;

/// Agencies that have issued a bill.
///
/// # Errors
/// As any read.
pub async fn agencies(tx: &mut Tx) -> Result<Vec<AgencyId>, Error> {
    let codes = sqlx::query_scalar!("SELECT DISTINCT agency_id FROM numbering").fetch_all(tx.conn()).await?;
    Ok(codes.into_iter().map(AgencyId).collect())
}

/// The person's parties, one an agency: those with these indexes that are not erased.
///
/// # Errors
/// As any read.
pub async fn parties(tx: &mut Tx, indexes: &[Vec<u8>]) -> Result<Vec<PartyRef>, Error> {
    let found = sqlx::query_scalar!(
        "SELECT party_ref FROM party WHERE cpr_index = ANY($1) AND wrapped_key <> ''::bytea",
        indexes,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(PartyRef).collect())
}

/// References of their open bills, the first due first.
///
/// # Errors
/// As any read.
pub async fn open_bills(tx: &mut Tx, parties: &[PartyRef], at_most: i64) -> Result<Vec<String>, Error> {
    let parties: Vec<_> = parties.iter().map(|party| party.0).collect();
    let found = sqlx::query_scalar!(
        "SELECT bill_reference FROM invoice
          WHERE party_ref = ANY($1) AND state IN ('issued', 'partially_paid')
          ORDER BY due_date, bill_reference LIMIT $2",
        &parties,
        at_most,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}

/// Is this the reference of a bill of one of them, open or not?
///
/// # Errors
/// As any read.
pub async fn owns(tx: &mut Tx, parties: &[PartyRef], bill_reference: &str) -> Result<bool, Error> {
    let parties: Vec<_> = parties.iter().map(|party| party.0).collect();
    let owns = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM invoice WHERE bill_reference = $1 AND party_ref = ANY($2)) AS "owns!""#,
        bill_reference,
        &parties,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(owns)
}

/// Lets nobody else try for `who` until the transaction ends, so that guesses at once are counted one by one.
///
/// # Errors
/// As any write.
pub async fn lock(tx: &mut Tx, who: &[u8; 32]) -> Result<(), Error> {
    let lock = who.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", lock).execute(tx.conn()).await?;
    Ok(())
}

/// Wrong proofs for `who` from `since` on.
///
/// # Errors
/// As any read.
pub async fn misses(tx: &mut Tx, who: &[u8; 32], since: OffsetDateTime) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM finding_miss WHERE who = $1 AND at >= $2"#,
        who.as_slice(),
        since,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// Notes a wrong proof, and forgets those that count no more.
///
/// # Errors
/// As any write.
pub async fn miss(
    tx: &mut Tx,
    who: &[u8; 32],
    now: OffsetDateTime,
    forget_before: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!("DELETE FROM finding_miss WHERE at < $1", forget_before).execute(tx.conn()).await?;
    sqlx::query!("INSERT INTO finding_miss (who, at) VALUES ($1, $2)", who.as_slice(), now)
        .execute(tx.conn())
        .await?;
    Ok(())
}
