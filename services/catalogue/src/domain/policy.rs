//! Which channels a fee service takes, from a day on: one person proposes, another announces.
use ids::{AgencyId, PolicyId, ServiceCode};
use time::{Date, Duration, OffsetDateTime};

use super::channel::{self, Channels};
use super::refusal::{Noun, Refusal};

/// The longest reason, in characters.
pub const MAX_REASON: usize = 400;

/// Channels from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub id: PolicyId,
    pub agency: AgencyId,
    pub service: ServiceCode,
    /// The first day, in Bahrain.
    pub valid_from: Date,
    /// Those that are open from then on.
    pub channels: Channels,
    /// The decision or law it rests on.
    pub reason: String,
    pub proposed_by: String,
    pub state: State,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// The words of `mizan states policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody else has agreed.
    Planned,
    /// It holds from its day on, and is never changed.
    Announced {
        by: String,
        at: OffsetDateTime,
    },
    Withdrawn {
        by: String,
    },
}

/// What can happen to a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Announce { by: String },
    Withdraw { by: String },
}

/// What a policy is judged by.
#[derive(Clone, Debug)]
pub struct Situation {
    pub now: OffsetDateTime,
    /// Payers hear of a channel's end so many days before.
    pub notice_days: u16,
    /// Open on the policy's day without it.
    pub open_without: Channels,
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Announced { .. } => "announced",
            State::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Announce { .. } => "announce",
            Command::Withdraw { .. } => "withdraw",
        }
    }
}

impl Policy {
    /// Whether it may be announced: it leaves a way to pay, and changes no day that has been. What closes a channel is known
    /// long enough before; what only opens one may begin at once.
    ///
    /// # Errors
    /// `PolicyWithoutChannel`, `PolicyDatePast`, `PolicyNoticeShort`.
    pub fn check(&self, situation: &Situation) -> Result<(), Refusal> {
        if !channel::take_money(&self.channels) {
            return Err(Refusal::PolicyWithoutChannel);
        }
        let today = boot::bahrain_date(situation.now);
        if self.valid_from < today {
            return Err(Refusal::PolicyDatePast { today });
        }
        let earliest = today.saturating_add(Duration::days(situation.notice_days.into()));
        let first = situation.open_without.difference(&self.channels).next();
        match first {
            Some(closed) if self.valid_from < earliest => {
                Err(Refusal::PolicyNoticeShort { closed: *closed, earliest })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The policy after `command`.
    ///
    /// # Errors
    /// `NeedsSecondPerson`, `WrongState`; those of [`Policy::check`].
    pub fn step(&self, command: Command, situation: &Situation) -> Result<Policy, Refusal> {
        let state = match (&self.state, command) {
            (State::Planned, Command::Announce { by }) if by == self.proposed_by => {
                return Err(Refusal::NeedsSecondPerson { noun: Noun::Policy });
            }
            (State::Planned, Command::Announce { by }) => {
                self.check(situation)?;
                State::Announced { by, at: situation.now }
            }
            (State::Planned, Command::Withdraw { by }) => State::Withdrawn { by },
            (
                State::Announced { .. } | State::Withdrawn { .. },
                command @ (Command::Announce { .. } | Command::Withdraw { .. }),
            ) => {
                let (state, command) = (self.state.name(), command.name());
                return Err(Refusal::WrongState { noun: Noun::Policy, state, command });
            }
        };
        Ok(Policy { state, version: self.version + 1, ..self.clone() })
    }

    /// Whether it says the same: who repeats a call has the same policy in mind.
    pub fn proposes_the_same(&self, other: &Policy) -> bool {
        self.agency == other.agency
            && self.service == other.service
            && self.valid_from == other.valid_from
            && self.channels == other.channels
            && self.reason == other.reason
            && self.proposed_by == other.proposed_by
    }
}
