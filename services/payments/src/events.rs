//! Own events, encoded; others' events, handed to the engine.

use boot::{Problem, wire as common};
use bus::{Bus, ConsumerConfig, HandlerError, Received};
use ids::{AttemptId, DeviceId};
use prost::Message as _;
use proto::{
    invoicing::v1::InvoiceIssued,
    kiosk::v1::{CashStacked, DeviceQuarantined, SessionClosed, SessionEnd as WireEnd},
    payments::v1 as pb,
    wallet::v1::CallbackReceived,
};
use uuid::Uuid;

use crate::{
    Error, Payments,
    domain::{
        Command, Refusal,
        command::{BillAsked, CashKey, Close, Quarantine, SessionEnd, SessionKnown, Stack},
        world::Told,
    },
    invoicing, wire,
};

/// So many events are handled at once: the lanes make batches of them.
const AT_ONCE: usize = 512;

/// A fact as an event. No personal data.
pub fn event(told: &Told, event_id: Uuid) -> bus::Event {
    match told {
        Told::Payment { what, payment, attempt, receivable } => {
            let message = pb::PaymentChanged {
                payment: Some(wire::payment(payment, attempt.as_ref().map(|attempt| &attempt.state))),
                receivable: Some(wire::receivable(receivable)),
            };
            bus::Event {
                event_id,
                subject: format!("mizan.payments.payment.{what}"),
                aggregate: payment.id.to_string(),
                version: payment.version,
                body: message.encode_to_vec(),
            }
        }
        Told::Receivable { what, receivable } => bus::Event {
            event_id,
            subject: format!("mizan.payments.receivable.{what}"),
            aggregate: receivable.invoice_id.to_string(),
            version: receivable.version,
            body: pb::ReceivableChanged { receivable: Some(wire::receivable(receivable)) }.encode_to_vec(),
        },
        Told::Refund { what, refund } => bus::Event {
            event_id,
            subject: format!("mizan.payments.refund.{what}"),
            aggregate: refund.id.to_string(),
            version: refund.version,
            body: pb::RefundChanged { refund: Some(wire::refund(refund)) }.encode_to_vec(),
        },
        Told::Dispute { what, dispute } => bus::Event {
            event_id,
            subject: format!("mizan.payments.dispute.{what}"),
            aggregate: dispute.id.to_string(),
            version: dispute.version,
            body: pb::DisputeChanged { dispute: Some(wire::dispute(dispute)) }.encode_to_vec(),
        },
        Told::Credit { what, credit } => bus::Event {
            event_id,
            subject: format!("mizan.payments.credit.{what}"),
            aggregate: credit.id.to_string(),
            version: credit.version,
            body: pb::CreditChanged { credit: Some(wire::credit(credit)) }.encode_to_vec(),
        },
        Told::Case(case) => bus::Event {
            event_id,
            subject: "mizan.payments.case.opened".to_owned(),
            aggregate: case.id.to_string(),
            version: 1,
            body: pb::CaseOpened { case: Some(wire::case(case)) }.encode_to_vec(),
        },
    }
}

/// Starts the consumers.
pub fn consume(bus: &Bus, payments: &Payments) {
    let listen = |name, subjects| ConsumerConfig { name, subjects, at_once: AT_ONCE };
    let svc = payments.clone();
    bus.consume(listen("payments-invoices", &["mizan.invoicing.invoice.issued"]), move |received| {
        let svc = svc.clone();
        async move { issued(&svc, &received).await }
    });
    let svc = payments.clone();
    bus.consume(listen("payments-callbacks", &["mizan.wallet-adapter.callback.received"]), move |received| {
        let svc = svc.clone();
        async move { callback(&svc, &received).await }
    });
    let svc = payments.clone();
    bus.consume(listen("payments-cash", &["mizan.kiosk-relay.cash.stacked"]), move |received| {
        let svc = svc.clone();
        async move { stacked(&svc, &received).await }
    });
    let svc = payments.clone();
    bus.consume(listen("payments-sessions", &["mizan.kiosk-relay.session.closed"]), move |received| {
        let svc = svc.clone();
        async move { closed(&svc, &received).await }
    });
    let svc = payments.clone();
    bus.consume(listen("payments-quarantines", &["mizan.kiosk-relay.device.quarantined"]), move |received| {
        let svc = svc.clone();
        async move { quarantined(&svc, &received).await }
    });
}

