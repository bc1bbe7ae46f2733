//! Who charges.
use ids::AgencyId;

use crate::domain::agency::Agency;
use crate::{Catalogue, Error, store};

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
