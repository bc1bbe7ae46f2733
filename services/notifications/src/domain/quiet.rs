//! Hours in which nobody's telephone shall ring.

use time::{OffsetDateTime, Time, UtcOffset};

/// Bahrain has no summer time.
const BAHRAIN: UtcOffset = time::macros::offset!(+3);

/// From one full hour in Bahrain to another; the same twice: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub from_hour: u8,
    pub until_hour: u8,
}

impl Quiet {
    /// `now`, or the end of the quiet hours that it falls into.
    pub fn not_before(self, now: OffsetDateTime) -> OffsetDateTime {
        let local = now.to_offset(BAHRAIN);
        let hour = local.hour();
        let over_midnight = self.from_hour > self.until_hour;
        let quiet = if over_midnight {
            hour >= self.from_hour || hour < self.until_hour
        } else {
            (self.from_hour..self.until_hour).contains(&hour)
        };
        if !quiet {
            return now;
        }
        let ends_tomorrow = over_midnight && hour >= self.from_hour;
        let day = if ends_tomorrow { local.date().next_day() } else { Some(local.date()) };
        let end = Time::from_hms(self.until_hour, 0, 0).ok();
        day.zip(end)
            .map_or(now, |(day, end)| day.with_time(end).assume_offset(BAHRAIN).to_offset(UtcOffset::UTC))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_falls_into_quiet_hours_waits_for_the_morning() {
        let night = Quiet { from_hour: 21, until_hour: 8 };
        let morning = datetime!(2026-01-16 05:00 UTC);
        for (now, then) in [
            (datetime!(2026-01-15 17:59 UTC), datetime!(2026-01-15 17:59 UTC)),
            (datetime!(2026-01-15 18:00 UTC), morning),
            (datetime!(2026-01-15 23:30 UTC), morning),
            (datetime!(2026-01-16 04:59 UTC), morning),
            (morning, morning),
        ] {
            assert_eq!(night.not_before(now), then, "{now}");
        }
        let noon = Quiet { from_hour: 12, until_hour: 14 };
        assert_eq!(noon.not_before(datetime!(2026-01-15 10:00 UTC)), datetime!(2026-01-15 11:00 UTC));
        let none = Quiet { from_hour: 0, until_hour: 0 };
        assert_eq!(none.not_before(morning), morning);
    }
}
