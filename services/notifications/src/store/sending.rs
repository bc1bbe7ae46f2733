//! The columns that messages and deliveries share.

use time::OffsetDateTime;

use crate::{
    Error,
    domain::sending::{Sending, State},
};

/// The state of one row, as it is stored.
pub struct Columns<'a> {
    pub state: &'a str,
    pub next_at: Option<OffsetDateTime>,
    pub ended_at: Option<OffsetDateTime>,
}

impl Columns<'_> {
    /// What the columns say. `table` is for the error.
    pub fn read(&self, table: &'static str) -> Result<State, Error> {
        match (self.state, self.next_at, self.ended_at) {
            ("pending", Some(due), None) => Ok(State::Pending { due }),
            ("sending", Some(until), None) => Ok(State::Sending { until }),
            ("delivered", None, Some(at)) => Ok(State::Delivered { at }),
            ("failed", None, Some(at)) => Ok(State::Failed { at }),
            ("withdrawn", None, Some(at)) => Ok(State::Withdrawn { at }),
            _ => Err(Error::Corrupt { table }),
        }
    }

    /// What the columns shall say.
    pub fn of(sending: &Sending) -> Columns<'static> {
        let (next_at, ended_at) = match sending.state {
            State::Pending { due: next } | State::Sending { until: next } => (Some(next), None),
            State::Delivered { at } | State::Failed { at } | State::Withdrawn { at } => (None, Some(at)),
        };
        Columns { state: sending.state.name(), next_at, ended_at }
    }
}

/// The oldest of what is on its way.
#[derive(Clone, Copy, Debug)]
pub struct Oldest {
    pub open_since: Option<OffsetDateTime>,
    /// That is due, and that nobody has taken or whose sender died.
    pub due_since: Option<OffsetDateTime>,
}
