//! The kiosk's host: drives the acceptor, writes the journal before it acts, runs a payer's session.
use standards::device_journal::{
    Body, Cash, CashKind, CashStacked, DeviceBooted, ReceiptPrinted, SessionCommitted, SessionEnded,
};
use standards::ssp::{Command, Event, Frame, SequenceBit, parse_poll};

use super::acceptor::{Acceptor, fils_of};
use super::device::Kiosk;
use super::session::{current, receipts};
use crate::Error;

/// The one cash box, never emptied in a run.
const UNIT: &str = "CB-1";
const GENERATION: i64 = 1;
const FIRMWARE: &str = "sim-1.0";

/// Where the power goes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerCut {
    /// The note is in escrow, and the journal says so.
    Escrowed,
    /// The note is in the cash box, and the journal does not know yet.
    Stacked,
}

impl Kiosk {
    /// Power comes on: the journal says so, and what the acceptor found in its path is brought into the books.
    pub(super) fn boot(&mut self) -> Result<(), Error> {
        let mut acceptor = Acceptor::power_on(&self.folder)?;
        self.boots = self.boots.saturating_add(1);
        self.write(&Body::DeviceBooted(DeviceBooted { fw: FIRMWARE.to_owned() }))?;
        self.listen(&mut acceptor)?;
        // In escrow by the journal, and neither in the box nor told of: it went back while nobody listened.
        let lost =
            current(&self.journal).and_then(|session| Some((session.escrowed_fils?, session.session_id)));
        if let Some((denom_fils, session_id)) = lost {
            self.write(&Body::CashReturned(Cash { denom_fils, kind: CashKind::Note, session_id }))?;
        }
        self.acceptor = Some(acceptor);
        Ok(())
    }

    /// Hears all the acceptor has to say; each poll after the first says that the one before is in the journal.
    fn listen(&mut self, acceptor: &mut Acceptor) -> Result<(), Error> {
        loop {
            let events = self.poll(acceptor)?;
            if events.is_empty() {
                return Ok(());
            }
            for event in events {
                self.hear(&event)?;
            }
        }
    }

    /// One round of the line to the acceptor, as real frames.
    fn poll(&mut self, acceptor: &mut Acceptor) -> Result<Vec<Event>, Error> {
        let frame = Frame { sequence: self.sequence, address: 0, data: Command::Poll.to_data() };
        self.sequence = self.sequence.flip();
        let wire = frame.encode().map_err(std::io::Error::other)?;
        let answer = acceptor.exchange(&wire)?;
        let (frame, _) = Frame::decode(&answer).map_err(std::io::Error::other)?;
        Ok(parse_poll(&frame.data).map_err(std::io::Error::other)?)
    }

    /// What the acceptor says, into the journal.
    fn hear(&mut self, event: &Event) -> Result<(), Error> {
        let session_id = current(&self.journal).map_or_else(String::new, |session| session.session_id);
        let cash = |channel: u8| Cash {
            denom_fils: fils_of(channel).unwrap_or_default(),
            kind: CashKind::Note,
            session_id: session_id.clone(),
        };
        let escrowed = current(&self.journal).and_then(|session| session.escrowed_fils);
        match event {
            // Told again after a power cut, and in the journal before.
            Event::ClearedToCashbox { .. } | Event::ClearedFromFront { .. } if escrowed.is_none() => Ok(()),
            Event::ReadNote { channel } => self.write(&Body::CashEscrowed(cash(*channel))),
            // Credit is final; found in the box at power-up is the same, told late.
            Event::CreditNote { channel } | Event::ClearedToCashbox { channel } => {
                let device_event = format!("E{:06}", self.journal.head().0);
                self.write(&Body::CashStacked(CashStacked {
                    denom_fils: fils_of(*channel).unwrap_or_default(),
                    device_event,
                    kind: CashKind::Note,
                    session_id,
                    unit_generation: GENERATION,
                    unit_id: UNIT.to_owned(),
                }))
            }
            Event::ClearedFromFront { channel } => self.write(&Body::CashReturned(cash(*channel))),
            Event::Rejected => self.write(&Body::CashReturned(Cash {
                denom_fils: escrowed.unwrap_or_default(),
                kind: CashKind::Note,
                session_id,
            })),
            Event::SlaveReset
            | Event::Reading
            | Event::Rejecting
            | Event::Stacking
            | Event::Stacked
            | Event::Disabled
            | Event::StackerFull
            | Event::Other { .. } => Ok(()),
        }
    }

    /// One note of the payer: in, escrow, box, each step in the journal. False when the power went off.
    pub(super) fn take_note(&mut self, channel: u8, cut: Option<PowerCut>) -> Result<Powered, Error> {
        let Some(mut acceptor) = self.acceptor.take() else { return Ok(Powered::Off) };
        acceptor.insert(channel)?;
        self.listen(&mut acceptor)?;
        if cut == Some(PowerCut::Escrowed) {
            return Ok(Powered::Off);
        }
        acceptor.stack()?;
        if cut == Some(PowerCut::Stacked) {
            return Ok(Powered::Off);
        }
        self.listen(&mut acceptor)?;
        self.acceptor = Some(acceptor);
        Ok(Powered::On)
    }

    /// Ends the session: paid when enough is inside, else timed out with what is inside.
    pub(super) fn end_session(&mut self) -> Result<Option<String>, Error> {
        let Some(session) = current(&self.journal) else { return Ok(None) };
        if session.stacked_fils < session.due_fils {
            let ended = SessionEnded { session_id: session.session_id, tendered_fils: session.stacked_fils };
            self.write(&Body::SessionTimedOut(ended))?;
            return Ok(None);
        }
        let receipt_no = format!("{}-{:06}", self.device_id, receipts(&self.journal) + 1);
        self.write(&Body::SessionCommitted(SessionCommitted {
            applied_fils: session.due_fils,
            overpaid_fils: session.stacked_fils.saturating_sub(session.due_fils),
            receipt_no: receipt_no.clone(),
            session_id: session.session_id.clone(),
            tendered_fils: session.stacked_fils,
        }))?;
        self.print(&session, &receipt_no)?;
        self.write(&Body::ReceiptPrinted(ReceiptPrinted {
            receipt_no: receipt_no.clone(),
            session_id: session.session_id,
        }))?;
        Ok(Some(receipt_no))
    }
}

/// Is there power?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Powered {
    On,
    Off,
}

/// The line begins with this bit.
pub const FIRST: SequenceBit = SequenceBit::Zero;
