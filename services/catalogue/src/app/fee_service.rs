//! What an agency charges for.
use ids::{AgencyId, ServiceCode};

use super::Caller;
use crate::domain::agency::Name;
use crate::domain::change::Stored;
use crate::domain::fee_service::FeeService;
use crate::{Catalogue, Error, store};

/// The services of an agency, each with the schedule in force today, if there is one.
///
/// # Errors
/// `AgencyUnknown`; the database.
pub async fn list(svc: &Catalogue, agency: &AgencyId) -> Result<Vec<Stored>, Error> {
    let mut tx = svc.pg.read().await?;
    if store::agency::find(&mut tx, agency).await?.is_none() {
        return Err(Error::AgencyUnknown(agency.clone()));
    }
    let today = boot::bahrain_date(svc.clock.now());
    store::fee_service::list(&mut tx, Some(agency), Some(today)).await
}

/// Adds a service, or gives it another name; what it costs and when it takes no cash stay.
///
/// # Errors
/// `AgencyUnknown`; the database.
pub async fn put(
    svc: Catalogue,
    caller: Caller,
    (agency, code): (AgencyId, ServiceCode),
    name: Name,
) -> Result<Stored, Error> {
    let now = svc.clock.now();
    let Caller { call, fence } = caller;
    let mut tx = svc.change(fence.as_ref()).await?;
    let bound_elsewhere = call.agency.as_ref().is_some_and(|bound| *bound != agency);
    if bound_elsewhere || store::agency::find(&mut tx, &agency).await?.is_none() {
        return Err(Error::AgencyUnknown(agency));
    }
    let today = Some(boot::bahrain_date(now));
    let known = store::fee_service::list(&mut tx, Some(&agency), today).await?;
    let known = known.into_iter().find(|stored| stored.service.code == code);
    let (electronic_only, schedule) = match known {
        Some(known) if known.service.name == name => return Ok(known),
        Some(known) => (known.service.electronic_only, known.schedule),
        None => (None, None),
    };
    let service = FeeService { agency, code, name, electronic_only };
    store::fee_service::put(&mut tx, &[&service], now).await?;
    store::revision::grow(&mut tx).await?;
    tx.commit().await?;
    tracing::info!(actor = call.actor, agency = %service.agency, service = %service.code, "fee service put");
    Ok(Stored { service, schedule })
}

/// One service of an agency.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`; the database.
pub async fn get(svc: &Catalogue, agency: &AgencyId, code: &ServiceCode) -> Result<Stored, Error> {
    let found = list(svc, agency).await?.into_iter().find(|stored| stored.service.code == *code);
    found.ok_or_else(|| Error::ServiceUnknown(code.clone()))
}
