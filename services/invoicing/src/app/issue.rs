//! Valid rows become invoices: numbered without gaps, stored and told in the caller's transaction.

use ids::{AgencyId, InvoiceId, PartyRef, UploadId};
use money::Money;
use pg::Tx;
use time::Duration;

use super::Invoicing;
use crate::domain::fee_service::{LocalText, Seller};
use crate::domain::invoice::{Invoice, State, Terms};
use crate::domain::numbering::{self, SECRET_CHARS, Series};
use crate::domain::payer::PayerFacts;
use crate::store::invoice::Document;
use crate::{Error, events, store};
use boot::bahrain_date;

/// A valid row, the person's facts sealed.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    pub reference: String,
    pub service_code: String,
    pub service_name: LocalText,
    pub party_ref: PartyRef,
    pub payer_sealed: Vec<u8>,
    pub terms: Terms,
    /// The payer has an address for notices.
    pub told: Told,
}

/// Whether notices and reminders are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    ByEmail,
    Never,
}

impl Told {
    pub fn of(facts: &PayerFacts) -> Told {
        if facts.email.is_empty() { Told::Never } else { Told::ByEmail }
    }
}

/// For whom invoices are issued, and from which file.
pub struct Origin<'a> {
    pub agency: &'a AgencyId,
    pub seller: &'a Seller,
    pub upload: Option<UploadId>,
}

/// The numbers of the agency and year, locked: nobody else issues for this agency until the transaction ends.
pub struct Numbers {
    year: i32,
    last: i64,
}

/// Locks the agency's numbers of this year in Bahrain.
///
/// # Errors
/// As any write.
pub async fn lock_numbers(svc: &Invoicing, tx: &mut Tx, agency: &AgencyId) -> Result<Numbers, Error> {
    let year = bahrain_date(svc.ctx.clock.now()).year();
    let last = store::numbering::lock(tx, agency, (Series::Invoice, year)).await?;
    Ok(Numbers { year, last })
}

/// Issues `rows` in their order. The caller commits, then rings the bus.
///
/// # Errors
/// The constraint `invoice_reference_once` when a reference was used before.
pub async fn issue(
    svc: &Invoicing,
    tx: &mut Tx,
    (origin, numbers): (&Origin<'_>, Numbers),
    rows: Vec<NewInvoice>,
) -> Result<Vec<Invoice>, Error> {
    let now = svc.ctx.clock.now();
    let mut last = numbers.last;
    let mut documents = Vec::with_capacity(rows.len());
    for row in rows {
        last += 1;
        let number = numbering::invoice_number(origin.agency.as_str(), numbers.year, last);
        let Terms { price, due, instalments, penalty_on } = row.terms;
        let payable_until =
            price.expires_after_days.and_then(|days| due.date.checked_add(Duration::days(days.into())));
        let secret = svc.ctx.ids.bytes::<SECRET_CHARS>();
        let invoice = Invoice {
            id: InvoiceId(svc.ctx.ids.uuid(now)),
            agency: origin.agency.clone(),
            year: numbers.year,
            number: last,
            bill_reference: numbering::bill_reference(&number, secret),
            service_code: row.service_code,
            reference: row.reference,
            party_ref: row.party_ref,
            fee: Money::fils(price.fee_fils),
            vat: Money::fils(price.vat_fils),
            total: Money::fils(price.total_fils),
            reduced: price.reduced,
            breakdown: price.breakdown,
            due,
            instalments,
            late: price.late,
            penalty_on,
            payable_until,
            noticed: false,
            remind_on: (row.told == Told::ByEmail).then(|| bahrain_date(now)),
            upload_id: origin.upload,
            state: State::Issued,
            receivable_version: 0,
            version: 1,
            issued_at: now,
        };
        documents.push(Document {
            invoice,
            service_name: row.service_name,
            payer_sealed: row.payer_sealed,
            steps: price.steps,
            schedule_version: price.schedule_version,
        });
    }
    store::invoice::insert(tx, origin.seller, &documents).await?;
    store::numbering::advance(tx, origin.agency, (Series::Invoice, numbers.year), (numbers.last, last))
        .await?;
    let invoices: Vec<Invoice> = documents.into_iter().map(|document| document.invoice).collect();
    let told: Vec<_> = invoices.iter().map(|invoice| events::issued(&svc.ctx.ids, invoice, now)).collect();
    bus::outbox::push(tx, &told, now).await?;
    Ok(invoices)
}
