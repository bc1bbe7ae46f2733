//! Which channels a service takes from a day on: proposed by one person, announced by another.
use std::collections::BTreeSet;

use boot::Call;
use ids::{AgencyId, PolicyId, ServiceCode};
use pg::Tx;
use time::{Date, OffsetDateTime};

use super::{Caller, service_of};
use crate::domain::channel::Channels;
use crate::domain::channel_rules::Rules;
use crate::domain::policy::{Command, Policy, Situation, State};
use crate::{Catalogue, Error, store};

/// What a person has in mind.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Fresh, the caller's: the same proposal with the same id is the same policy.
    pub id: PolicyId,
    pub agency: AgencyId,
    pub service: ServiceCode,
    pub valid_from: Date,
    pub channels: Channels,
    pub reason: String,
}

/// A planned policy; it changes nothing yet.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`, `PolicyKnown`, `Refused`.
pub async fn propose(svc: Catalogue, caller: Caller, proposal: Proposal) -> Result<Policy, Error> {
    let Caller { call, fence } = caller;
    let now = svc.clock.now();
    let policy = Policy {
        id: proposal.id,
        agency: proposal.agency,
        service: proposal.service,
        valid_from: proposal.valid_from,
        channels: proposal.channels,
        reason: proposal.reason,
        proposed_by: call.actor.clone(),
        state: State::Planned,
        created_at: now,
        version: 1,
    };
    let mut tx = svc.change(fence.as_ref()).await?;
    if let Some(known) = store::channel_policy::find(&mut tx, policy.id).await? {
        tx.rollback().await?;
        return if known.proposes_the_same(&policy) { Ok(known) } else { Err(Error::PolicyKnown) };
    }
    policy.check(&situation(&svc, &mut tx, call.agency.as_ref(), &policy).await?)?;

    store::channel_policy::add(&mut tx, &policy).await?;
    tx.commit().await?;
    Ok(policy)
}

/// The policy after the decision; an announced one holds from its day on. The same decision of the same person again
/// changes nothing.
///
/// # Errors
/// `PolicyUnknown`, `Refused`.
pub async fn decide(svc: Catalogue, caller: Caller, id: PolicyId, command: Command) -> Result<Policy, Error> {
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    let visible = |policy: &Policy| call.agency.as_ref().is_none_or(|agency| *agency == policy.agency);
    let found = store::channel_policy::find(&mut tx, id).await?;
    let before = found.filter(visible).ok_or(Error::PolicyUnknown)?;
    if done_already(&before.state, &command) {
        tx.rollback().await?;
        return Ok(before);
    }
    let situation = situation(&svc, &mut tx, call.agency.as_ref(), &before).await?;

    let after = before.step(command, &situation)?;

    store::channel_policy::save(&mut tx, &before, &after).await?;
    store::revision::grow(&mut tx).await?;
    tx.commit().await?;
    let (actor, service) = (&call.actor, &after.service);
    tracing::info!(actor, %service, from = %after.valid_from, state = after.state.name(), "channel policy");
    Ok(after)
}

/// Whether a lost answer is asked for again.
fn done_already(state: &State, command: &Command) -> bool {
    match (state, command) {
        (State::Announced { by: done, .. }, Command::Announce { by })
        | (State::Withdrawn { by: done }, Command::Withdraw { by }) => done == by,
        (
            State::Planned | State::Announced { .. } | State::Withdrawn { .. },
            Command::Announce { .. } | Command::Withdraw { .. },
        ) => false,
    }
}

async fn situation(
    svc: &Catalogue,
    tx: &mut Tx,
    caller: Option<&AgencyId>,
    policy: &Policy,
) -> Result<Situation, Error> {
    let service = service_of(tx, caller, &policy.agency, &policy.service).await?;
    let known = store::channel_policy::list(tx, Some(&policy.agency), Some(&policy.service)).await?;
    let rules = Rules::of(&service, &known);
    let now: OffsetDateTime = svc.clock.now();
    let open_without: BTreeSet<_> = rules.on(policy.valid_from).channels.clone();
    Ok(Situation { now, notice_days: svc.notice_days, open_without })
}

/// The policies of an agency's services, or of one.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`; the database.
pub async fn list(
    svc: &Catalogue,
    call: &Call,
    agency: &AgencyId,
    service: Option<&ServiceCode>,
) -> Result<Vec<Policy>, Error> {
    let mut tx = svc.pg.read().await?;
    let bound = call.agency.as_ref().is_some_and(|bound| bound != agency);
    if bound || store::agency::find(&mut tx, agency).await?.is_none() {
        return Err(Error::AgencyUnknown(agency.clone()));
    }
    if let Some(code) = service {
        service_of(&mut tx, call.agency.as_ref(), agency, code).await?;
    }
    store::channel_policy::list(&mut tx, Some(agency), service).await
}
