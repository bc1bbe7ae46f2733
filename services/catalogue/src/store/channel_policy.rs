//! `channel_policy`.
use ids::{AgencyId, PolicyId, ServiceCode};
use pg::Tx;
use time::{Date, OffsetDateTime};

use crate::Error;
use crate::domain::channel::{Channel, Channels};
use crate::domain::policy::{Policy, State};

/// The policies of an agency, or of all; of one service, or of all: by service and day.
pub async fn list(
    tx: &mut Tx,
    agency: Option<&AgencyId>,
    service: Option<&ServiceCode>,
) -> Result<Vec<Policy>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT policy_id, agency_id, service_code, valid_from, channels, reason, proposed_by, state, decided_by,
                announced_at, created_at, version
           FROM channel_policy
          WHERE ($1::text IS NULL OR agency_id = $1) AND ($2::text IS NULL OR service_code = $2)
          ORDER BY agency_id, service_code, valid_from, created_at",
        agency.map(AgencyId::as_str),
        service.map(ServiceCode::as_str),
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Policy::try_from).collect()
}

/// One policy.
pub async fn find(tx: &mut Tx, id: PolicyId) -> Result<Option<Policy>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT policy_id, agency_id, service_code, valid_from, channels, reason, proposed_by, state, decided_by,
                announced_at, created_at, version
           FROM channel_policy WHERE policy_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Policy::try_from).transpose()
}

/// Adds a planned policy.
pub async fn add(tx: &mut Tx, policy: &Policy) -> Result<(), Error> {
    let channels: Vec<String> = policy.channels.iter().map(|channel| channel.word().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO channel_policy (policy_id, agency_id, service_code, valid_from, channels, reason, proposed_by,
                                     state, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'planned', $8, $9)",
        policy.id.0,
        policy.agency.as_str(),
        policy.service.as_str(),
        policy.valid_from,
        &channels,
        policy.reason,
        policy.proposed_by,
        policy.created_at,
        policy.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes `after` over `before`; `Conflict`, and nothing written, if the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Policy, after: &Policy) -> Result<(), Error> {
    let (decided_by, announced_at) = match &after.state {
        State::Planned => (None, None),
        State::Announced { by, at } => (Some(by.as_str()), Some(*at)),
        State::Withdrawn { by } => (Some(by.as_str()), None),
    };
    let done = sqlx::query!(
        "UPDATE channel_policy SET state = $3, decided_by = $4, announced_at = $5, version = $6
          WHERE policy_id = $1 AND version = $2",
        before.id.0,
        before.version,
        after.state.name(),
        decided_by,
        announced_at,
        after.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "channel_policy")?)
}

struct Row {
    policy_id: ids::Uuid,
    agency_id: String,
    service_code: String,
    valid_from: Date,
    channels: Vec<String>,
    reason: String,
    proposed_by: String,
    state: String,
    decided_by: Option<String>,
    announced_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    version: i64,
}

impl TryFrom<Row> for Policy {
    type Error = Error;

    fn try_from(row: Row) -> Result<Policy, Error> {
        let corrupt = |what: String| Error::Corrupt { table: "channel_policy", what };
        let id = |error: ids::Invalid| corrupt(error.to_string());
        let state = match (row.state.as_str(), row.decided_by, row.announced_at) {
            ("planned", None, None) => State::Planned,
            ("announced", Some(by), Some(at)) => State::Announced { by, at },
            ("withdrawn", Some(by), None) => State::Withdrawn { by },
            _ => return Err(corrupt(row.state)),
        };
        let channels =
            row.channels.iter().map(|word| Channel::from_word(word).ok_or_else(|| corrupt(word.clone())));
        Ok(Policy {
            id: PolicyId(row.policy_id),
            agency: row.agency_id.parse().map_err(id)?,
            service: row.service_code.parse().map_err(id)?,
            valid_from: row.valid_from,
            channels: channels.collect::<Result<Channels, Error>>()?,
            reason: row.reason,
            proposed_by: row.proposed_by,
            state,
            created_at: row.created_at,
            version: row.version,
        })
    }
}
