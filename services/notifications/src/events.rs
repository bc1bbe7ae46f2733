//! What other services tell us.

use bus::{Bus, ConsumerConfig, HandlerError, Received};
use prost::Message;
use proto::invoicing::v1::{InvoiceChanged, NoticeDue, PersonErased};
use proto::payments::v1::PaymentChanged;

use crate::{
    Error, Notifications,
    app::{notice, payment_event},
    domain::webhook_event::WebhookEvent,
};

/// Whom to tell of a bill, and when to stop.
const BILLS: [&str; 5] = [
    "mizan.invoicing.notice.due",
    "mizan.invoicing.notice.person-erased",
    "mizan.invoicing.invoice.amended",
    "mizan.invoicing.invoice.cancelled",
    "mizan.invoicing.invoice.expired",
];
/// Events handled at once.
const AT_ONCE: usize = 16;

/// Hears of payments and bills until the service stops.
pub fn listen(svc: &Notifications, bus: &Bus) {
    let hears = svc.clone();
    let payments = WebhookEvent::ALL.map(WebhookEvent::subject);
    let subjects = payments.each_ref().map(String::as_str);
    let config = ConsumerConfig { name: payment_event::CONSUMER, subjects: &subjects, at_once: AT_ONCE };
    bus.consume(config, move |received| {
        let svc = hears.clone();
        async move { payment_changed(&svc, received).await.map_err(HandlerError::from) }
    });
    let svc = svc.clone();
    let config = ConsumerConfig { name: notice::CONSUMER, subjects: &BILLS, at_once: AT_ONCE };
    bus.consume(config, move |received| {
        let svc = svc.clone();
        async move { bill(&svc, received).await.map_err(HandlerError::from) }
    });
}

async fn payment_changed(svc: &Notifications, received: Received) -> Result<(), Error> {
    // A replica of another version may have asked for more.
    let Some(event) = WebhookEvent::of(&received.event.subject) else { return Ok(()) };
    let changed: PaymentChanged = read(&received)?;
    let payment = changed.payment.ok_or(Error::Event { what: "it has no payment", source: None })?;
    payment_event::hear(svc, received.event.event_id, event, payment).await
}

async fn bill(svc: &Notifications, received: Received) -> Result<(), Error> {
    let id = received.event.event_id;
    match received.event.subject.as_str() {
        "mizan.invoicing.notice.due" => notice::hear(svc, id, read::<NoticeDue>(&received)?).await,
        "mizan.invoicing.notice.person-erased" => {
            notice::person_erased(svc, id, &read::<PersonErased>(&received)?.party_ref).await
        }
        _ => {
            let invoice = read::<InvoiceChanged>(&received)?.invoice.unwrap_or_default();
            notice::bill_changed(svc, id, &invoice.invoice_id).await
        }
    }
}

fn read<M: Message + Default>(received: &Received) -> Result<M, Error> {
    M::decode(received.event.body.as_slice())
        .map_err(|error| Error::Event { what: "its body", source: Some(error.into()) })
}
