//! The use cases, one a file: load, decide, store, commit.

pub mod contact;
pub mod delivery;
pub mod endpoint;
pub mod message;
pub mod notice;
pub mod payment_event;

use std::time::Duration;

use crate::{
    Error, Notifications,
    domain::{
        retry::Schedule,
        sending::{Answer, Command, Refusal, Sending},
    },
};

/// A sender has this long: more than any single try may take. A sender that died is followed after it.
const LEASE: Duration = Duration::from_secs(20);

impl Notifications {
    fn taken(&self, before: &Sending) -> Result<Sending, Refusal> {
        before.step(Command::Claim { lease: LEASE }, self.ctx.clock.now())
    }

    fn settled(&self, before: &Sending, answer: Answer, schedule: Schedule) -> Result<Sending, Refusal> {
        let wait = schedule.wait_after(before.tries, u16::from_be_bytes(self.ctx.ids.bytes()));
        before.step(Command::Record { answer, wait }, self.ctx.clock.now())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        // Rows are read under lock and by their time: a refusal says that a row contradicts its own query.
        tracing::error!(%refusal, "a sending took an impossible step");
        Error::Corrupt { table: "message or delivery" }
    }
}
