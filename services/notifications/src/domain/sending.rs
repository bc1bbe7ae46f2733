//! The life of one thing that must reach somebody outside: an e-mail or a webhook call.

use std::{collections::BTreeSet, time::Duration};

use time::OffsetDateTime;

/// One message or delivery on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    pub state: State,
    /// Tries begun so far.
    pub tries: i32,
    /// The last answer's code (SMTP or HTTP); 0 when none came.
    pub last_answer: i32,
    /// Steps so far, from 1.
    pub version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for its time.
    Pending {
        due: OffsetDateTime,
    },
    /// One sender has it; after `until` that sender is taken for dead.
    Sending {
        until: OffsetDateTime,
    },
    Delivered {
        at: OffsetDateTime,
    },
    /// All tries used, or refused for good.
    Failed {
        at: OffsetDateTime,
    },
    /// There was nothing to say any more before anybody tried.
    Withdrawn {
        at: OffsetDateTime,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A sender takes it for `lease`.
    Claim { lease: Duration },
    /// What the receiver said. `wait`: the schedule's pause before the next try, `None` after the last.
    Record { answer: Answer, wait: Option<Duration> },
    /// What it says is no longer so.
    Withdraw,
}

/// What the receiver said. `code` is its own (SMTP or HTTP), 0 when it said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has it.
    Accepted { code: i32 },
    /// Not now, or no answer: perhaps it has it, perhaps not, so it comes again.
    Later { code: i32, not_before: Option<Duration> },
    /// Never ask again.
    Never { code: i32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is not due, or another sender has it")]
    NotDue,
    #[error("{command} does not fit the state {state}")]
    WrongState { state: &'static str, command: &'static str },
}

impl Sending {
    /// Due at once.
    pub fn new(now: OffsetDateTime) -> Sending {
        Sending::at(now)
    }

    /// Not before `due`.
    pub fn at(due: OffsetDateTime) -> Sending {
        Sending { state: State::Pending { due }, tries: 0, last_answer: 0, version: 1 }
    }

    /// After `command`. `now` is UTC.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing has changed.
    pub fn step(&self, command: Command, now: OffsetDateTime) -> Result<Sending, Refusal> {
        use {Command as C, State as S};
        let wrong = Refusal::WrongState { state: self.state.name(), command: command.name() };
        let (state, tries, last_answer) = match (&self.state, command) {
            (S::Pending { due: from } | S::Sending { until: from }, C::Claim { lease }) => {
                if *from > now {
                    return Err(Refusal::NotDue);
                }
                (S::Sending { until: now + lease }, self.tries.saturating_add(1), self.last_answer)
            }
            (S::Sending { .. }, C::Record { answer, wait }) => {
                let (state, code) = settle(answer, wait, now);
                (state, self.tries, code)
            }
            (S::Pending { .. }, C::Withdraw) => (S::Withdrawn { at: now }, self.tries, self.last_answer),
            (S::Pending { .. }, C::Record { .. })
            | (S::Sending { .. }, C::Withdraw)
            | (
                S::Delivered { .. } | S::Failed { .. } | S::Withdrawn { .. },
                C::Claim { .. } | C::Record { .. } | C::Withdraw,
            ) => {
                return Err(wrong);
            }
        };
        Ok(Sending { state, tries, last_answer, version: self.version.saturating_add(1) })
    }
}

fn settle(answer: Answer, wait: Option<Duration>, now: OffsetDateTime) -> (State, i32) {
    match answer {
        Answer::Accepted { code } => (State::Delivered { at: now }, code),
        Answer::Never { code } => (State::Failed { at: now }, code),
        Answer::Later { code, not_before } => match wait {
            Some(wait) => {
                let wait = wait.max(not_before.unwrap_or_default());
                (State::Pending { due: now + wait }, code)
            }
            None => (State::Failed { at: now }, code),
        },
    }
}

