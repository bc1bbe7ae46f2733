//! Working days in Bahrain, and terms that are counted in them.

use std::collections::BTreeMap;

use time::{Date, Duration, Weekday};

use super::fee_service::LocalText;
use super::typed::{folded, plain};

/// Holidays of one revision.
pub const MAX_HOLIDAYS: usize = 1_000;
/// The longest name and the longest source, in characters.
pub const MAX_TEXT: usize = 200;
/// The longest term, in days of its kind: a longer one is likelier a slip than a wish.
pub const MAX_TERM_DAYS: u16 = 1_000;

/// What follows the number of a term, as [`folded`] leaves it.
const DAYS: [&str; 5] = ["day", "days", "يوم", "يوما", "ايام"];
const WORKING_DAYS: [&str; 4] = ["working day", "working days", "يوم عمل", "ايام عمل"];

/// Public holidays as one revision has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// 0: no holiday is known.
    pub revision: i32,
    pub holidays: BTreeMap<Date, Holiday>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    pub name: LocalText,
    /// Work ends early: it is a working day.
    pub half_day: bool,
}

/// A time to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Calendar days; when the last is no working day, the next that is.
    Days(u16),
    WorkingDays(u16),
}

/// The day a bill, or a part of it, is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Due {
    pub date: Date,
    /// Of the calendar that a term was counted by; none: the agency named the day.
    pub calendar_revision: Option<i32>,
}

/// Why holidays are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolidaysError {
    #[error("there are more than {MAX_HOLIDAYS}; leave out the years that nobody counts any more")]
    TooMany,
    #[error("{0} stands twice; write each day once")]
    Twice(Date),
    #[error("{date} has no {what}, or one above {MAX_TEXT} characters")]
    Text { date: Date, what: &'static str },
}

/// The holidays of a list, by their date.
///
/// # Errors
/// Which one is wrong, and what to do.
pub fn holidays(list: Vec<(Date, Holiday)>) -> Result<BTreeMap<Date, Holiday>, HolidaysError> {
    if list.len() > MAX_HOLIDAYS {
        return Err(HolidaysError::TooMany);
    }
    let mut holidays = BTreeMap::new();
    for (date, holiday) in list {
        for (what, text) in [("name.en", &holiday.name.en), ("name.ar", &holiday.name.ar)] {
            if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
                return Err(HolidaysError::Text { date, what });
            }
        }
        if holidays.insert(date, holiday).is_some() {
            return Err(HolidaysError::Twice(date));
        }
    }
    Ok(holidays)
}

impl Calendar {
    pub fn is_working(&self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Friday | Weekday::Saturday);
        !weekend && self.holidays.get(&date).is_none_or(|holiday| holiday.half_day)
    }

    /// The day that `term` ends on, counted from `from`, which does not count; none when the calendar ends before.
    pub fn end_of(&self, from: Date, term: Term) -> Option<Date> {
        match term {
            Term::Days(days) => self.working_from(from.checked_add(Duration::days(days.into()))?),
            Term::WorkingDays(days) => {
                let mut date = from;
                for _ in 0..days {
                    date = self.working_from(date.next_day()?)?;
                }
                Some(date)
            }
        }
    }

    /// `date` itself, or the first working day after it.
    fn working_from(&self, date: Date) -> Option<Date> {
        std::iter::successors(Some(date), |date| date.next_day()).find(|date| self.is_working(*date))
    }
}

impl Term {
    /// `30 days`, `10 working days`, `30 يوماً`, `10 أيام عمل`; none when it is no term.
    pub fn read(text: &str) -> Option<Term> {
        let text = plain(text);
        // Below, a sign would be lost.
        let text = if text.starts_with(|c: char| c.is_ascii_digit()) { folded(&text) } else { return None };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let days = number.parse().ok().filter(|days| (1..=MAX_TERM_DAYS).contains(days))?;
        let unit = unit.trim();
        if DAYS.contains(&unit) {
            Some(Term::Days(days))
        } else if WORKING_DAYS.contains(&unit) {
            Some(Term::WorkingDays(days))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn holiday() -> Holiday {
        Holiday { name: LocalText { en: "Eid".to_owned(), ar: "العيد".to_owned() }, half_day: false }
    }

    fn half_a_day() -> Holiday {
        Holiday { half_day: true, ..holiday() }
    }

    /// Thursday, Friday, Saturday, then two holidays and half a day.
    fn eid() -> Calendar {
        let list = vec![
            (date!(2026 - 03 - 22), holiday()),
            (date!(2026 - 03 - 23), holiday()),
            (date!(2026 - 03 - 24), half_a_day()),
        ];
        Calendar { revision: 1, holidays: holidays(list).unwrap() }
    }

    #[test]
    fn terms_are_read_in_both_languages_and_nothing_else_is_a_term() {
        let days = |n| Some(Term::Days(n));
        let working = |n| Some(Term::WorkingDays(n));
        for (text, term) in [
            ("30 days", days(30)),
            ("1 day", days(1)),
            (" 30days ", days(30)),
            ("٣٠ يومًا", days(30)),
            ("7 أيام", days(7)),
            ("10 Working Days", working(10)),
            ("١٠ أيام عمل", working(10)),
            ("15 يوم عمل", working(15)),
            ("30", None),
            ("days", None),
            ("0 days", None),
            ("1001 days", None),
            ("-5 days", None),
            ("5 weeks", None),
            ("2030-01-31", None),
            ("99999999999999999999 days", None),
        ] {
            assert_eq!(Term::read(text), term, "{text}");
        }
    }

    #[test]
    fn weekends_and_holidays_do_not_count_and_half_days_do() {
        let calendar = eid();
        let end = |from, term| calendar.end_of(from, term).unwrap();
        let thursday = date!(2026 - 03 - 19);
        assert_eq!(end(thursday, Term::WorkingDays(1)), date!(2026 - 03 - 24), "half a day is one");
        assert_eq!(end(thursday, Term::WorkingDays(2)), date!(2026 - 03 - 25));
        assert_eq!(end(thursday, Term::Days(1)), date!(2026 - 03 - 24), "Friday moves on");
        assert_eq!(end(thursday, Term::Days(6)), date!(2026 - 03 - 25), "a working day stays");
        let moved = Calendar::default();
        assert_eq!(moved.end_of(thursday, Term::Days(1)), Some(date!(2026 - 03 - 22)), "Sunday is work");
        assert_eq!(calendar.end_of(Date::MAX, Term::Days(1)), None);
    }

    #[test]
    fn each_wrong_holiday_is_named() {
        let day = date!(2026 - 12 - 16);
        assert_eq!(holidays(vec![(day, holiday()), (day, half_a_day())]), Err(HolidaysError::Twice(day)));
        let nameless = Holiday { name: LocalText { en: " ".into(), ar: "ع".into() }, half_day: false };
        assert_eq!(holidays(vec![(day, nameless)]), Err(HolidaysError::Text { date: day, what: "name.en" }));
        let many = (0..=1_000).map(|n| (day + Duration::days(n), holiday())).collect();
        assert_eq!(holidays(many), Err(HolidaysError::TooMany));
    }
}
