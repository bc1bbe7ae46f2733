//! Bills that are late cost more, by the law of their fee: an amendment like any other, so that `payments` agrees first.

use boot::{Call, Problem, bahrain_date};
use time::Date;

use super::amend::{Wish, change};
use super::{Invoicing, calendar};
use crate::domain::amendment::To;
use crate::domain::calendar::Calendar;
use crate::domain::fee_service::Price;
use crate::domain::instalment;
use crate::domain::invoice::{Invoice, Terms};
use crate::domain::late;
use crate::store::invoice::LateInvoice;
use crate::{Error, store};

/// Invoices read at a time.
const AT_ONCE: i64 = 100;

/// Charges every open bill what being late adds by today. One that is being paid, or that another change holds, comes again with
/// the next look.
///
/// # Errors
/// The database is away.
pub async fn charge_all(svc: &Invoicing) -> Result<(), Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    let calendar = calendar::newest(svc).await?;
    let mut after = store::invoice::FIRST;
    loop {
        let mut tx = svc.pg.read().await?;
        let page = store::invoice::late(&mut tx, today, after, AT_ONCE).await?;
        tx.commit().await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.penalty_on, last.invoice.id);
        for LateInvoice { invoice, price, .. } in &page {
            if let Err(error) = charge(svc, (invoice, price), (&calendar, today)).await {
                tracing::info!(invoice_id = %invoice.id, %error, "a late bill is charged later");
            }
        }
    }
}

async fn charge(
    svc: &Invoicing,
    (invoice, before): (&Invoice, &Price),
    days: (&Calendar, Date),
) -> Result<(), Error> {
    let agency = invoice.agency.as_str();
    let (price, penalty_on) =
        late::charged(before, agency, invoice.due.date, days).map_err(Problem::internal)?;
    if price == *before {
        // A holiday has moved: it is not late yet.
        let mut tx = svc.pg.begin().await?;
        store::invoice::put_off(&mut tx, invoice, penalty_on).await?;
        return Ok(tx.commit().await?);
    }
    let law = price.late.as_ref().map(|late| late.legal_reference.as_str()).unwrap_or_default();
    let reason = format!("paid late: {law}");
    let more = price.total_fils.saturating_sub(before.total_fils);
    let instalments = instalment::with_more(&invoice.instalments, more);
    let number = invoice.invoice_number();
    // Of what it was: the same again, when an amendment meanwhile took the penalty off, is another wish.
    let key = format!("late-{number}-{}", invoice.version);
    let call = Call::by("service:invoicing").for_agency(invoice.agency.clone()).with_key(key);
    let claim = svc.claim(&call, "ChargePenalty", &[&number])?;
    let terms = Terms { price, due: invoice.due, instalments, penalty_on };
    let to = To::Amended(Box::new(terms));
    let number = (invoice.year, invoice.number);
    let wish = Wish { number, to, reason, of: Some(Box::new(invoice.clone())) };
    change(svc, &call, wish, &claim).await.map(drop)
}
