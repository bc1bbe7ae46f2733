//! What the relay tells: cash in a unit, sessions that ended with cash inside, and devices that are believed no more.

use boot::{
    Ids,
    wire::{money_to_wire, time_to_wire},
};
use bus::Event;
use ids::{DeviceId, Uuid};
use money::Money;
use prost::Message as _;
use proto::kiosk::v1::{CashStacked, DeviceQuarantined, OpenSession, SessionClosed, SessionEnd};
use standards::device_journal::Record;
use time::OffsetDateTime;

use crate::domain::{
    cash::{Meaning, Session, SessionState},
    device::Device,
};

/// A broken device may leave any number of sessions open, and a message that NATS finds too long would hold up the
/// outbox of all others.
const SESSIONS_MAX: usize = 1_000;

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
                began_at: session.began_at.map(time_to_wire),
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

/// A device whose journal forked.
#[derive(Clone, Copy, Debug)]
pub struct Quarantine<'q> {
    /// As it is from now on.
    pub device: &'q Device,
    /// Of the last record that was told.
    pub epoch: i64,
    pub at: OffsetDateTime,
    pub reason: &'q str,
}

impl Quarantine<'_> {
    /// What to tell of it, with the sessions that nothing will close now: one event, but for a device that left more than
    /// [`SESSIONS_MAX`] open.
    pub fn events(&self, open: &[Session], ids: &Ids) -> Vec<Event> {
        let (first, rest) = open.split_at(open.len().min(SESSIONS_MAX));
        let parts = std::iter::once(first).chain(rest.chunks(SESSIONS_MAX));
        parts.map(|part| self.event(part, ids.uuid(self.at))).collect()
    }

    fn event(&self, open: &[Session], event_id: Uuid) -> Event {
        let sessions = open.iter().map(|session| OpenSession {
            session_id: session.session_id.clone(),
            bill_reference: session.bill_reference.clone(),
            stacked: Some(money_to_wire(Money::fils(session.stacked_fils))),
        });
        let told = DeviceQuarantined {
            device_id: self.device.device_id.to_string(),
            epoch: self.epoch,
            at: Some(time_to_wire(self.at)),
            reason: self.reason.to_owned(),
            sessions: sessions.collect(),
        };
        Event {
            event_id,
            subject: "mizan.kiosk-relay.device.quarantined".to_owned(),
            aggregate: self.device.device_id.to_string(),
            version: self.device.version,
            body: told.encode_to_vec(),
        }
    }
}

fn end_of(state: SessionState) -> SessionEnd {
    match state {
        SessionState::Open => SessionEnd::Unspecified,
        SessionState::Committed => SessionEnd::Committed,
        SessionState::Cancelled => SessionEnd::Cancelled,
        SessionState::TimedOut => SessionEnd::TimedOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_open_session_is_told_once_however_many_there_are() {
        let device = Device::register("KSK-1".parse().unwrap(), "Manama".into(), "a".into());
        let at = OffsetDateTime::UNIX_EPOCH;
        let quarantine = Quarantine { device: &device, epoch: 1, at, reason: "fork" };
        let session = |number: usize| Session {
            session_id: format!("S-{number}"),
            bill_reference: String::new(),
            stacked_fils: 500,
            state: SessionState::Open,
            began_at: None,
        };
        for (count, parts) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
            let open: Vec<_> = (0..count).map(session).collect();
            let events = quarantine.events(&open, &Ids::seeded(1));
            assert_eq!(events.len(), parts, "{count}");
            let told = events
                .iter()
                .flat_map(|event| DeviceQuarantined::decode(event.body.as_slice()).unwrap().sessions);
            let told: Vec<_> = told.map(|session| session.session_id).collect();
            assert_eq!(told, open.iter().map(|session| session.session_id.clone()).collect::<Vec<_>>());
        }
    }
}