/// The receivable's id is the business key: a second delivery changes nothing.
async fn issued(svc: &Payments, received: &Received) -> Result<(), HandlerError> {
    let message = InvoiceIssued::decode(received.event.body.as_slice())?;
    let open = invoicing::open(&message.invoice.unwrap_or_default())?;
    svc.engine.submit(Command::Open(open), None).await?;
    Ok(())
}

/// A hint, and no more: the provider's answer to our inquiry decides.
async fn callback(svc: &Payments, received: &Received) -> Result<(), HandlerError> {
    let message = CallbackReceived::decode(received.event.body.as_slice())?;
    let attempt: AttemptId = message.attempt_id.parse()?;
    if !svc.hint(attempt).await? {
        tracing::warn!(%attempt, "a callback for an attempt that is not ours");
    }
    Ok(())
}

async fn stacked(svc: &Payments, received: &Received) -> Result<(), HandlerError> {
    let message = CashStacked::decode(received.event.body.as_slice())?;
    let stack = Stack {
        key: key(&message.device_id, message.epoch, message.seq)?,
        amount: common::money_from_wire("denomination", &message.denomination)?,
        session_id: message.session_id,
        bill_reference: message.bill_reference,
        unit_id: message.unit_id,
        unit_generation: message.unit_generation,
        session: if message.session_known { SessionKnown::Yes } else { SessionKnown::No },
    };
    svc.engine.submit(Command::Stack(stack), None).await?;
    Ok(())
}

async fn closed(svc: &Payments, received: &Received) -> Result<(), HandlerError> {
    let message = SessionClosed::decode(received.event.body.as_slice())?;
    let end = match message.end() {
        WireEnd::Committed => SessionEnd::Committed,
        WireEnd::Cancelled | WireEnd::TimedOut | WireEnd::Unspecified => SessionEnd::GivenUp,
    };
    let mut close = Close {
        key: key(&message.device_id, message.epoch, message.seq)?,
        stacked: common::money_from_wire("stacked", &message.stacked)?,
        session_id: message.session_id,
        bill_reference: message.bill_reference,
        end,
        receipt_number: message.receipt_number,
        began_at: message.began_at.map(|at| common::time_from_wire("began_at", &Some(at))).transpose()?,
        bill: BillAsked::NotYet,
    };
    match svc.engine.submit(Command::Close(close.clone()), None).await {
        Err(Error::Refused(Refusal::BillUnknown { bill_reference })) => {
            if !svc.pull(&bill_reference).await? {
                close.bill = BillAsked::Unknown;
            }
            svc.engine.submit(Command::Close(close), None).await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_done) => Ok(()),
    }
}

/// A case for each open session. The same case again breaks a constraint, and says that it is there already.
async fn quarantined(svc: &Payments, received: &Received) -> Result<(), HandlerError> {
    let message = DeviceQuarantined::decode(received.event.body.as_slice())?;
    let device: DeviceId = common::id_from_wire("device_id", &message.device_id)?;
    for session in message.sessions {
        let quarantine = Quarantine {
            device: device.clone(),
            epoch: message.epoch,
            session_id: session.session_id,
            bill_reference: session.bill_reference,
            stacked: common::money_from_wire("stacked", &session.stacked)?,
        };
        match svc.engine.submit(Command::Quarantine(quarantine), None).await {
            Err(error) if error.constraint() == Some("open_case_once") => {}
            outcome => drop(outcome?),
        }
    }
    Ok(())
}

fn key(device: &str, epoch: i64, seq: i64) -> Result<CashKey, Problem> {
    Ok(CashKey { device: common::id_from_wire::<DeviceId>("device_id", device)?, epoch, seq })
}
