//! What we tell, and what we hear.

use boot::wire::{id_from_wire, money_from_wire};
use boot::{Ids, Problem};
use bus::{ConsumerConfig, Event, HandlerError, Received};
use prost::Message as _;
use proto::invoicing::v1::{InvoiceChanged, InvoiceIssued};
use proto::payments::v1::{PaymentChanged, Receivable, ReceivableChanged, ReceivableState};
use time::OffsetDateTime;

use crate::app::Invoicing;
use crate::app::receivable::{self, CONSUMER, News, Standing};
use crate::domain::invoice::Invoice;
use crate::wire;

const ISSUED: &str = "mizan.invoicing.invoice.issued";
const RECEIVABLES: &str = "mizan.payments.receivable.>";
/// A payment tells its receivable with its own news.
const PAYMENTS: &str = "mizan.payments.payment.>";

/// News handled at the same time; two of one invoice wait for each other at its row.
const AT_ONCE: usize = 8;

/// An invoice was issued.
pub fn issued(ids: &Ids, invoice: &Invoice, now: OffsetDateTime) -> Event {
    Event {
        event_id: ids.uuid(now),
        subject: ISSUED.to_owned(),
        aggregate: invoice.id.to_string(),
        version: invoice.version,
        body: InvoiceIssued { invoice: Some(wire::invoice(invoice)) }.encode_to_vec(),
    }
}

/// An invoice became `what`: amended or cancelled.
pub fn changed(ids: &Ids, what: &str, invoice: &Invoice, now: OffsetDateTime) -> Event {
    Event {
        event_id: ids.uuid(now),
        subject: format!("mizan.invoicing.invoice.{what}"),
        aggregate: invoice.id.to_string(),
        version: invoice.version,
        body: InvoiceChanged { invoice: Some(wire::invoice(invoice)) }.encode_to_vec(),
    }
}

/// What a receivable says.
///
/// # Errors
/// A field is missing or wrong.
pub fn news(receivable: &Receivable) -> Result<News, Problem> {
    let paid = money_from_wire("paid", &receivable.paid)?;
    let standing = match receivable.state() {
        ReceivableState::Cancelled => Standing::Cancelled,
        ReceivableState::WrittenOff => Standing::WrittenOff(paid),
        ReceivableState::Unspecified
        | ReceivableState::Open
        | ReceivableState::Held
        | ReceivableState::PartiallyPaid
        | ReceivableState::Paid => Standing::Owed(paid),
    };
    Ok(News {
        agency: id_from_wire("agency_id", &receivable.agency_id)?,
        invoice: id_from_wire("invoice_id", &receivable.invoice_id)?,
        due: money_from_wire("due", &receivable.due)?,
        standing,
        version: receivable.version,
    })
}

/// Hears what `payments` tells of receivables until the service stops.
pub fn listen(svc: &Invoicing) {
    let config = ConsumerConfig { name: CONSUMER, subjects: &[RECEIVABLES, PAYMENTS], at_once: AT_ONCE };
    let svc = svc.clone();
    svc.bus.clone().consume(config, move |received| {
        let svc = svc.clone();
        async move { hear(&svc, &received).await }
    });
}

async fn hear(svc: &Invoicing, received: &Received) -> Result<(), HandlerError> {
    let body = received.event.body.as_slice();
    let receivable = if received.event.subject.starts_with("mizan.payments.payment.") {
        PaymentChanged::decode(body)?.receivable
    } else {
        ReceivableChanged::decode(body)?.receivable
    };
    let news = news(&receivable.unwrap_or_default())?;
    Ok(receivable::hear(svc, received.event.event_id, &news).await?)
}
