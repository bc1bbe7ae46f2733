//! Contacts: sealed addresses.

use boot::Lang;
use ids::ContactId;
use pg::Tx;
use time::OffsetDateTime;

use crate::Error;

/// A contact as it is stored: nothing in it can be read without the master key.
#[derive(Clone, Debug)]
pub struct Contact {
    pub id: ContactId,
    pub language: Lang,
    pub email_sealed: Vec<u8>,
    /// A keyed hash of address and language: whether two calls ask for the same.
    pub email_index: Vec<u8>,
    /// None once the person was erased.
    pub wrapped_key: Option<Vec<u8>>,
}

/// Keeps `contact` under the key of its caller, unless that key has one already.
pub async fn insert(
    tx: &mut Tx,
    contact: &Contact,
    key: (&str, &str),
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO contact (contact_id, actor, idempotency_key, language, email_sealed, email_index, wrapped_key,
                created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT ON CONSTRAINT contact_key_once DO NOTHING",
        contact.id.0,
        key.0,
        key.1,
        contact.language.code(),
        contact.email_sealed,
        contact.email_index,
        contact.wrapped_key,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The contact that the key made, and its keyed hash.
pub async fn of_key(tx: &mut Tx, key: (&str, &str)) -> Result<Option<(ContactId, Vec<u8>)>, Error> {
    let row = sqlx::query!(
        "SELECT contact_id, email_index FROM contact WHERE actor = $1 AND idempotency_key = $2",
        key.0,
        key.1,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| (ContactId(row.contact_id), row.email_index)))
}

pub async fn find(tx: &mut Tx, id: ContactId) -> Result<Option<Contact>, Error> {
    let row = sqlx::query!(
        "SELECT language, email_sealed, email_index, wrapped_key FROM contact WHERE contact_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let language = row.language.parse().ok().ok_or(Error::Corrupt { table: "contact" })?;
    let (email_sealed, email_index, wrapped_key) = (row.email_sealed, row.email_index, row.wrapped_key);
    Ok(Some(Contact { id, language, email_sealed, email_index, wrapped_key }))
}

/// Destroys the addresses that `actor` gave under keys that begin with `prefix`; how many.
pub async fn erase(tx: &mut Tx, actor: &str, prefix: &str) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE contact SET wrapped_key = NULL, email_sealed = '', email_index = ''
          WHERE actor = $1 AND starts_with(idempotency_key, $2) AND wrapped_key IS NOT NULL",
        actor,
        prefix,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}
