//! A kiosk that counts its notes, loses power, and tells its journal again; and the broker between it and us.

use std::collections::BTreeMap;

use ids::DeviceId;
use money::Money;
use payments::domain::{
    Command, Refusal,
    command::{BillAsked, CashKey, Close, Quarantine, SessionEnd, SessionKnown, Stack},
};

use super::{
    acts::issued,
    dice::Dice,
    lane::{Asker, Job, Outcome},
    plan::{Fault, Rule},
    run::{Do, Sim},
};

const DEVICE: &str = "KSK-0001";

#[derive(Debug, Default)]
pub struct Kiosk {
    seq: i64,
    sessions: i64,
    /// Fils that lie in it, whatever it has told.
    pub notes: i64,
    /// Fils by session, of those that are over.
    pub closed: BTreeMap<String, i64>,
    /// Fils by session, of those that never end.
    pub open: BTreeMap<String, i64>,
    pub quarantined: bool,
}

/// What the broker delivers until it is acknowledged.
#[derive(Clone, Debug)]
pub struct Message {
    pub command: Command,
    pub acknowledged: bool,
    deliveries: u32,
}

impl Sim {
    fn key(&mut self) -> CashKey {
        self.kiosk.seq += 1;
        CashKey { device: DeviceId(DEVICE.to_owned()), epoch: 1, seq: self.kiosk.seq }
    }

    /// A payer puts notes in. Only what is stacked is money.
    pub fn session(&mut self, dice: &mut Dice) {
        if self.kiosk.quarantined {
            return;
        }
        self.kiosk.sessions += 1;
        let session = format!("s{}", self.kiosk.sessions);
        let bill = dice.one(&["TRF-1", "TRF-2", "TRF-3", "TRF-4", "MUN-1", "MUN-2", "TRF-404"]).unwrap();
        let mut stacked = 0;
        for _ in 0..dice.between(0, 4) {
            let fils = dice.one(&[500, 1_000, 5_000, 10_000]).unwrap();
            if self.fault(Fault::PowerLoss, 15) {
                // Between escrow and stack: the note went back, or it fell and belongs to no session any more.
                if dice.percent(50) {
                    self.stack(&session, bill, fils, SessionKnown::No);
                }
                break;
            }
            self.stack(&session, bill, fils, SessionKnown::Yes);
            stacked += fils;
        }
        if dice.percent(4) {
            self.kiosk.open.insert(session, stacked);
            return self.quarantine();
        }
        let end = if dice.percent(70) { SessionEnd::Committed } else { SessionEnd::GivenUp };
        self.close(&session, bill, stacked, end);
        self.kiosk.closed.insert(session.clone(), stacked);
        // After a cut it does not know whether it closed the session, and closes it again.
        if self.fault(Fault::PowerLoss, 15) {
            self.close(&session, bill, stacked, SessionEnd::GivenUp);
        }
    }

    fn stack(&mut self, session: &str, bill: &str, fils: i64, known: SessionKnown) {
        self.kiosk.notes += fils;
        let command = Command::Stack(Stack {
            key: self.key(),
            session_id: session.to_owned(),
            bill_reference: bill.to_owned(),
            unit_id: "CB-1".to_owned(),
            unit_generation: 1,
            amount: Money::fils(fils),
            session: known,
        });
        if self.fault(Fault::PowerLoss, 20) {
            // It cannot know whether the record got through, and tells it again.
            self.post(self.renumbered(command.clone()));
        }
        self.post(command);
    }

    /// A device without its rule gives a record a new number when it tells it again.
    fn renumbered(&self, command: Command) -> Command {
        let mut again = command;
        if self.plan.without == Some(Rule::RecordsAreNumbered)
            && let Command::Stack(stack) = &mut again
        {
            stack.key.epoch += 1;
        }
        again
    }

    fn close(&mut self, session: &str, bill: &str, stacked: i64, end: SessionEnd) {
        let key = self.key();
        let receipt_number = format!("K-{}", key.seq);
        self.post(Command::Close(Close {
            key,
            session_id: session.to_owned(),
            bill_reference: bill.to_owned(),
            end,
            stacked: Money::fils(stacked),
            receipt_number,
            bill: BillAsked::NotYet,
            began_at: None,
        }));
    }

    pub fn quarantine(&mut self) {
        self.kiosk.quarantined = true;
        let (epoch, open) = (1, self.kiosk.open.clone());
        for (session_id, stacked) in open {
            self.post(Command::Quarantine(Quarantine {
                device: DeviceId(DEVICE.to_owned()),
                epoch,
                session_id,
                bill_reference: "TRF-1".to_owned(),
                stacked: Money::fils(stacked),
            }));
        }
    }

    /// Hands something to the broker.
    pub fn post(&mut self, command: Command) {
        let n = self.mail.len();
        self.mail.push(Message { command, acknowledged: false, deliveries: 0 });
        let longest = if self.fault(Fault::Broker, 40) { 2_000_000 } else { 500 };
        self.soon(None, (5, longest), Do::Mail(n));
        if self.fault(Fault::Broker, 30) {
            self.soon(None, (5, 2_000_000), Do::Mail(n));
            self.soon(None, (5, 500), Do::Mail(n));
        }
    }

    /// Delivers a message to some process, and again if nobody acknowledges it.
    pub fn deliver(&mut self, n: usize) {
        let up: Vec<usize> =
            (0..self.processes.len()).filter(|p| self.processes.get(*p).unwrap().up).collect();
        let message = self.mail.get_mut(n).unwrap();
        message.deliveries += 1;
        if message.acknowledged && message.deliveries > 3 {
            return;
        }
        let command = message.command.clone();
        if !message.acknowledged {
            self.soon(None, (20_000, 40_000), Do::Mail(n));
        }
        if let Some(process) = self.scheduling.one(&up) {
            self.submit(process, Job { command, key: None, from: Asker::Mail(n) });
        }
    }

    pub fn consumer_hears(&mut self, process: usize, n: usize, outcome: &Outcome) {
        let message = self.mail.get_mut(n).unwrap();
        match (outcome, &mut message.command) {
            (Outcome::Ok(_) | Outcome::Constraint("open_case_once"), _) => message.acknowledged = true,
            (Outcome::Refused(Refusal::BillUnknown { bill_reference }), Command::Close(close)) => {
                if let Some(open) = issued(bill_reference) {
                    let from = Asker::Pull(n);
                    self.submit(process, Job { command: Command::Open(open), key: None, from });
                } else {
                    let close = Close { bill: BillAsked::Unknown, ..close.clone() };
                    let from = Asker::Mail(n);
                    self.submit(process, Job { command: Command::Close(close), key: None, from });
                }
            }
            _later => {}
        }
    }

    pub fn pulled(&mut self, process: usize, n: usize, outcome: &Outcome) {
        if matches!(outcome, Outcome::Ok(_)) {
            let command = self.mail.get(n).unwrap().command.clone();
            self.submit(process, Job { command, key: None, from: Asker::Mail(n) });
        }
    }
}
