//! The business day: midnight in Bahrain, which keeps UTC+3 all year.

use time::{
    Date, Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::offset,
};

const BAHRAIN: UtcOffset = offset!(+3);

/// The day that `at` is part of.
pub fn of(at: OffsetDateTime) -> Date {
    at.to_offset(BAHRAIN).date()
}

/// The cut-off: the first instant of `day`. It is the first that the day before does not have.
pub fn begins(day: Date) -> OffsetDateTime {
    day.midnight().assume_offset(BAHRAIN)
}

/// The first instant after `day`.
pub fn ends(day: Date) -> OffsetDateTime {
    begins(day) + Duration::DAY
}

/// The day after; the calendar's last has none.
pub fn after(day: Date) -> Option<Date> {
    day.next_day()
}

/// An instant for people, as a clock in Bahrain shows it.
pub fn show(at: OffsetDateTime) -> String {
    at.to_offset(BAHRAIN).format(&Rfc3339).unwrap_or_else(|_year_of_five_digits| at.to_string())
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_day_changes_at_nine_in_the_evening_utc() {
        let day = date!(2026 - 01 - 15);
        assert_eq!(begins(day), datetime!(2026-01-14 21:00 UTC));
        assert_eq!(ends(day), datetime!(2026-01-15 21:00 UTC));
        assert_eq!(of(begins(day)), day);
        assert_eq!(of(ends(day) - Duration::MICROSECOND), day);
        assert_eq!(of(ends(day)), date!(2026 - 01 - 16));
        assert_eq!(show(ends(day)), "2026-01-16T00:00:00+03:00");
        assert_eq!(of(datetime!(2026-12-31 21:00 UTC)), date!(2027 - 01 - 01));
    }
}
