//! Fees in the making: written by some, published by somebody else.
use std::collections::BTreeSet;

use boot::Call;
use ids::{AgencyId, DraftId, ServiceCode};
use pg::Tx;
use time::Date;

use super::{Caller, service_of};
use crate::domain::draft::{Command, Draft, Newest, Refusal, Situation, State};
use crate::domain::fee_service::{Origin, Schedule};
use crate::domain::price::{self, Asked, Price};
use crate::domain::terms::Terms;
use crate::{Catalogue, Error, store};

/// What an author has in mind.
#[derive(Clone, Debug)]
pub struct Written {
    /// Fresh, the caller's: the same text with the same id is the same draft.
    pub id: DraftId,
    pub agency: AgencyId,
    pub service: ServiceCode,
    pub valid_from: Date,
    pub terms: Terms,
    /// What the author has read; 0 for a new draft.
    pub version: i64,
}

/// Begins a draft, or writes on one. The same text again changes nothing.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`, `DraftKnown`, `DraftUnknown`, `Draft`.
pub async fn write(svc: Catalogue, caller: Caller, written: Written) -> Result<Draft, Error> {
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    service_of(&mut tx, call.agency.as_ref(), &written.agency, &written.service).await?;
    let known = store::fee_draft::find(&mut tx, written.id).await?;
    if let Some(known) = known.as_ref().filter(|known| says_the_same(known, &written, &call.actor)) {
        tx.rollback().await?;
        return Ok(known.clone());
    }
    let situation = situation(&svc, &mut tx, &written.agency, &written.service).await?;
    let (valid_from, terms) = (written.valid_from, written.terms.clone());
    let after = match known {
        None if written.version > 0 => return Err(Error::DraftUnknown),
        None => {
            situation.may_begin(valid_from)?;
            let new = begun(&svc, call.actor, written);
            store::fee_draft::add(&mut tx, &new).await?;
            new
        }
        Some(known) if written.version == 0 || !is_of_the_same(&known, &written) => {
            return Err(Error::DraftKnown);
        }
        Some(before) => {
            fresh(&before, written.version)?;
            let after = before
                .step(Command::Write { by: call.actor, valid_from, terms: Box::new(terms) }, &situation)?;
            store::fee_draft::save(&mut tx, &before, &after).await?;
            after
        }
    };
    tx.commit().await?;
    Ok(after)
}

fn begun(svc: &Catalogue, actor: String, written: Written) -> Draft {
    Draft {
        id: written.id,
        agency: written.agency,
        service: written.service,
        valid_from: written.valid_from,
        terms: written.terms,
        authors: BTreeSet::from([actor]),
        state: State::Draft { remark: None },
        created_at: svc.clock.now(),
        version: 1,
    }
}

/// Whether a lost answer is asked for again.
fn says_the_same(known: &Draft, written: &Written, actor: &str) -> bool {
    known.version == written.version.saturating_add(1)
        && is_of_the_same(known, written)
        && known.valid_from == written.valid_from
        && known.terms == written.terms
        && known.authors.contains(actor)
}

fn is_of_the_same(known: &Draft, written: &Written) -> bool {
    (&known.agency, &known.service) == (&written.agency, &written.service)
}

fn fresh(draft: &Draft, version: i64) -> Result<(), Refusal> {
    if draft.version == version { Ok(()) } else { Err(Refusal::StaleVersion { version: draft.version }) }
}

/// What a person decides about a draft, as of the version it has read.
#[derive(Clone, Debug)]
pub struct Decision {
    pub id: DraftId,
    pub version: i64,
    pub command: Command,
}

/// The draft after the decision; published, it is a schedule. The same decision of the same person again changes nothing.
///
/// # Errors
/// `DraftUnknown`, `Draft`.
pub async fn decide(svc: Catalogue, caller: Caller, decision: Decision) -> Result<Draft, Error> {
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    let before = visible(&mut tx, &call, decision.id).await?;
    if done_already(&before, &decision) {
        tx.rollback().await?;
        return Ok(before);
    }
    fresh(&before, decision.version)?;
    let situation = situation(&svc, &mut tx, &before.agency, &before.service).await?;

    let after = before.step(decision.command, &situation)?;

    store::fee_draft::save(&mut tx, &before, &after).await?;
    if let State::Published { schedule_version, .. } = after.state {
        store::fee_schedule::publish(&mut tx, &after, schedule_version, svc.clock.now()).await?;
        store::revision::grow(&mut tx).await?;
    }
    tx.commit().await?;
    let (actor, service) = (&call.actor, &after.service);
    tracing::info!(actor, %service, from = %after.valid_from, state = after.state.name(), "fee draft");
    Ok(after)
}

