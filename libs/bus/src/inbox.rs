//! What a service has heard: one row per event and consumer, in the transaction of its effect.

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

/// Whether `consumer` sees this event for the first time. Call it in the transaction of the effect, before the effect:
/// of two deliveries at once the second waits for the first to end, and is told `false` if that one committed.
///
/// # Errors
/// As any write of `tx`.
pub async fn first_time(
    tx: &mut Tx,
    consumer: &str,
    event_id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, pg::Error> {
    let done = sqlx::query!(
        "INSERT INTO inbox (consumer, event_id, received_at)
         VALUES ($1, $2, $3)
             ON CONFLICT ON CONSTRAINT inbox_pkey DO NOTHING",
        consumer,
        event_id,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}
