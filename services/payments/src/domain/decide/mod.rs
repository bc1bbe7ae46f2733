//! One command over all it touches. Checks come before changes, so a refusal undoes nothing.

mod cash;
mod open;
mod record;
mod start;

use boot::Ids;
use time::OffsetDateTime;

use super::{
    Changes, Command, Refusal, World, attempt::Attempt, attempt::Patience, inquiry::Schedule,
    payment::Payment,
};

/// When and with what ids a command is decided, and how patient we are.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    pub now: OffsetDateTime,
    pub ids: &'a Ids,
    pub rules: &'a Rules,
}

/// The settings decisions depend on.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub patience: Patience,
    pub schedule: Schedule,
}

/// What the caller is told.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It is so now, or was already.
    Done,
    Started {
        payment: Box<Payment>,
        attempt: Attempt,
    },
}

impl Moment<'_> {
    /// A fresh id that sorts by time.
    pub fn id<T: From<ids::Uuid>>(&self) -> T {
        self.ids.uuid(self.now).into()
    }
}

/// What `command` changes in `world`, and what its caller is told.
///
/// # Errors
/// A [`Refusal`]; nothing changes.
pub fn decide(world: &World, command: &Command, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    match command {
        Command::Open(command) => open::open(world, command),
        Command::Start(command) => start::start(world, command, at),
        Command::Record(command) => record::record(world, command, at),
        Command::Stack(command) => cash::stack(world, command, at),
        Command::Close(command) => cash::close(world, command, at),
    }
}
