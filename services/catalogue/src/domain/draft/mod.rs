//! A schedule in the making: written by some, published by somebody else.

use std::collections::BTreeSet;

use ids::{AgencyId, DraftId, ServiceCode};
use time::{Date, OffsetDateTime};

use super::fee_service::Schedule;
use super::terms::Terms;

/// The longest remark, in characters.
pub const MAX_REMARK: usize = 400;

/// A schedule in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub id: DraftId,
    pub agency: AgencyId,
    pub service: ServiceCode,
    /// The first day of the schedule, in Bahrain.
    pub valid_from: Date,
    pub terms: Terms,
    /// Everybody who has written on it. None of them can publish it.
    pub authors: BTreeSet<String>,
    pub state: State,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// The words of `mizan states fee_draft`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be written on. `remark`: why a reader gave it back.
    Draft {
        remark: Option<String>,
    },
    Submitted {
        by: String,
    },
    /// It is the schedule of this version.
    Published {
        submitted_by: String,
        by: String,
        schedule_version: i32,
    },
    Withdrawn {
        by: String,
    },
}

/// What can happen to a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Write { by: String, valid_from: Date, terms: Box<Terms> },
    Submit { by: String },
    Publish { by: String },
    Return { remark: String },
    Withdraw { by: String },
}

/// What a draft is judged by.
#[derive(Clone, Debug)]
pub struct Situation {
    /// In Bahrain.
    pub today: Date,
    /// The newest schedule of the service; none has been published yet.
    pub newest: Option<Newest>,
}

/// The newest schedule of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    pub version: i32,
    /// None: since ever.
    pub valid_from: Option<Date>,
}

/// Why nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("who wrote or submitted a fee does not publish it; a second person must")]
    NeedsSecondPerson,
    #[error("bills of today and before keep their price; let the fee begin on {earliest} or later")]
    ValidFromPast { earliest: Date },
    #[error(
        "version {version} begins on {from} already; let this fee begin after that, so that the two do not overlap"
    )]
    Overlap { version: i32, from: Date },
    #[error("this fee draft is {state} and cannot {command}")]
    WrongState { state: &'static str, command: &'static str },
    #[error("this fee draft is at version {version} by now; read it again")]
    StaleVersion { version: i64 },
}

impl From<&Schedule> for Newest {
    fn from(schedule: &Schedule) -> Newest {
        Newest { version: schedule.version, valid_from: schedule.valid_from }
    }
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Draft { .. } => "draft",
            State::Submitted { .. } => "submitted",
            State::Published { .. } => "published",
            State::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Command {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Write { .. } => "write",
            Command::Submit { .. } => "submit",
            Command::Publish { .. } => "publish",
            Command::Return { .. } => "return",
            Command::Withdraw { .. } => "withdraw",
        }
    }
}

impl Situation {
    /// Whether a schedule may begin on `from`: after every other, without a gap, since the one before holds until then; and never
    /// on a day that has begun, unless it is the first, before which nothing was billed.
    ///
    /// # Errors
    /// `ValidFromPast`, `Overlap`.
    pub fn may_begin(&self, from: Date) -> Result<(), Refusal> {
        let tomorrow = self.today.next_day().unwrap_or(Date::MAX);
        let earliest = if self.newest.is_some() { tomorrow } else { self.today };
        if from < earliest {
            return Err(Refusal::ValidFromPast { earliest });
        }
        match self.newest.and_then(|newest| newest.valid_from.map(|begun| (newest.version, begun))) {
            Some((version, begun)) if from <= begun => Err(Refusal::Overlap { version, from: begun }),
            Some(_) | None => Ok(()),
        }
    }
}

impl Draft {
    /// The draft after `command`.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing has changed.
    pub fn step(&self, command: Command, situation: &Situation) -> Result<Draft, Refusal> {
        use {Command as C, State as S};
        let wrong = Refusal::WrongState { state: self.state.name(), command: command.name() };
        let mut after = Draft { version: self.version.saturating_add(1), ..self.clone() };
        after.state = match (&self.state, command) {
            (S::Draft { remark }, C::Write { by, valid_from, terms }) => {
                situation.may_begin(valid_from)?;
                after.authors.insert(by);
                (after.valid_from, after.terms) = (valid_from, *terms);
                S::Draft { remark: remark.clone() }
            }
            (S::Draft { .. }, C::Submit { by }) => {
                situation.may_begin(self.valid_from)?;
                S::Submitted { by }
            }
            (S::Submitted { by: submitted_by }, C::Publish { by }) => {
                if by == *submitted_by || self.authors.contains(&by) {
                    return Err(Refusal::NeedsSecondPerson);
                }
                situation.may_begin(self.valid_from)?;
                let schedule_version = situation.newest.map_or(1, |newest| newest.version.saturating_add(1));
                S::Published { submitted_by: submitted_by.clone(), by, schedule_version }
            }
            (S::Submitted { .. }, C::Return { remark }) => S::Draft { remark: Some(remark) },
            (S::Draft { .. } | S::Submitted { .. }, C::Withdraw { by }) => S::Withdrawn { by },
            (S::Draft { .. }, C::Publish { .. } | C::Return { .. })
            | (S::Submitted { .. }, C::Write { .. } | C::Submit { .. })
            | (
                S::Published { .. } | S::Withdrawn { .. },
                C::Write { .. }
                | C::Submit { .. }
                | C::Publish { .. }
                | C::Return { .. }
                | C::Withdraw { .. },
            ) => return Err(wrong),
        };
        Ok(after)
    }
}

#[cfg(test)]
mod tests;
