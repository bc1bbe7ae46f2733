//! A payment ended: who must be told, decided in one transaction with the inbox.

use boot::wire::{money_from_wire, time_from_wire};
use ids::{AgencyId, ContactId, DeliveryId, InvoiceId, MessageId, PaymentId};
use money::Money;
use pg::Tx;
use proto::payments::v1::Payment;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::notice;
use crate::{
    Error, Notifications,
    domain::{
        sending::Sending,
        webhook_event::{Amount, Body, Data, WebhookEvent},
    },
    store,
    store::{
        delivery::Delivery,
        message::{About, Message},
    },
};

/// This service's name in its inbox.
pub const CONSUMER: &str = "notifications-payments";

/// What the event says, checked.
struct Told {
    event: WebhookEvent,
    payment: Payment,
    payment_id: PaymentId,
    agency: AgencyId,
    amount: Money,
    /// When the money was there; none if it never was.
    captured_at: Option<OffsetDateTime>,
}

/// Writes the receipt and the deliveries of one event, once, however often it is heard.
///
/// # Errors
/// `Event`: it cannot be read. The database: it comes again.
pub async fn hear(
    svc: &Notifications,
    event_id: Uuid,
    event: WebhookEvent,
    payment: Payment,
) -> Result<(), Error> {
    let told = Told::read(event, payment)?;
    let now = svc.ctx.clock.now();
    let body = serde_json::to_string(&told.body(now)).map_err(|error| unreadable("amount", error))?;

    let mut tx = svc.pg.begin().await?;
    if !bus::inbox::first_time(&mut tx, CONSUMER, event_id, now).await? {
        return Ok(());
    }
    if event.gets_receipt()
        && let Ok(invoice) = told.payment.invoice_id.parse::<InvoiceId>()
    {
        notice::withdraw(svc, &mut tx, invoice).await?;
    }
    let wants_receipt = event.gets_receipt() && !told.payment.contact_ref.is_empty();
    if wants_receipt {
        receipt(svc, &mut tx, &told, now).await?;
    }
    for endpoint in store::endpoint::enabled(&mut tx, &told.agency).await? {
        let delivery = Delivery {
            id: DeliveryId(svc.ctx.ids.uuid(now)),
            endpoint,
            agency: told.agency.to_string(),
            event_id,
            event_type: event.name().to_owned(),
            body: body.clone(),
            traceparent: boot::trace::traceparent(),
            created_at: now,
            sending: Sending::new(now),
        };
        store::delivery::insert(&mut tx, &delivery).await?;
    }
    tx.commit().await?;
    if wants_receipt {
        svc.bells.email.notify_one();
    }
    svc.bells.webhook.notify_one();
    Ok(())
}

async fn receipt(svc: &Notifications, tx: &mut Tx, told: &Told, now: OffsetDateTime) -> Result<(), Error> {
    let payment_id = told.payment_id;
    // References are handed out after their commit. One that is not here leads to nobody, now and later.
    let contact = told.payment.contact_ref.parse::<ContactId>().ok();
    let known = match contact {
        Some(contact) => store::contact::find(tx, contact).await?.is_some(),
        None => false,
    };
    let Some(contact) = contact.filter(|_| known) else {
        tracing::error!(%payment_id, "a payment names a contact that is not known here: no receipt");
        return Ok(());
    };
    let message = Message {
        id: MessageId(svc.ctx.ids.uuid(now)),
        contact,
        agency: told.agency.to_string(),
        bill_reference: told.payment.bill_reference.clone(),
        amount: told.amount,
        about: About::Receipt {
            payment: payment_id,
            receipt_number: told.payment.receipt_number.clone(),
            paid_at: told.captured_at.unwrap_or(now),
        },
        traceparent: boot::trace::traceparent(),
        created_at: now,
        sending: Sending::new(now),
    };
    if !store::message::insert(tx, &message).await? {
        tracing::info!(%payment_id, "this payment's receipt is already on its way");
    }
    Ok(())
}

impl Told {
    fn read(event: WebhookEvent, payment: Payment) -> Result<Told, Error> {
        let captured_at = payment.captured_at.as_ref().map(|at| time_from_wire("captured_at", &Some(*at)));
        Ok(Told {
            event,
            payment_id: payment.payment_id.parse().map_err(|error| unreadable("payment_id", error))?,
            agency: payment.agency_id.parse().map_err(|error| unreadable("agency_id", error))?,
            amount: money_from_wire("amount", &payment.amount)?,
            captured_at: captured_at.transpose()?,
            payment,
        })
    }

    /// The webhook. `now` is its time when the payment has none.
    fn body(&self, now: OffsetDateTime) -> Body {
        let payment = &self.payment;
        let data = Data {
            payment_id: payment.payment_id.clone(),
            agency_id: payment.agency_id.clone(),
            invoice_id: payment.invoice_id.clone(),
            bill_reference: payment.bill_reference.clone(),
            amount: Amount {
                amount: self.amount.to_json_amount(),
                currency: self.amount.currency().to_string(),
            },
            channel: word("CHANNEL_", payment.channel().as_str_name()),
            provider: payment.provider.clone(),
            state: word("PAYMENT_STATE_", payment.state().as_str_name()),
            receipt_number: payment.receipt_number.clone(),
            failure: payment.failure.clone(),
            captured_at: self.captured_at.map(rfc3339),
            version: payment.version,
        };
        Body { event_type: self.event.name(), timestamp: rfc3339(self.captured_at.unwrap_or(now)), data }
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// The word of an enum on the public API: `CHANNEL_KIOSK_CASH` is `kiosk_cash`.
fn word(prefix: &str, name: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

fn unreadable(what: &'static str, error: impl Into<boot::BoxError>) -> Error {
    Error::Event { what, source: Some(error.into()) }
}
