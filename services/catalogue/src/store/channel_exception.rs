//! `channel_exception`.
use ids::{AgencyId, ChannelExceptionId};
use money::Money;
use pg::Tx;
use time::{Date, OffsetDateTime};

use crate::Error;
use crate::domain::channel::Channel;
use crate::domain::channel_exception::{ChannelException, State};

/// The exceptions of an agency, or of all, newest first.
pub async fn list(tx: &mut Tx, agency: Option<&AgencyId>) -> Result<Vec<ChannelException>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT channel_exception_id, agency_id, service_code, channel, first_day, last_day, most_fils, reason,
                requested_by, state, decided_by, ended_by, created_at, version
           FROM channel_exception
          WHERE $1::text IS NULL OR agency_id = $1
          ORDER BY created_at DESC, channel_exception_id",
        agency.map(AgencyId::as_str),
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(ChannelException::try_from).collect()
}

/// One exception.
pub async fn find(tx: &mut Tx, id: ChannelExceptionId) -> Result<Option<ChannelException>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT channel_exception_id, agency_id, service_code, channel, first_day, last_day, most_fils, reason,
                requested_by, state, decided_by, ended_by, created_at, version
           FROM channel_exception WHERE channel_exception_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(ChannelException::try_from).transpose()
}

/// Adds a requested exception.
pub async fn add(tx: &mut Tx, exception: &ChannelException) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO channel_exception (channel_exception_id, agency_id, service_code, channel, first_day, last_day,
                                        most_fils, reason, requested_by, state, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'requested', $10, $11)",
        exception.id.0,
        exception.agency.as_str(),
        exception.service.as_str(),
        exception.channel.word(),
        exception.from,
        exception.until,
        exception.most.minor_units(),
        exception.reason,
        exception.requested_by,
        exception.created_at,
        exception.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes `after` over `before`; `Conflict`, and nothing written, if the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &ChannelException, after: &ChannelException) -> Result<(), Error> {
    let (decided_by, ended_by) = match &after.state {
        State::Requested => (None, None),
        State::Approved { by } | State::Rejected { by } => (Some(by.as_str()), None),
        State::Ended { approved_by, by } => (Some(approved_by.as_str()), Some(by.as_str())),
    };
    let done = sqlx::query!(
        "UPDATE channel_exception SET state = $3, decided_by = $4, ended_by = $5, version = $6
          WHERE channel_exception_id = $1 AND version = $2",
        before.id.0,
        before.version,
        after.state.name(),
        decided_by,
        ended_by,
        after.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "channel_exception")?)
}

struct Row {
    channel_exception_id: ids::Uuid,
    agency_id: String,
    service_code: String,
    channel: String,
    first_day: Date,
    last_day: Date,
    most_fils: i64,
    reason: String,
    requested_by: String,
    state: String,
    decided_by: Option<String>,
    ended_by: Option<String>,
    created_at: OffsetDateTime,
    version: i64,
}

impl TryFrom<Row> for ChannelException {
    type Error = Error;

    fn try_from(row: Row) -> Result<ChannelException, Error> {
        let corrupt = |what: String| Error::Corrupt { table: "channel_exception", what };
        let id = |error: ids::Invalid| corrupt(error.to_string());
        let state = match (row.state.as_str(), row.decided_by, row.ended_by) {
            ("requested", None, None) => State::Requested,
            ("approved", Some(by), None) => State::Approved { by },
            ("rejected", Some(by), None) => State::Rejected { by },
            ("ended", Some(approved_by), Some(by)) => State::Ended { approved_by, by },
            _ => return Err(corrupt(row.state)),
        };
        Ok(ChannelException {
            id: ChannelExceptionId(row.channel_exception_id),
            agency: row.agency_id.parse().map_err(id)?,
            service: row.service_code.parse().map_err(id)?,
            channel: Channel::from_word(&row.channel).ok_or_else(|| corrupt(row.channel.clone()))?,
            from: row.first_day,
            until: row.last_day,
            most: Money::fils(row.most_fils),
            reason: row.reason,
            requested_by: row.requested_by,
            state,
            created_at: row.created_at,
            version: row.version,
        })
    }
}
