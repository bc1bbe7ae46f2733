//! What other services tell us.

use bus::{Bus, ConsumerConfig, HandlerError, Received};
use prost::Message as _;
use proto::payments::v1::PaymentChanged;

use crate::{
    Error, Notifications,
    app::payment_event::{self, CONSUMER},
    domain::webhook_event::WebhookEvent,
};

/// Every change of a payment; most are steps on the way and only acknowledged.
const SUBJECTS: [&str; 1] = ["mizan.payments.payment.>"];
/// Events handled at once.
const AT_ONCE: usize = 16;

/// Hears of payments until the service stops.
pub fn listen(svc: &Notifications, bus: &Bus) {
    let svc = svc.clone();
    let config = ConsumerConfig { name: CONSUMER, subjects: &SUBJECTS, at_once: AT_ONCE };
    bus.consume(config, move |received| {
        let svc = svc.clone();
        async move { payment_changed(&svc, received).await.map_err(HandlerError::from) }
    });
}

async fn payment_changed(svc: &Notifications, received: Received) -> Result<(), Error> {
    let what = received.event.subject.rsplit('.').next().unwrap_or_default();
    let Some(event) = WebhookEvent::of(what) else { return Ok(()) };
    let changed = PaymentChanged::decode(received.event.body.as_slice())
        .map_err(|error| Error::Event { what: "its body", source: Some(error.into()) })?;
    let payment = changed.payment.ok_or(Error::Event { what: "it has no payment", source: None })?;
    payment_event::hear(svc, received.event.event_id, event, payment).await
}
