//! The catalogue's two files, as one change.
use crate::domain::{change, files};
use crate::{Catalogue, Error, store};

/// Rows in the files, and how many of them differed from what was stored.
#[derive(Clone, Copy, Debug)]
pub struct Imported {
    pub agencies: usize,
    pub services: usize,
    pub changed: usize,
}

/// Stores both files as one change, or nothing of them. The same files again change nothing.
///
/// # Errors
/// `Invalid` with every mistake; `CommitUnknown` when Postgres did not say whether it kept the commit: import again.
pub async fn import(
    svc: &Catalogue,
    actor: &str,
    agencies: &[u8],
    services: &[u8],
) -> Result<Imported, Error> {
    let files = files::read(agencies, services).map_err(Error::Invalid)?;
    let now = svc.clock.now();
    let mut tx = svc.pg.begin().await?;
    store::revision::lock(&mut tx).await?;
    let known = store::agency::all(&mut tx).await?;
    let stored = store::fee_service::list(&mut tx, None, None).await?;

    let change = change::between(&files, &known, &stored, boot::bahrain_date(now));

    if change.rows > 0 {
        store::agency::put(&mut tx, &change.agencies, now).await?;
        store::fee_service::put(&mut tx, &change.services, now).await?;
        store::fee_schedule::add(&mut tx, &change.schedules, now).await?;
        store::revision::grow(&mut tx).await?;
    }
    tx.commit().await?;
    tracing::info!(actor, changed = change.rows, "catalogue imported");
    let (agencies, services) = (files.agencies.len(), files.services.len());
    Ok(Imported { agencies, services, changed: change.rows })
}
