//! Payers with an address are told that there is a bill, and reminded of it until it is paid.
//!
//! | step | if we die after it |
//! |---|---|
//! | 1 `notifications` is given the address, under a key of person and address | the same key gives the same contact |
//! | 2 the occasion is told by outbox, and the next day noted, in one transaction | done |

use boot::bahrain_date;
use pg::Tx;
use time::Date;

use super::{Invoicing, bill};
use crate::domain::invoice::Invoice;
use crate::domain::notice::{next_day, told};
use crate::domain::payer::PayerFacts;
use crate::store::invoice::Bill;
use crate::{Error, events, person, store};

/// Invoices read at a time.
const AT_ONCE: i64 = 100;

/// Tells every payer what is due to be told today.
///
/// # Errors
/// The database is away.
pub async fn tell_all(svc: &Invoicing) -> Result<(), Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    let mut after = store::invoice::FIRST;
    loop {
        let mut tx = svc.pg.read().await?;
        let page = store::invoice::to_tell(&mut tx, today, after, AT_ONCE).await?;
        tx.commit().await?;
        let Some((day, last, _)) = page.last() else { return Ok(()) };
        after = (*day, *last);
        for (_, id, bill_reference) in &page {
            if let Err(error) = tell(svc, bill_reference, today).await {
                tracing::warn!(invoice_id = %id, %error, "a payer is told later");
            }
        }
        svc.bus.ring();
    }
}

async fn tell(svc: &Invoicing, bill_reference: &str, today: Date) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let bill = store::invoice::bill(&mut tx, bill_reference).await?;
    tx.commit().await?;
    let contact = match bill::payer(svc, &bill)? {
        Some(facts) => {
            let key = contact_key(svc, &bill, &facts);
            match svc.notifications.contact(key, &facts.email, facts.language).await {
                Ok(contact) => Some(contact),
                // It will never take it.
                Err(problem) if problem.code == "email_invalid" => None,
                Err(problem) => return Err(problem.into()),
            }
        }
        // The person was erased meanwhile.
        None => None,
    };
    pg::retry(|| attempt(svc, &bill.invoice, contact.as_deref(), today)).await
}

async fn attempt(svc: &Invoicing, seen: &Invoice, contact: Option<&str>, today: Date) -> Result<(), Error> {
    let now = svc.ctx.clock.now();
    let mut tx = svc.pg.begin().await?;
    let invoice = store::invoice::lock(&mut tx, &seen.agency, seen.id).await?;
    let Some(contact) = contact else {
        store::invoice::told(&mut tx, &invoice, None).await?;
        return Ok(tx.commit().await?);
    };
    let (occasion, next) = told(&invoice, &svc.reminder_days, today);
    store::invoice::told(&mut tx, &invoice, next).await?;
    if let Some(occasion) = occasion {
        let event = events::notice_due(&svc.ctx.ids, (&invoice, contact), &occasion, now);
        bus::outbox::push(&mut tx, &[event], now).await?;
    }
    Ok(tx.commit().await?)
}

/// The days to speak on after other terms, in the caller's transaction.
///
/// # Errors
/// As any write.
pub async fn planned_anew(svc: &Invoicing, tx: &mut Tx, invoice: &Invoice) -> Result<(), Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    store::invoice::told(tx, invoice, next_day(invoice, &svc.reminder_days, today)).await
}

/// Another address or language of the same person is another contact; erasing the person finds all of them.
fn contact_key(svc: &Invoicing, bill: &Bill, facts: &PayerFacts) -> String {
    let index = person::contact_index(&svc.master, &facts.email, facts.language);
    format!("party-{}-{}", bill.invoice.party_ref, hex::encode(index))
}
