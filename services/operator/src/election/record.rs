//! The Lease as candidates see it, and what to do about it: pure, by a clock that never goes back.
//!
//! Nobody compares a time in the Lease with its own clock. A candidate waits until the record has stood still for its whole
//! length; the holder gives up after two thirds of it, counted from before its last write. So the two never overlap by clocks
//! that differ, and where a pause makes them overlap all the same, the fence in the platform's database decides.
use std::time::Duration;

/// What a Lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// None: nobody holds it, and it may be taken at once.
    pub holder: Option<String>,
    /// How often it has changed hands: the fence.
    pub transitions: i32,
    pub length: Duration,
    /// Another one each time it is written.
    pub version: String,
}

/// The last record seen, and when it was seen first.
#[derive(Clone, Debug)]
pub struct Seen {
    pub record: Record,
    pub since: Duration,
}

/// What a candidate does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take it, with this many transitions.
    Take { transitions: i32 },
    /// Somebody else holds it.
    Wait,
}

impl Seen {
    /// What is seen now, after what was seen before.
    pub fn now(before: Option<Seen>, record: Record, now: Duration) -> Seen {
        match before {
            Some(before) if before.record == record => before,
            Some(_) | None => Seen { record, since: now },
        }
    }

    pub fn step(&self, me: &str, now: Duration) -> Step {
        let still_for = now.saturating_sub(self.since);
        match &self.record.holder {
            // What we wrote and heard no answer of.
            Some(holder) if holder == me => Step::Take { transitions: self.record.transitions },
            Some(_) if still_for < self.record.length => Step::Wait,
            Some(_) | None => Step::Take { transitions: self.record.transitions.saturating_add(1) },
        }
    }
}

/// How long a holder may act after it has begun to write.
pub fn good_for(length: Duration) -> Duration {
    length / 3 * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(15);

    fn record(holder: Option<&str>, version: &str) -> Record {
        Record {
            holder: holder.map(str::to_owned),
            transitions: 4,
            length: LENGTH,
            version: version.to_owned(),
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_record_that_moves_is_left_alone_and_one_that_stands_still_is_taken() {
        let seen = Seen::now(None, record(Some("a"), "1"), at(100));
        assert_eq!(seen.step("b", at(114)), Step::Wait);
        let seen = Seen::now(Some(seen), record(Some("a"), "2"), at(114));
        assert_eq!(seen.step("b", at(116)), Step::Wait, "it was renewed");
        let seen = Seen::now(Some(seen), record(Some("a"), "2"), at(128));
        assert_eq!(seen.step("b", at(128)), Step::Wait);
        assert_eq!(seen.step("b", at(129)), Step::Take { transitions: 5 });
    }

    #[test]
    fn a_lease_that_was_given_back_is_taken_at_once_and_counts_on() {
        let seen = Seen::now(None, record(None, "1"), at(0));
        assert_eq!(seen.step("b", at(0)), Step::Take { transitions: 5 });
    }

    #[test]
    fn an_answer_that_was_lost_is_no_change_of_hands() {
        let seen = Seen::now(None, record(Some("b"), "1"), at(0));
        assert_eq!(seen.step("b", at(0)), Step::Take { transitions: 4 });
    }

    #[test]
    fn who_holds_it_stops_before_anybody_else_may_begin() {
        assert!(good_for(LENGTH) < LENGTH);
    }
}
