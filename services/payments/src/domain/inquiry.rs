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
