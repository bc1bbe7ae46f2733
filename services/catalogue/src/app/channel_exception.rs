//! A closed channel, open all the same: asked for by one person, agreed to by another.
use boot::Call;
use ids::{AgencyId, ChannelExceptionId};

use super::{Caller, service_of};
use crate::domain::channel_exception::{ChannelException, Command, State};
use crate::{Catalogue, Error, store};

/// Stores what a person asks for; it opens nothing yet. The same request with the same id again changes nothing.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`, `ChannelExceptionKnown`, `Refused`.
pub async fn request(
    svc: Catalogue,
    caller: Caller,
    asked: ChannelException,
) -> Result<ChannelException, Error> {
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    if let Some(known) = store::channel_exception::find(&mut tx, asked.id).await? {
        tx.rollback().await?;
        return if known.asks_the_same(&asked) { Ok(known) } else { Err(Error::ChannelExceptionKnown) };
    }
    service_of(&mut tx, call.agency.as_ref(), &asked.agency, &asked.service).await?;
    asked.check(svc.clock.now())?;

    store::channel_exception::add(&mut tx, &asked).await?;
    tx.commit().await?;
    Ok(asked)
}

/// The exception after the decision. The same decision of the same person again changes nothing.
///
/// # Errors
/// `ChannelExceptionUnknown`, `Refused`.
pub async fn decide(
    svc: Catalogue,
    caller: Caller,
    id: ChannelExceptionId,
    command: Command,
) -> Result<ChannelException, Error> {
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    let visible =
        |known: &ChannelException| call.agency.as_ref().is_none_or(|agency| *agency == known.agency);
    let found = store::channel_exception::find(&mut tx, id).await?;
    let before = found.filter(visible).ok_or(Error::ChannelExceptionUnknown)?;
    if done_already(&before.state, &command) {
        tx.rollback().await?;
        return Ok(before);
    }

    let after = before.step(command)?;

    store::channel_exception::save(&mut tx, &before, &after).await?;
    store::revision::grow(&mut tx).await?;
    tx.commit().await?;
    let (actor, id) = (&call.actor, after.id);
    tracing::info!(actor, %id, state = after.state.name(), "channel exception");
    Ok(after)
}

/// Whether a lost answer is asked for again.
fn done_already(state: &State, command: &Command) -> bool {
    match (state, command) {
        (State::Approved { by: done }, Command::Approve { by })
        | (State::Rejected { by: done }, Command::Reject { by })
        | (State::Ended { by: done, .. }, Command::End { by }) => done == by,
        (
            State::Requested | State::Approved { .. } | State::Rejected { .. } | State::Ended { .. },
            Command::Approve { .. } | Command::Reject { .. } | Command::End { .. },
        ) => false,
    }
}

/// The exceptions of an agency, or of all, newest first; a bound caller sees its own agency's.
///
/// # Errors
/// The database.
pub async fn list(
    svc: &Catalogue,
    call: &Call,
    agency: Option<&AgencyId>,
) -> Result<Vec<ChannelException>, Error> {
    let mut tx = svc.pg.read().await?;
    store::channel_exception::list(&mut tx, call.agency.as_ref().or(agency)).await
}
