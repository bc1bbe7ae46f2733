//! What agencies' servers were told.

use pg::Tx;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;

/// One call as it came, and what it was answered.
#[derive(Debug, Serialize)]
pub struct Call {
    /// By lower-case name.
    pub headers: Value,
    pub body: String,
    pub answered: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
}

/// Notes a call of the server `name`.
pub async fn note(tx: &mut Tx, id: Uuid, name: &str, call: &Call) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO hook_call (call_id, name, headers, body, answered, received_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        name,
        call.headers,
        call.body,
        call.answered,
        call.received_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// All calls of the server `name`, in their order.
pub async fn calls(tx: &mut Tx, name: &str) -> Result<Vec<Call>, Error> {
    let calls = sqlx::query_as!(
        Call,
        "SELECT headers, body, answered, received_at FROM hook_call WHERE name = $1 ORDER BY received_at, call_id",
        name,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(calls)
}

/// The next `times` calls of the server `name` are answered with `status`.
pub async fn arm(tx: &mut Tx, name: &str, times: i32, status: i32) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO hook_fault (name, times, status)
         VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT hook_fault_pkey DO UPDATE
            SET times = excluded.times, status = excluded.status",
        name,
        times,
        status,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The status to answer this call with, if the server is in trouble; counts it down.
pub async fn trouble(tx: &mut Tx, name: &str) -> Result<Option<i32>, Error> {
    let status = sqlx::query_scalar!(
        "UPDATE hook_fault SET times = times - 1 WHERE name = $1 AND times > 0 RETURNING status",
        name,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(status)
}