fn done_already(draft: &Draft, decision: &Decision) -> bool {
    if draft.version != decision.version.saturating_add(1) {
        return false;
    }
    match (&draft.state, &decision.command) {
        (State::Submitted { by: done }, Command::Submit { by })
        | (State::Published { by: done, .. }, Command::Publish { by })
        | (State::Withdrawn { by: done }, Command::Withdraw { by }) => done == by,
        (State::Draft { remark: done }, Command::Return { remark }) => done.as_ref() == Some(remark),
        (
            State::Draft { .. } | State::Submitted { .. } | State::Published { .. } | State::Withdrawn { .. },
            Command::Write { .. }
            | Command::Submit { .. }
            | Command::Publish { .. }
            | Command::Return { .. }
            | Command::Withdraw { .. },
        ) => false,
    }
}

async fn situation(
    svc: &Catalogue,
    tx: &mut Tx,
    agency: &AgencyId,
    service: &ServiceCode,
) -> Result<Situation, Error> {
    let versions = store::fee_schedule::all_of(tx, agency, Some(service)).await?;
    let newest = versions.last().map(|(_, schedule)| Newest::from(schedule));
    Ok(Situation { today: boot::bahrain_date(svc.clock.now()), newest })
}

/// A draft that the caller may see: what it may not, does not exist for it.
async fn visible(tx: &mut Tx, call: &Call, id: DraftId) -> Result<Draft, Error> {
    let found = store::fee_draft::find(tx, id).await?;
    let visible = |draft: &Draft| call.agency.as_ref().is_none_or(|agency| *agency == draft.agency);
    found.filter(visible).ok_or(Error::DraftUnknown)
}

/// One draft.
///
/// # Errors
/// `DraftUnknown`; the database.
pub async fn get(svc: &Catalogue, call: &Call, id: DraftId) -> Result<Draft, Error> {
    let mut tx = svc.pg.read().await?;
    visible(&mut tx, call, id).await
}

/// The drafts of an agency, or of one of its services, oldest first.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`; the database.
pub async fn list(
    svc: &Catalogue,
    call: &Call,
    agency: &AgencyId,
    service: Option<&ServiceCode>,
) -> Result<Vec<Draft>, Error> {
    let mut tx = svc.pg.read().await?;
    if call.agency.as_ref().is_some_and(|bound| bound != agency) {
        return Err(Error::AgencyUnknown(agency.clone()));
    }
    if let Some(code) = service {
        service_of(&mut tx, call.agency.as_ref(), agency, code).await?;
    }
    store::fee_draft::list(&mut tx, agency, service).await
}

/// A bill that nobody gets: the agency, and the price by a draft, on its first day or later.
///
/// # Errors
/// `DraftUnknown`; the database.
pub async fn test(
    svc: &Catalogue,
    call: &Call,
    id: DraftId,
    (asked, date): (&Asked, Option<Date>),
) -> Result<(AgencyId, Result<Price, price::Refusal>), Error> {
    let draft = get(svc, call, id).await?;
    let schedule = Schedule {
        version: 0,
        valid_from: Some(draft.valid_from),
        terms: draft.terms,
        origin: Origin::Draft(draft.id),
    };
    Ok((draft.agency, price::price(&schedule, asked, date.unwrap_or(draft.valid_from))))
}

/// Every schedule of a service that was or will be in force, by version.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`; the database.
pub async fn schedules(
    svc: &Catalogue,
    agency: &AgencyId,
    service: &ServiceCode,
) -> Result<Vec<Schedule>, Error> {
    let mut tx = svc.pg.read().await?;
    service_of(&mut tx, None, agency, service).await?;
    let versions = store::fee_schedule::all_of(&mut tx, agency, Some(service)).await?;
    Ok(versions.into_iter().map(|(_, schedule)| schedule).collect())
}
