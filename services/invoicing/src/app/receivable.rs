//! `payments` tells how much of an invoice is paid.

use ids::{AgencyId, InvoiceId};
use money::Money;
use pg::Tx;
use uuid::Uuid;

use super::{Invoicing, amend, credit_note};
use crate::domain::invoice::{Command, Effect, Invoice, State};
use crate::{Error, events, store};

/// The name of our consumer, in the inbox and at the broker.
pub const CONSUMER: &str = "invoicing-receivables";

/// News of a receivable.
#[derive(Clone, Debug)]
pub struct News {
    pub agency: AgencyId,
    pub invoice: InvoiceId,
    pub due: Money,
    pub standing: Standing,
    pub version: i64,
}

/// Where a receivable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// So much is paid.
    Owed(Money),
    /// Taken back, or ended by its last day.
    Cancelled,
    /// So much had been paid before the rest was given up.
    WrittenOff(Money),
}

/// Notes what a receivable says. News heard before, or older than what is known, changes nothing.
///
/// # Errors
/// `InvoiceUnknown`; the database is away. The news comes again.
pub async fn hear(svc: &Invoicing, event_id: Uuid, news: &News) -> Result<(), Error> {
    pg::retry(|| attempt(svc, event_id, news)).await
}

async fn attempt(svc: &Invoicing, event_id: Uuid, news: &News) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    if !bus::inbox::first_time(&mut tx, CONSUMER, event_id, svc.ctx.clock.now()).await? {
        return Ok(());
    }
    let invoice = store::invoice::lock(&mut tx, &news.agency, news.invoice).await?;
    note(svc, &mut tx, invoice, news).await?;
    Ok(tx.commit().await?)
}

/// The locked invoice after news of its receivable, which may show an amendment whose answer has not come yet.
///
/// # Errors
/// As any write.
pub async fn note(svc: &Invoicing, tx: &mut Tx, before: Invoice, news: &News) -> Result<Invoice, Error> {
    if news.version <= before.receivable_version {
        return Ok(before);
    }
    let before = shown(svc, tx, before, news).await?;
    if news.due != before.total {
        // The books are right by definition; that we cannot follow them is for a person to look at.
        tracing::error!(invoice_id = %news.invoice, due = %news.due, "the receivable asks for another sum than its invoice");
        return Ok(before);
    }
    let (command, reason) = match news.standing {
        Standing::Owed(paid) => (Command::from_paid(paid, before.total), String::new()),
        Standing::Cancelled => store::amendment::ending(tx, before.id).await?,
        Standing::WrittenOff(paid) => (Command::WrittenOff { paid }, String::new()),
    };
    match before.hear(command, news.version) {
        Ok((after, effect)) => {
            store::invoice::save(tx, &before, &after).await?;
            if effect == Effect::Advanced && matches!(after.state, State::Cancelled | State::Expired) {
                let now = svc.ctx.clock.now();
                let told = events::changed(&svc.ctx.ids, after.state.name(), &after, now);
                bus::outbox::push(tx, &[told], now).await?;
                credit_note::issue(svc, tx, (&before, &after), &reason).await?;
            }
            Ok(after)
        }
        Err(refusal) => {
            tracing::error!(invoice_id = %news.invoice, %refusal, "news of a receivable was refused");
            Ok(before)
        }
    }
}

async fn shown(svc: &Invoicing, tx: &mut Tx, invoice: Invoice, news: &News) -> Result<Invoice, Error> {
    let (due, total) = (news.due.minor_units(), invoice.total.minor_units());
    if due == total {
        return Ok(invoice);
    }
    match store::amendment::waiting(tx, invoice.id).await? {
        Some((amendment, _)) if amendment.shows_in((due, news.version), total) => {
            amend::apply(svc, tx, invoice, &amendment).await
        }
        Some(_) | None => Ok(invoice),
    }
}