impl State {
    /// The word for it, everywhere.
    pub fn name(&self) -> &'static str {
        match self {
            State::Pending { .. } => "pending",
            State::Sending { .. } => "sending",
            State::Delivered { .. } => "delivered",
            State::Failed { .. } => "failed",
            State::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Command::Claim { .. } => "claim",
            Command::Withdraw => "withdraw",
            Command::Record { answer, .. } => match answer {
                Answer::Accepted { .. } => "accepted",
                Answer::Later { .. } => "later",
                Answer::Never { .. } => "never",
            },
        }
    }
}

/// The graph of all states, drawn by trying every command in every state.
pub fn dot() -> String {
    let now = OffsetDateTime::UNIX_EPOCH;
    let later = Answer::Later { code: 0, not_before: None };
    let commands = [
        Command::Claim { lease: Duration::ZERO },
        Command::Withdraw,
        Command::Record { answer: Answer::Accepted { code: 0 }, wait: None },
        Command::Record { answer: Answer::Never { code: 0 }, wait: None },
        Command::Record { answer: later, wait: Some(Duration::ZERO) },
        Command::Record { answer: later, wait: None },
    ];
    let states = [
        State::Pending { due: now },
        State::Sending { until: now },
        State::Delivered { at: now },
        State::Failed { at: now },
        State::Withdrawn { at: now },
    ];
    let mut edges = BTreeSet::new();
    for state in states {
        let from = Sending { state, ..Sending::new(now) };
        for command in &commands {
            if let Ok(after) = from.step(command.clone(), now) {
                let (from, to) = (from.state.name(), after.state.name());
                edges.insert(format!("  {from} -> {to} [label=\"{}\"];\n", command.name()));
            }
        }
    }
    format!("digraph delivery {{\n{}}}\n", edges.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LEASE: Duration = Duration::from_secs(20);

    fn claimed() -> Sending {
        Sending::new(NOW).step(Command::Claim { lease: LEASE }, NOW).unwrap()
    }

    #[test]
    fn one_sender_has_it_until_its_lease_ends() {
        let first = claimed();
        assert_eq!((first.tries, first.version), (1, 2));
        let early = NOW + LEASE - Duration::from_secs(1);
        assert_eq!(first.step(Command::Claim { lease: LEASE }, early), Err(Refusal::NotDue));
        let second = first.step(Command::Claim { lease: LEASE }, NOW + LEASE).unwrap();
        assert_eq!(second.tries, 2);
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_at_least_that() {
        let answer = Answer::Later { code: 503, not_before: Some(Duration::from_secs(90)) };
        let wait = Some(Duration::from_secs(5));
        let after = claimed().step(Command::Record { answer, wait }, NOW).unwrap();
        assert_eq!(after.state, State::Pending { due: NOW + Duration::from_secs(90) });
        assert_eq!(after.last_answer, 503);
    }

    #[test]
    fn it_fails_when_the_tries_are_used_up_or_refused_for_good_and_then_stays() {
        for answer in [Answer::Later { code: 500, not_before: None }, Answer::Never { code: 410 }] {
            let after = claimed().step(Command::Record { answer, wait: None }, NOW).unwrap();
            assert_eq!(after.state, State::Failed { at: NOW });
            assert!(after.step(Command::Claim { lease: LEASE }, NOW + LEASE).is_err());
        }
    }

    #[test]
    fn what_nobody_has_tried_is_withdrawn_and_what_is_being_sent_is_not() {
        let withdrawn = Sending::new(NOW).step(Command::Withdraw, NOW).unwrap();
        assert_eq!(withdrawn.state, State::Withdrawn { at: NOW });
        assert!(withdrawn.step(Command::Claim { lease: LEASE }, NOW).is_err());
        assert!(claimed().step(Command::Withdraw, NOW).is_err());
    }

    #[test]
    fn an_answer_without_a_try_is_refused() {
        let record = Command::Record { answer: Answer::Accepted { code: 200 }, wait: None };
        assert!(Sending::new(NOW).step(record, NOW).is_err());
    }
}
