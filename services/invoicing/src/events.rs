//! What we tell, and what we hear.

use boot::Ids;
use boot::wire::{id_from_wire, money_from_wire};
use bus::{ConsumerConfig, Event, HandlerError, Received};
use prost::Message as _;
use proto::invoicing::v1::InvoiceIssued;
use proto::payments::v1::{PaymentChanged, ReceivableChanged};
use time::OffsetDateTime;

use crate::app::Invoicing;
use crate::app::receivable::{self, CONSUMER, News};
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
    let receivable = receivable.unwrap_or_default();
    let news = News {
        event_id: received.event.event_id,
        agency: id_from_wire("agency_id", &receivable.agency_id)?,
        invoice: id_from_wire("invoice_id", &receivable.invoice_id)?,
        paid: money_from_wire("paid", &receivable.paid)?,
        version: receivable.version,
    };
    Ok(receivable::hear(svc, &news).await?)
}
