//! When to ask a provider again: quickly while the payer is at it, then ever more rarely, because storms of inquiries have
//! taken down national systems.

use std::time::Duration;

use time::OffsetDateTime;

/// The spans between inquiries.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Between two while the payer is at it.
    pub poll_every: Duration,
    /// After the last quick one; doubles from here.
    pub unknown_first: Duration,
    /// The longest.
    pub unknown_longest: Duration,
}

impl Schedule {
    /// When to look again at what nobody is waiting for.
    pub fn rarely_at(&self, jitter: u8, now: OffsetDateTime) -> OffsetDateTime {
        self.next_at(i32::MAX, jitter, now)
    }

    /// When to inquire next. `doubts` counts answers after the time of quick polling, 0 during it. `jitter` (0 to 255)
    /// lengthens a slow wait by up to a tenth, so that attempts of one outage do not come back together.
    pub fn next_at(&self, doubts: i32, jitter: u8, now: OffsetDateTime) -> OffsetDateTime {
        let Some(doublings) = u32::try_from(doubts).ok().and_then(|doubts| doubts.checked_sub(1)) else {
            return now + self.poll_every;
        };
        let factor = 1_u32.checked_shl(doublings.min(30)).unwrap_or(1);
        let wait = self.unknown_first.saturating_mul(factor).min(self.unknown_longest);
        let more = wait.saturating_mul(u32::from(jitter)) / 2_550;
        now + wait + more
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const SCHEDULE: Schedule = Schedule {
        poll_every: Duration::from_secs(3),
        unknown_first: Duration::from_mins(10),
        unknown_longest: Duration::from_hours(2),
    };
    const NOW: OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);

    #[test]
    fn at_most_three_inquiries_in_the_first_two_hours_of_doubt_whatever_the_jitter() {
        for jitter in [0, 128, 255] {
            let mut at = NOW;
            let mut count = 0;
            for doubts in 1..10 {
                at = SCHEDULE.next_at(doubts, jitter, at);
                if at < NOW + Duration::from_hours(2) {
                    count += 1;
                }
            }
            assert_eq!(count, 3, "{jitter}");
        }
    }

    #[test]
    fn quick_first_then_doubling_to_the_longest() {
        let wait = |doubts, jitter| SCHEDULE.next_at(doubts, jitter, NOW) - NOW;
        assert_eq!(wait(0, 255), time::Duration::seconds(3));
        assert_eq!([1, 2, 3, 4, 5, 90].map(|n| wait(n, 0).whole_minutes()), [10, 20, 40, 80, 120, 120]);
        assert_eq!(wait(1, 255), time::Duration::minutes(11));
        assert_eq!(SCHEDULE.rarely_at(0, NOW) - NOW, time::Duration::hours(2));
    }
}
