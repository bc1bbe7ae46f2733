//! What endpoints are told.

use ids::{AgencyId, DeliveryId, EndpointId};
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::sending::{Columns, Oldest};
use crate::{Error, domain::sending::Sending};

/// One webhook call on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint: EndpointId,
    pub agency: String,
    pub event_id: Uuid,
    pub event_type: String,
    /// The JSON, the same for each try.
    pub body: String,
    pub traceparent: Option<String>,
    pub created_at: OffsetDateTime,
    pub sending: Sending,
}

/// A row of the table.
struct Row {
    delivery_id: Uuid,
    endpoint_id: Uuid,
    agency_id: String,
    event_id: Uuid,
    event_type: String,
    body: String,
    traceparent: Option<String>,
    state: String,
    next_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    tries: i32,
    last_answer: i32,
    version: i64,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for Delivery {
    type Error = Error;

    fn try_from(row: Row) -> Result<Delivery, Error> {
        let columns = Columns { state: &row.state, next_at: row.next_at, ended_at: row.ended_at };
        let state = columns.read("delivery")?;
        Ok(Delivery {
            id: DeliveryId(row.delivery_id),
            endpoint: EndpointId(row.endpoint_id),
            agency: row.agency_id,
            event_id: row.event_id,
            event_type: row.event_type,
            body: row.body,
            traceparent: row.traceparent,
            created_at: row.created_at,
            sending: Sending { state, tries: row.tries, last_answer: row.last_answer, version: row.version },
        })
    }
}

/// Keeps new deliveries; one that this endpoint was already to get of this event is passed over.
pub async fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<(), Error> {
    let columns = Columns::of(&delivery.sending);
    sqlx::query!(
        "INSERT INTO delivery (delivery_id, endpoint_id, agency_id, event_id, event_type, body, traceparent, state,
                next_at, ended_at, tries, last_answer, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT ON CONSTRAINT delivery_once DO NOTHING",
        delivery.id.0,
        delivery.endpoint.0,
        delivery.agency,
        delivery.event_id,
        delivery.event_type,
        delivery.body,
        delivery.traceparent,
        columns.state,
        columns.next_at,
        columns.ended_at,
        delivery.sending.tries,
        delivery.sending.last_answer,
        delivery.sending.version,
        delivery.created_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Up to `limit` deliveries that are due, or whose sender died; locked, oldest first. What others lock is passed over.
pub async fn lock_due(tx: &mut Tx, now: OffsetDateTime, limit: i64) -> Result<Vec<Delivery>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT delivery_id, endpoint_id, agency_id, event_id, event_type, body, traceparent, state, next_at, ended_at,
                tries, last_answer, version, created_at
           FROM delivery
          WHERE next_at <= $1
          ORDER BY next_at
          LIMIT $2
            FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Writes `after` over `before`; `Conflict`, and nothing written, if somebody else has it by now.
pub async fn save(tx: &mut Tx, id: DeliveryId, before: &Sending, after: &Sending) -> Result<(), Error> {
    let columns = Columns::of(after);
    let done = sqlx::query!(
        "UPDATE delivery
            SET state = $4, next_at = $5, ended_at = $6, tries = $7, last_answer = $8, version = $9
          WHERE delivery_id = $1
            AND state = $2 AND version = $3",
        id.0,
        before.state.name(),
        before.version,
        columns.state,
        columns.next_at,
        columns.ended_at,
        after.tries,
        after.last_answer,
        after.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "delivery")?)
}

/// A page of an agency's deliveries, oldest first, after `after`.
pub async fn page(
    tx: &mut Tx,
    agency: &AgencyId,
    after: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT delivery_id, endpoint_id, agency_id, event_id, event_type, body, traceparent, state, next_at, ended_at,
                tries, last_answer, version, created_at
           FROM delivery
          WHERE agency_id = $1
            AND ($2::uuid IS NULL OR delivery_id > $2)
          ORDER BY delivery_id
          LIMIT $3",
        agency.as_str(),
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Since when the oldest delivery is on its way, and since when one is due that nobody has taken.
pub async fn oldest(tx: &mut Tx, now: OffsetDateTime) -> Result<Oldest, Error> {
    let oldest = sqlx::query_as!(
        Oldest,
        "SELECT min(created_at) AS open_since, min(next_at) FILTER (WHERE next_at <= $1) AS due_since
           FROM delivery
          WHERE next_at IS NOT NULL",
        now,
    );
    Ok(oldest.fetch_one(tx.conn()).await?)
}
