//! A channel that is closed, open all the same for some days and up to an amount: one person asks, another agrees.
use ids::{AgencyId, ChannelExceptionId, ServiceCode};
use money::Money;
use time::{Date, Duration, OffsetDateTime};

use super::channel::Channel;
use super::input::MAX_AMOUNT_FILS;
use super::refusal::{Noun, Refusal};

/// Longer ones are policies.
pub const MAX_DAYS: i64 = 92;

/// An exception to the policies of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelException {
    pub id: ChannelExceptionId,
    pub agency: AgencyId,
    pub service: ServiceCode,
    pub channel: Channel,
    /// The first day, in Bahrain.
    pub from: Date,
    /// The last one.
    pub until: Date,
    /// Of one payment.
    pub most: Money,
    /// No personal data.
    pub reason: String,
    pub requested_by: String,
    pub state: State,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// The words of `mizan states channel_exception`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Requested,
    Approved { by: String },
    Rejected { by: String },
    Ended { approved_by: String, by: String },
}

/// What can happen to an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Approve { by: String },
    Reject { by: String },
    End { by: String },
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Requested => "requested",
            State::Approved { .. } => "approved",
            State::Rejected { .. } => "rejected",
            State::Ended { .. } => "ended",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Approve { .. } => "approve",
            Command::Reject { .. } => "reject",
            Command::End { .. } => "end",
        }
    }
}

impl ChannelException {
    /// Whether it may be asked for.
    ///
    /// # Errors
    /// `ExceptionDates`, `ExceptionLimit`.
    pub fn check(&self, now: OffsetDateTime) -> Result<(), Refusal> {
        let today = boot::bahrain_date(now);
        let last = self.from.saturating_add(Duration::days(MAX_DAYS - 1));
        if self.from < today || self.until < self.from || self.until > last {
            return Err(Refusal::ExceptionDates { today });
        }
        if (1..=MAX_AMOUNT_FILS).contains(&self.most.minor_units()) {
            Ok(())
        } else {
            Err(Refusal::ExceptionLimit)
        }
    }

    /// The exception after `command`. Who asked may take it back, and not agree to it.
    ///
    /// # Errors
    /// `NeedsSecondPerson`, `WrongState`.
    pub fn step(&self, command: Command) -> Result<ChannelException, Refusal> {
        let state = match (&self.state, command) {
            (State::Requested, Command::Approve { by }) if by == self.requested_by => {
                return Err(Refusal::NeedsSecondPerson { noun: Noun::ChannelException });
            }
            (State::Requested, Command::Approve { by }) => State::Approved { by },
            (State::Requested, Command::Reject { by }) => State::Rejected { by },
            (State::Approved { by: approved_by }, Command::End { by }) => {
                State::Ended { approved_by: approved_by.clone(), by }
            }
            (State::Requested, command @ Command::End { .. })
            | (State::Approved { .. }, command @ (Command::Approve { .. } | Command::Reject { .. }))
            | (
                State::Rejected { .. } | State::Ended { .. },
                command @ (Command::Approve { .. } | Command::Reject { .. } | Command::End { .. }),
            ) => {
                let (state, command) = (self.state.name(), command.name());
                return Err(Refusal::WrongState { noun: Noun::ChannelException, state, command });
            }
        };
        Ok(ChannelException { state, version: self.version + 1, ..self.clone() })
    }

    /// Whether it holds on `day`.
    pub fn holds_on(&self, day: Date) -> bool {
        match self.state {
            State::Approved { .. } => (self.from..=self.until).contains(&day),
            State::Requested | State::Rejected { .. } | State::Ended { .. } => false,
        }
    }

    /// Whether it asks for the same: who repeats a call has the same exception in mind.
    pub fn asks_the_same(&self, other: &ChannelException) -> bool {
        self.agency == other.agency
            && self.service == other.service
            && self.channel == other.channel
            && (self.from, self.until) == (other.from, other.until)
            && self.most == other.most
            && self.reason == other.reason
            && self.requested_by == other.requested_by
    }
}
