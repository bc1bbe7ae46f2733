//! Bills that nobody has paid by their last day end: a change like any other, so that `payments` agrees first, and never while
//! somebody pays.

use boot::{Call, bahrain_date};

use super::Invoicing;
use super::amend::{Wish, change};
use crate::domain::amendment::To;
use crate::domain::invoice::Invoice;
use crate::{Error, store};

/// Invoices read at a time.
const AT_ONCE: i64 = 100;

/// Ends every bill whose last day is over. One that is being paid, or that another change holds, comes again with the next look.
///
/// # Errors
/// The database is away.
pub async fn end_all(svc: &Invoicing) -> Result<(), Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    let mut after = store::invoice::FIRST;
    loop {
        let mut tx = svc.pg.read().await?;
        let page = store::invoice::ended(&mut tx, today, after, AT_ONCE).await?;
        tx.commit().await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.payable_until.unwrap_or(today), last.id);
        for invoice in &page {
            if let Err(error) = end(svc, invoice).await {
                tracing::info!(invoice_id = %invoice.id, %error, "a bill ends later");
            }
        }
    }
}

async fn end(svc: &Invoicing, invoice: &Invoice) -> Result<(), Error> {
    let number = invoice.invoice_number();
    let key = format!("ended-{number}-{}", invoice.version);
    let call = Call::by("service:invoicing").for_agency(invoice.agency.clone()).with_key(key);
    let claim = svc.claim(&call, "EndInvoice", &[&number])?;
    let wish = Wish {
        number: (invoice.year, invoice.number),
        to: To::Expired,
        reason: "not paid by its last day".to_owned(),
        of: Some(Box::new(invoice.clone())),
    };
    change(svc, &call, wish, &claim).await.map(drop)
}
