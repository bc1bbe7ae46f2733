//! What an agency charges for.
use ids::{AgencyId, ServiceCode};

use crate::domain::change::Stored;
use crate::{Catalogue, Error, store};

/// The services of an agency, each with the schedule in force today.
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

/// One service of an agency.
///
/// # Errors
/// `AgencyUnknown`, `ServiceUnknown`; the database.
pub async fn get(svc: &Catalogue, agency: &AgencyId, code: &ServiceCode) -> Result<Stored, Error> {
    let found = list(svc, agency).await?.into_iter().find(|stored| stored.service.code == *code);
    found.ok_or_else(|| Error::ServiceUnknown(code.clone()))
}
