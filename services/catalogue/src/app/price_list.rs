//! What the public pays on a day.
use ids::AgencyId;
use time::Date;

use crate::domain::agency::{Agency, Name};
use crate::domain::fee_service::Schedule;
use crate::{Catalogue, Error, store};

/// A service that has a fee on the day.
#[derive(Debug)]
pub struct Priced {
    pub code: String,
    pub name: Name,
    /// In force on the day.
    pub schedule: Schedule,
    /// The day it costs something else, as far as that is published.
    pub next_from: Option<Date>,
}

/// The agency's services that have a fee on `day`, by code.
///
/// # Errors
/// `AgencyUnknown`; the database.
pub async fn of(svc: &Catalogue, agency: &AgencyId, day: Date) -> Result<(Agency, Vec<Priced>), Error> {
    let mut tx = svc.pg.read().await?;
    let found = store::agency::find(&mut tx, agency).await?;
    let found = found.ok_or_else(|| Error::AgencyUnknown(agency.clone()))?;
    let services = store::fee_service::list(&mut tx, Some(agency), Some(day)).await?;
    let schedules = store::fee_schedule::all_of(&mut tx, agency, None).await?;
    tx.commit().await?;
    let priced = services.into_iter().filter_map(|stored| {
        let (code, schedule) = (stored.service.code.to_string(), stored.schedule?);
        let later = schedules.iter().filter(|(of, _)| *of == code).filter_map(|(_, later)| later.valid_from);
        let next_from = later.filter(|from| *from > day).min();
        Some(Priced { code, name: stored.service.name, schedule, next_from })
    });
    Ok((found, priced.collect()))
}
