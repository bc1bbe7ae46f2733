//! `payments` tells how much of an invoice is paid.

use ids::{AgencyId, InvoiceId};
use money::Money;
use uuid::Uuid;

use super::Invoicing;
use crate::domain::invoice::Command;
use crate::{Error, store};

/// The name of our consumer, in the inbox and at the broker.
pub const CONSUMER: &str = "invoicing-receivables";

/// News of a receivable.
#[derive(Clone, Debug)]
pub struct News {
    pub event_id: Uuid,
    pub agency: AgencyId,
    pub invoice: InvoiceId,
    pub paid: Money,
    pub version: i64,
}

/// Notes how much is paid. News heard before, or older than what is known, changes nothing.
///
/// # Errors
/// `InvoiceUnknown`; the database is away. The news comes again.
pub async fn hear(svc: &Invoicing, news: &News) -> Result<(), Error> {
    pg::retry(|| attempt(svc, news)).await
}

async fn attempt(svc: &Invoicing, news: &News) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    if !bus::inbox::first_time(&mut tx, CONSUMER, news.event_id, svc.ctx.clock.now()).await? {
        return Ok(());
    }
    let before = store::invoice::lock(&mut tx, &news.agency, news.invoice).await?;
    match before.hear(Command::from_paid(news.paid, before.total), news.version) {
        Ok((after, _)) if after == before => {}
        Ok((after, _)) => store::invoice::save(&mut tx, &before, &after).await?,
        // The books are right by definition; that we cannot follow them is for a person to look at.
        Err(refusal) => {
            tracing::error!(invoice_id = %news.invoice, %refusal, "news of a receivable was refused");
        }
    }
    Ok(tx.commit().await?)
}
