//! `access_log`, and what is kept about one person.
use ids::{AgencyId, PartyRef, UploadId};
use pg::Tx;
use time::OffsetDateTime;

use crate::Error;

/// What somebody did with what is kept about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Export,
    /// An invoice was printed with the whole name.
    Print,
    Erase,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            What::Export => "export",
            What::Print => "print",
            What::Erase => "erase",
        }
    }
}

/// One line of the log.
#[derive(Debug)]
pub struct Access {
    pub at: OffsetDateTime,
    pub actor: String,
    pub what: String,
    pub reason: String,
}

/// A person of the agency, locked until the transaction ends.
#[derive(Debug)]
pub struct Kept {
    pub party_ref: PartyRef,
    pub wrapped_key: Vec<u8>,
    pub cpr_sealed: Vec<u8>,
}

/// The agency's person with this index.
///
/// # Errors
/// `PersonUnknown`.
pub async fn lock(tx: &mut Tx, agency: &AgencyId, cpr_index: &[u8; 32]) -> Result<Kept, Error> {
    let row = sqlx::query!(
        "SELECT party_ref, wrapped_key, cpr_sealed FROM party WHERE agency_id = $1 AND cpr_index = $2 FOR UPDATE",
        agency.as_str(),
        cpr_index.as_slice(),
    )
    .fetch_optional(tx.conn())
    .await?;
    let row = row.ok_or(Error::PersonUnknown)?;
    Ok(Kept { party_ref: PartyRef(row.party_ref), wrapped_key: row.wrapped_key, cpr_sealed: row.cpr_sealed })
}

/// References of all bills of a person, oldest first.
///
/// # Errors
/// As any read.
pub async fn bills(tx: &mut Tx, party: PartyRef) -> Result<Vec<String>, Error> {
    let found = sqlx::query_scalar!(
        "SELECT bill_reference FROM invoice WHERE party_ref = $1 ORDER BY year, number",
        party.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}

/// Bills of a person that ask for money.
///
/// # Errors
/// As any read.
pub async fn open_bills(tx: &mut Tx, party: PartyRef) -> Result<i64, Error> {
    let open = sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM invoice
            WHERE party_ref = $1 AND state IN ('issued', 'partially_paid')"#,
        party.0,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(open)
}

/// Every upload of the agency whose cells can still be read, locked: nobody judges or issues it until the transaction ends.
///
/// # Errors
/// As any write.
pub async fn lock_uploads(tx: &mut Tx, agency: &AgencyId) -> Result<Vec<UploadId>, Error> {
    let found = sqlx::query_scalar!(
        "SELECT upload_id FROM upload WHERE agency_id = $1 AND wrapped_key <> '' ORDER BY upload_id FOR UPDATE",
        agency.as_str(),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(UploadId).collect())
}

/// Destroys the keys of files that came before `before` and are not at work; how many.
///
/// # Errors
/// As any write.
pub async fn forget_old_sheets(tx: &mut Tx, before: OffsetDateTime) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE upload SET wrapped_key = ''
          WHERE created_at < $1 AND wrapped_key <> '' AND state IN ('checked', 'issued')",
        before,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Destroys the person's key and number; `nobody` is found by no number.
///
/// # Errors
/// `Conflict` when the person is erased already.
pub async fn erase(tx: &mut Tx, party: PartyRef, nobody: [u8; 32]) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE party SET wrapped_key = '', cpr_sealed = '', cpr_index = $2 WHERE party_ref = $1 AND wrapped_key <> ''",
        party.0,
        nobody.as_slice(),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "party")?)
}

/// Writes a line of the log.
///
/// # Errors
/// As any write.
pub async fn note(
    tx: &mut Tx,
    (agency, party): (&AgencyId, PartyRef),
    (actor, what, reason): (&str, What, &str),
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO access_log (agency_id, party_ref, actor, what, reason, at) VALUES ($1, $2, $3, $4, $5, $6)",
        agency.as_str(),
        party.0,
        actor,
        what.word(),
        reason,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Who has looked, oldest first.
///
/// # Errors
/// As any read.
pub async fn accesses(tx: &mut Tx, party: PartyRef) -> Result<Vec<Access>, Error> {
    let found = sqlx::query_as!(
        Access,
        "SELECT at, actor, what, reason FROM access_log WHERE party_ref = $1 ORDER BY at",
        party.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}
