//! `api_client`.
use ids::{AgencyId, ClientId};
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;
use crate::domain::api_client::ApiClient;
use crate::domain::scope::Scope;

/// Who made it and when.
pub struct Made<'a> {
    pub by: &'a str,
    pub at: OffsetDateTime,
}

/// Adds a client with the hash of its key.
pub async fn insert(
    tx: &mut Tx,
    client: &ApiClient,
    key_hash: [u8; 32],
    made: Made<'_>,
) -> Result<(), Error> {
    let scopes: Vec<String> = client.scopes.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "INSERT INTO api_client (client_id, agency_id, name, scopes, key_hash, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        client.id.0,
        client.agency.as_str(),
        client.name,
        &scopes,
        &key_hash[..],
        made.by,
        made.at,
        client.expires_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The client of a key, if there ever was one.
pub async fn find(tx: &mut Tx, key_hash: [u8; 32]) -> Result<Option<ApiClient>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT client_id, agency_id, name, scopes, expires_at, revoked_at FROM api_client WHERE key_hash = $1",
        &key_hash[..],
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(ApiClient::try_from).transpose()
}

/// Revokes a client that is not revoked; false when there is none.
pub async fn revoke(tx: &mut Tx, client: ClientId, now: OffsetDateTime) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE api_client SET revoked_at = $2 WHERE client_id = $1 AND revoked_at IS NULL",
        client.0,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

struct Row {
    client_id: Uuid,
    agency_id: String,
    name: String,
    scopes: Vec<String>,
    expires_at: OffsetDateTime,
    revoked_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for ApiClient {
    type Error = Error;

    fn try_from(row: Row) -> Result<ApiClient, Error> {
        let corrupt = || Error::Corrupt { table: "api_client", id: row.client_id };
        let agency = row.agency_id.parse::<AgencyId>().ok().ok_or_else(corrupt)?;
        let scopes: Option<Vec<Scope>> = row.scopes.iter().map(|scope| scope.parse().ok()).collect();
        Ok(ApiClient {
            id: ClientId::from(row.client_id),
            agency,
            name: row.name,
            scopes: scopes.ok_or_else(corrupt)?,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}
