//! Who charges.
use ids::AgencyId;

use super::Caller;
use crate::domain::agency::Agency;
use crate::{Catalogue, Error, store};

/// Adds an agency that is not there yet.
///
/// # Errors
/// `AgencyKnown` when it is, and differs; the database.
pub async fn add(svc: Catalogue, caller: Caller, agency: Agency) -> Result<Agency, Error> {
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    match store::agency::find(&mut tx, &agency.id).await? {
        Some(known) if known == agency => return Ok(known),
        Some(known) => return Err(Error::AgencyKnown(known.id)),
        None => {}
    }
    store::agency::put(&mut tx, std::slice::from_ref(&agency), svc.clock.now()).await?;
    store::revision::grow(&mut tx).await?;
    tx.commit().await?;
    tracing::info!(actor = call.actor, agency = %agency.id, "agency added");
    Ok(agency)
}

/// One agency.
///
/// # Errors
/// `AgencyUnknown`; the database.
pub async fn get(svc: &Catalogue, agency: &AgencyId) -> Result<Agency, Error> {
    let mut tx = svc.pg.read().await?;
    let found = store::agency::find(&mut tx, agency).await?;
    found.ok_or_else(|| Error::AgencyUnknown(agency.clone()))
}

/// Every agency, by its code.
///
/// # Errors
/// The database.
pub async fn list(svc: &Catalogue) -> Result<Vec<Agency>, Error> {
    let mut tx = svc.pg.read().await?;
    store::agency::all(&mut tx).await
}
