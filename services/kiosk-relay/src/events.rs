//! What the relay tells: cash in a unit, and sessions that ended with cash inside.

use boot::wire::{money_to_wire, time_to_wire};
use bus::Event;
use ids::{DeviceId, Uuid};
use money::Money;
use prost::Message as _;
use proto::kiosk::v1::{CashStacked, SessionClosed, SessionEnd};
use standards::device_journal::Record;
use time::OffsetDateTime;

use crate::domain::cash::{Meaning, SessionState};

/// The event of a record, if its meaning is one for others. `event_id` is used only then.
pub fn of(
    device_id: &DeviceId,
    record: &Record,
    meaning: &Meaning,
    event_id: Uuid,
    now: OffsetDateTime,
) -> Option<Event> {
    let (what, body) = match meaning {
        Meaning::Stacked { cash, bill_reference, session_known } => {
            let told = CashStacked {
                device_id: device_id.to_string(),
                epoch: record.epoch,
                seq: record.seq,
                session_id: cash.session_id.clone(),
                bill_reference: bill_reference.clone(),
                unit_id: cash.unit_id.clone(),
                unit_generation: cash.unit_generation,
                denomination: Some(money_to_wire(Money::fils(cash.denomination_fils))),
                session_known: *session_known,
                received_at: Some(time_to_wire(now)),
            };
            ("cash.stacked", told.encode_to_vec())
        }
        Meaning::Closed { session, receipt_number } => {
            let told = SessionClosed {
                device_id: device_id.to_string(),
                epoch: record.epoch,
                seq: record.seq,
                session_id: session.session_id.clone(),
                bill_reference: session.bill_reference.clone(),
                end: end_of(session.state).into(),
                stacked: Some(money_to_wire(Money::fils(session.stacked_fils))),
                receipt_number: receipt_number.clone(),
                received_at: Some(time_to_wire(now)),
            };
            ("session.closed", told.encode_to_vec())
        }
        Meaning::Nothing | Meaning::UnreadableCash | Meaning::OddSession(_) => return None,
    };
    Some(Event {
        event_id,
        subject: format!("mizan.kiosk-relay.{what}"),
        aggregate: format!("{device_id}/{}", record.epoch),
        version: record.seq,
        body,
    })
}

fn end_of(state: SessionState) -> SessionEnd {
    match state {
        SessionState::Open => SessionEnd::Unspecified,
        SessionState::Committed => SessionEnd::Committed,
        SessionState::Cancelled => SessionEnd::Cancelled,
        SessionState::TimedOut => SessionEnd::TimedOut,
    }
}
