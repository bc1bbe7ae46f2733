//! Webhook endpoints of agencies.

use ids::{AgencyId, EndpointId};
use pg::Tx;
use time::OffsetDateTime;

use crate::{
    Error,
    domain::endpoint::{Condition, Why},
};

/// An endpoint; its secret is sealed.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub id: EndpointId,
    pub agency: String,
    pub url: String,
    pub secret_sealed: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub condition: Condition,
    pub created_at: OffsetDateTime,
}

/// A row of the table.
struct Row {
    endpoint_id: uuid::Uuid,
    agency_id: String,
    url: String,
    secret_sealed: Vec<u8>,
    wrapped_key: Vec<u8>,
    disabled_why: Option<String>,
    failing_since: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for Endpoint {
    type Error = Error;

    fn try_from(row: Row) -> Result<Endpoint, Error> {
        let condition = match (row.disabled_why.as_deref(), row.failing_since) {
            (None, None) => Condition::Good,
            (None, Some(since)) => Condition::Failing { since },
            (Some("gone"), _) => Condition::Disabled { why: Why::Gone },
            (Some("failing"), _) => Condition::Disabled { why: Why::Failing },
            (Some(_), _) => return Err(Error::Corrupt { table: "endpoint" }),
        };
        Ok(Endpoint {
            id: EndpointId(row.endpoint_id),
            agency: row.agency_id,
            url: row.url,
            secret_sealed: row.secret_sealed,
            wrapped_key: row.wrapped_key,
            condition,
            created_at: row.created_at,
        })
    }
}

/// Keeps `endpoint` under the key of its caller, unless that key has one already.
pub async fn insert(tx: &mut Tx, endpoint: &Endpoint, key: (&str, &str)) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO endpoint (endpoint_id, agency_id, actor, idempotency_key, url, secret_sealed, wrapped_key, enabled,
                created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8)
             ON CONFLICT ON CONSTRAINT endpoint_key_once DO NOTHING",
        endpoint.id.0,
        endpoint.agency,
        key.0,
        key.1,
        endpoint.url,
        endpoint.secret_sealed,
        endpoint.wrapped_key,
        endpoint.created_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The endpoint that the key made.
pub async fn of_key(tx: &mut Tx, agency: &AgencyId, key: (&str, &str)) -> Result<Option<Endpoint>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT endpoint_id, agency_id, url, secret_sealed, wrapped_key, disabled_why, failing_since, created_at
           FROM endpoint
          WHERE agency_id = $1 AND actor = $2 AND idempotency_key = $3",
        agency.as_str(),
        key.0,
        key.1,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Endpoint::try_from).transpose()
}

/// All endpoints of an agency, oldest first.
pub async fn of_agency(tx: &mut Tx, agency: &AgencyId) -> Result<Vec<Endpoint>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT endpoint_id, agency_id, url, secret_sealed, wrapped_key, disabled_why, failing_since, created_at
           FROM endpoint
          WHERE agency_id = $1
          ORDER BY endpoint_id",
        agency.as_str(),
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Endpoint::try_from).collect()
}

/// The enabled endpoints of an agency: whom to tell.
pub async fn enabled(tx: &mut Tx, agency: &AgencyId) -> Result<Vec<EndpointId>, Error> {
    let ids = sqlx::query_scalar!(
        "SELECT endpoint_id FROM endpoint WHERE agency_id = $1 AND enabled ORDER BY endpoint_id",
        agency.as_str(),
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.into_iter().map(EndpointId).collect())
}

pub async fn find(tx: &mut Tx, id: EndpointId) -> Result<Endpoint, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT endpoint_id, agency_id, url, secret_sealed, wrapped_key, disabled_why, failing_since, created_at
           FROM endpoint
          WHERE endpoint_id = $1",
        id.0,
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}

/// Locks the row and says how the endpoint is doing.
pub async fn lock(tx: &mut Tx, id: EndpointId) -> Result<Endpoint, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT endpoint_id, agency_id, url, secret_sealed, wrapped_key, disabled_why, failing_since, created_at
           FROM endpoint
          WHERE endpoint_id = $1
            FOR UPDATE",
        id.0,
    )
    .fetch_one(tx.conn())
    .await?;
    row.try_into()
}

/// Writes how an endpoint is doing; the caller has it locked.
pub async fn save(tx: &mut Tx, id: EndpointId, after: Condition) -> Result<(), Error> {
    let (why, since) = match after {
        Condition::Good => (None, None),
        Condition::Failing { since } => (None, Some(since)),
        Condition::Disabled { why } => (Some(why.name()), None),
    };
    let done = sqlx::query!(
        "UPDATE endpoint
            SET enabled = ($2::text IS NULL), disabled_why = $2, failing_since = $3
          WHERE endpoint_id = $1
            AND enabled",
        id.0,
        why,
        since,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "endpoint")?)
}
