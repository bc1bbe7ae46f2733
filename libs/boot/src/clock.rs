//! Time is handed in, so that a test moves it by hand and a failing case repeats.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use time::{Date, OffsetDateTime, UtcOffset, macros::offset};
use tokio::sync::watch;

const BAHRAIN: UtcOffset = offset!(+3);

/// The one source of time of a service. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System { start: Instant, ahead: Duration },
    Manual { start: OffsetDateTime, now: watch::Sender<OffsetDateTime> },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock::system_ahead(Duration::ZERO)
    }

    /// The machine's clock and so much more: for rehearsals of what a night does. Never where money is real.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the machine's clock")]
    pub fn system_ahead(ahead: Duration) -> Clock {
        Clock(Arc::new(Source::System { start: Instant::now(), ahead }))
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: OffsetDateTime) -> Clock {
        let start = micros(start);
        Clock(Arc::new(Source::Manual { start, now: watch::Sender::new(start) }))
    }

    /// Now in UTC, cut to microseconds: what Postgres keeps is what was compared.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the machine's clock")]
    pub fn now(&self) -> OffsetDateTime {
        match self.0.as_ref() {
            Source::System { ahead, .. } => micros(OffsetDateTime::now_utc() + *ahead),
            Source::Manual { now, .. } => *now.borrow(),
        }
    }

    /// Time since this clock was made; never goes back, whatever happens to the wall clock.
    pub fn monotonic(&self) -> Duration {
        match self.0.as_ref() {
            Source::System { start, .. } => start.elapsed(),
            Source::Manual { start, now } => Duration::try_from(*now.borrow() - *start).unwrap_or_default(),
        }
    }

    /// Waits for `time`; on a manual clock, until somebody advances it that far.
    #[expect(clippy::missing_panics_doc, reason = "the sender outlives the borrow of the clock")]
    #[expect(clippy::disallowed_methods, reason = "this is the place that sleeps")]
    pub async fn sleep(&self, time: Duration) {
        match self.0.as_ref() {
            Source::System { .. } => tokio::time::sleep(time).await,
            Source::Manual { now, .. } => {
                let mut seen = now.subscribe();
                let until = *seen.borrow() + time;
                seen.wait_for(|now| *now >= until)
                    .await
                    .map(drop)
                    .expect("the sender lives in the clock that is borrowed here");
            }
        }
    }

    /// Moves a manual clock forward and wakes who slept long enough.
    ///
    /// # Panics
    /// On the machine's clock, which nobody moves.
    pub fn advance(&self, by: Duration) {
        match self.0.as_ref() {
            Source::System { .. } => unreachable!("only a manual clock can be advanced"),
            Source::Manual { now, .. } => now.send_modify(|now| *now = micros(*now + by)),
        }
    }
}

/// The day in Bahrain at `at`: three hours ahead of UTC, without summer time. Every date a person meets is of this zone.
pub fn bahrain_date(at: OffsetDateTime) -> Date {
    at.to_offset(BAHRAIN).date()
}

/// The first moment of a day in Bahrain.
pub fn bahrain_midnight(day: Date) -> OffsetDateTime {
    day.midnight().assume_offset(BAHRAIN).to_offset(UtcOffset::UTC)
}

fn micros(at: OffsetDateTime) -> OffsetDateTime {
    let at = at.to_offset(time::UtcOffset::UTC);
    at.replace_microsecond(at.microsecond()).expect("a time's own microseconds are in range")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_it_is_advanced_far_enough() {
        let clock = Clock::manual(datetime!(2026-01-01 00:00:00 UTC));
        let sleeper = clock.sleep(Duration::from_secs(10));
        tokio::pin!(sleeper);
        assert!(futures::poll!(sleeper.as_mut()).is_pending());

        clock.advance(Duration::from_secs(9));
        assert!(futures::poll!(sleeper.as_mut()).is_pending());

        clock.advance(Duration::from_secs(1));
        sleeper.await;
        assert_eq!(clock.now(), datetime!(2026-01-01 00:00:10 UTC));
        assert_eq!(clock.monotonic(), Duration::from_secs(10));
    }

    #[test]
    fn a_day_of_bahrain_begins_three_hours_before_the_one_of_utc() {
        let last = datetime!(2026-12-31 20:59:59.999999 UTC);
        assert_eq!(bahrain_date(last), time::macros::date!(2026 - 12 - 31));
        let midnight = bahrain_midnight(time::macros::date!(2027 - 01 - 01));
        assert_eq!(midnight, datetime!(2026-12-31 21:00:00 UTC));
        assert_eq!(bahrain_date(midnight), time::macros::date!(2027 - 01 - 01));
    }

    #[test]
    fn now_is_utc_and_has_no_more_than_microseconds() {
        let clock = Clock::manual(datetime!(2026-01-01 03:00:00.123456789 +3));
        assert_eq!(clock.now(), datetime!(2026-01-01 00:00:00.123456 UTC));
        assert_eq!(clock.now().offset(), time::UtcOffset::UTC);
        assert_eq!(Clock::system().now().nanosecond() % 1_000, 0);
    }
}
