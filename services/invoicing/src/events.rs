//! What we tell, and what we hear.

use boot::wire::{id_from_wire, money_from_wire, money_to_wire};
use boot::{Ids, Problem};
use bus::{ConsumerConfig, Event, HandlerError, Received};
use ids::PartyRef;
use prost::Message as _;
use proto::invoicing::v1::{InvoiceChanged, InvoiceIssued, NoticeDue, NoticeKind, PersonErased};
use proto::payments::v1::{PaymentChanged, Receivable, ReceivableChanged, ReceivableState};
use time::OffsetDateTime;

use crate::app::Invoicing;
use crate::app::receivable::{self, CONSUMER, News, Standing};
use crate::domain::invoice::Invoice;
use crate::domain::notice::{Kind, Occasion};
use crate::wire;

const ISSUED: &str = "mizan.invoicing.invoice.issued";
/// What may change what is paid or asked for, or ends a bill. That a receivable was opened or is held, that a payment has begun
/// or ended without money, changes none of it: of a million bills that is millions of messages not looked at.
const NEWS: [&str; 16] = [
    "mizan.payments.receivable.partially_paid",
    "mizan.payments.receivable.paid",
    "mizan.payments.receivable.returned",
    "mizan.payments.receivable.restored",
    "mizan.payments.receivable.amended",
    "mizan.payments.receivable.cancelled",
    "mizan.payments.receivable.written_off",
    // A payment tells its receivable with its own news.
    "mizan.payments.payment.captured",
    "mizan.payments.payment.late",
    "mizan.payments.payment.contradicted",
    "mizan.payments.payment.refund_reserved",
    "mizan.payments.payment.refund_released",
    "mizan.payments.payment.refunded",
    "mizan.payments.payment.disputed",
    "mizan.payments.payment.dispute_won",
    "mizan.payments.payment.dispute_lost",
];

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

/// An invoice became `what`: amended, cancelled or expired.
pub fn changed(ids: &Ids, what: &str, invoice: &Invoice, now: OffsetDateTime) -> Event {
    Event {
        event_id: ids.uuid(now),
        subject: format!("mizan.invoicing.invoice.{what}"),
        aggregate: invoice.id.to_string(),
        version: invoice.version,
        body: InvoiceChanged { invoice: Some(wire::invoice(invoice)) }.encode_to_vec(),
    }
}

/// Somebody shall be told of an open bill.
pub fn notice_due(
    ids: &Ids,
    (invoice, contact_ref): (&Invoice, &str),
    occasion: &Occasion,
    now: OffsetDateTime,
) -> Event {
    let kind = match occasion.kind {
        Kind::Notice => NoticeKind::Notice,
        Kind::Reminder => NoticeKind::Reminder,
    };
    let body = NoticeDue {
        contact_ref: contact_ref.to_owned(),
        kind: kind.into(),
        occasion: occasion.name.clone(),
        invoice_id: invoice.id.to_string(),
        agency_id: invoice.agency.to_string(),
        bill_reference: invoice.bill_reference.clone(),
        due: Some(money_to_wire(occasion.amount())),
        due_date: occasion.due.due_date.to_string(),
    };
    Event {
        event_id: ids.uuid(now),
        subject: "mizan.invoicing.notice.due".to_owned(),
        aggregate: invoice.id.to_string(),
        version: invoice.version,
        body: body.encode_to_vec(),
    }
}

/// Whatever address anybody keeps for the person is to be destroyed.
pub fn person_erased(ids: &Ids, party: PartyRef, now: OffsetDateTime) -> Event {
    Event {
        event_id: ids.uuid(now),
        subject: "mizan.invoicing.notice.person-erased".to_owned(),
        aggregate: party.to_string(),
        version: 1,
        body: PersonErased { party_ref: party.to_string() }.encode_to_vec(),
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
    let config = ConsumerConfig { name: CONSUMER, subjects: &NEWS, at_once: AT_ONCE };
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_step_of_a_payment_that_may_change_what_is_paid_is_heard() {
        let proto = include_str!("../../../proto/mizan/payments/v1/payment.proto");
        let words =
            proto.split("or stays of it, may be another: ").nth(1).unwrap().split('.').next().unwrap();
        let told: BTreeSet<&str> =
            words.split(['|', '\n', ' ', '/']).filter(|word| !word.is_empty()).collect();
        let heard = NEWS.iter().filter_map(|subject| subject.strip_prefix("mizan.payments.payment."));
        assert_eq!(heard.collect::<BTreeSet<_>>(), told);
    }
}
