//! Whether an endpoint is still worth calling.

use std::time::Duration;

use time::OffsetDateTime;

use super::sending::Answer;

/// An endpoint that has only failed for so long is disabled.
pub const PATIENCE: Duration = Duration::from_hours(5 * 24);

/// How an endpoint is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Good,
    /// Since the first failed try after the last good one.
    Failing {
        since: OffsetDateTime,
    },
    Disabled {
        why: Why,
    },
}

/// Why an endpoint is not called any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It said so itself: 410.
    Gone,
    /// Five days of failures.
    Failing,
}

/// HTTP 410: the receiver wants no more calls.
pub const GONE: i32 = 410;

impl Condition {
    /// After one more answer.
    #[must_use]
    pub fn after(self, answer: Answer, now: OffsetDateTime) -> Condition {
        let (answered_gone, accepted) = match answer {
            Answer::Accepted { .. } => (false, true),
            Answer::Never { code } => (code == GONE, false),
            Answer::Later { .. } => (false, false),
        };
        match self {
            Condition::Disabled { why } => Condition::Disabled { why },
            Condition::Good | Condition::Failing { .. } if answered_gone => {
                Condition::Disabled { why: Why::Gone }
            }
            Condition::Good | Condition::Failing { .. } if accepted => Condition::Good,
            Condition::Good => Condition::Failing { since: now },
            Condition::Failing { since } if now - since >= PATIENCE => {
                Condition::Disabled { why: Why::Failing }
            }
            Condition::Failing { since } => Condition::Failing { since },
        }
    }
}

impl Why {
    pub fn name(self) -> &'static str {
        match self {
            Why::Gone => "gone",
            Why::Failing => "failing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const BUSY: Answer = Answer::Later { code: 500, not_before: None };

    #[test]
    fn five_days_of_failures_disable_and_one_success_forgives() {
        let failing = Condition::Good.after(BUSY, NOW);
        assert_eq!(failing, Condition::Failing { since: NOW });
        assert_eq!(failing.after(BUSY, NOW + PATIENCE - Duration::from_secs(1)), failing);
        assert_eq!(failing.after(BUSY, NOW + PATIENCE), Condition::Disabled { why: Why::Failing });
        assert_eq!(failing.after(Answer::Accepted { code: 200 }, NOW), Condition::Good);
    }

    #[test]
    fn gone_disables_at_once_and_for_good() {
        let gone = Condition::Good.after(Answer::Never { code: GONE }, NOW);
        assert_eq!(gone, Condition::Disabled { why: Why::Gone });
        assert_eq!(gone.after(Answer::Accepted { code: 200 }, NOW), gone);
    }
}
