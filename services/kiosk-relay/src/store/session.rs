//! The table `device_session`.

use ids::DeviceId;
use pg::Tx;
use time::OffsetDateTime;

use crate::{
    Error,
    domain::cash::{Session, SessionState, Sessions},
};

struct Row {
    session_id: String,
    bill_reference: String,
    stacked_fils: i64,
    state: String,
    began_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Session {
    type Error = Error;

    fn try_from(row: Row) -> Result<Session, Error> {
        let state = SessionState::from_name(&row.state)
            .ok_or_else(|| Error::Corrupt { table: "device_session", id: row.session_id.clone() })?;
        Ok(Session {
            session_id: row.session_id,
            bill_reference: row.bill_reference,
            stacked_fils: row.stacked_fils,
            state,
            began_at: row.began_at,
        })
    }
}

/// Those of the named sessions that are known. The device's row is locked, so nobody else writes them.
pub async fn of(tx: &mut Tx, device_id: &DeviceId, named: &[String]) -> Result<Sessions, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT session_id, bill_reference, stacked_fils, state, began_at
           FROM device_session
          WHERE device_id = $1
            AND session_id = ANY($2)",
        device_id.as_str(),
        named,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(|row| Session::try_from(row).map(|s| (s.session_id.clone(), s))).collect()
}

/// The device's open sessions, in their order. The device's row is locked.
pub async fn open(tx: &mut Tx, device_id: &DeviceId) -> Result<Vec<Session>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT session_id, bill_reference, stacked_fils, state, began_at
           FROM device_session
          WHERE device_id = $1
            AND state = 'open'
          ORDER BY opened_at, session_id",
        device_id.as_str(),
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Session::try_from).collect()
}

/// Writes sessions as they are after a batch.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn save(
    tx: &mut Tx,
    device_id: &DeviceId,
    sessions: &Sessions,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let each = sessions.values();
    let session_ids: Vec<String> = each.clone().map(|s| s.session_id.clone()).collect();
    let bills: Vec<String> = each.clone().map(|s| s.bill_reference.clone()).collect();
    let stacked: Vec<i64> = each.clone().map(|s| s.stacked_fils).collect();
    let states: Vec<String> = each.clone().map(|s| s.state.name().to_owned()).collect();
    let began: Vec<Option<OffsetDateTime>> = each.map(|s| s.began_at).collect();
    sqlx::query!(
        "INSERT INTO device_session AS known
                (device_id, session_id, bill_reference, stacked_fils, state, began_at, opened_at, closed_at)
         SELECT $1, session_id, bill_reference, stacked_fils, state, began_at, $7::timestamptz,
                CASE WHEN state = 'open' THEN NULL ELSE $7::timestamptz END
           FROM UNNEST($2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
             AS said (session_id, bill_reference, stacked_fils, state, began_at)
             ON CONFLICT (device_id, session_id) DO UPDATE
            SET stacked_fils = excluded.stacked_fils, state = excluded.state, closed_at = excluded.closed_at
          WHERE known.state = 'open'",
        device_id.as_str(),
        &session_ids,
        &bills,
        &stacked,
        &states,
        &began as &[Option<OffsetDateTime>],
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
