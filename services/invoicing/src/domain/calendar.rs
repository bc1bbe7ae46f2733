//! The date where bills fall due.

use time::{Date, OffsetDateTime, UtcOffset};

/// Asia/Bahrain: three hours ahead of UTC, without summer time.
const BAHRAIN_HOURS: i8 = 3;

/// The date in Bahrain at `now`.
pub fn bahrain_date(now: OffsetDateTime) -> Date {
    let offset = UtcOffset::from_hms(BAHRAIN_HOURS, 0, 0).unwrap_or(UtcOffset::UTC);
    now.to_offset(offset).date()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_day_begins_three_hours_before_utc() {
        assert_eq!(bahrain_date(datetime!(2026-12-31 20:59:59 UTC)), date!(2026 - 12 - 31));
        assert_eq!(bahrain_date(datetime!(2026-12-31 21:00:00 UTC)), date!(2027 - 01 - 01));
    }
}
