//! Due dates in the orders clerks write them, and terms to pay.

use time::{Date, Month};

use super::{Code, Fault, Field, cells};
use crate::domain::calendar::{Calendar, Due, Term};
use crate::domain::typed::plain;
use crate::domain::upload::{Cell, date_of_serial};

/// Serial numbers of the years 2000 to 2099, for cells that lost their date format.
const SERIALS: std::ops::RangeInclusive<i64> = 36_526..=73_050;
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2099;

/// The due date: today in Bahrain or later; a term is counted from today.
///
/// # Errors
/// It is no date and no term, or in the past.
pub fn read(cell: Option<&Cell>, today: Date, calendar: &Calendar) -> Result<Due, Fault> {
    let text = cells::text(cell, &Field::DueDate)?;
    if let Some(term) = Term::read(&text) {
        let date = calendar.end_of(today, term);
        let date = date.ok_or_else(|| Fault::new(Field::DueDate, Code::DueDateInvalid))?;
        return Ok(Due { date, calendar_revision: Some(calendar.revision) });
    }
    let date = match cell {
        Some(Cell::Date(date)) => Some(*date),
        Some(Cell::Number(serial)) => {
            serial.parse().ok().filter(|days| SERIALS.contains(days)).and_then(date_of_serial)
        }
        None | Some(Cell::Empty | Cell::Text(_) | Cell::Error(_)) => parse(&plain(&text)),
    };
    let date = date.filter(|date| YEARS.contains(&date.year()) || *date < today);
    let date = date.ok_or_else(|| Fault::new(Field::DueDate, Code::DueDateInvalid))?;
    if date < today {
        return Err(Fault::new(Field::DueDate, Code::DueDatePast).with("earliest", today.to_string()));
    }
    Ok(Due { date, calendar_revision: None })
}

/// `2030-01-31`, `31/01/2030`, `31-1-2030`: the year has four digits and stands at an end; the day never stands in the
/// middle, as in this country nobody writes it there.
fn parse(text: &str) -> Option<Date> {
    // A spreadsheet may add midnight.
    let text = text.strip_suffix(" 00:00:00").unwrap_or(text);
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let [first, month, last] = parts.as_slice() else { return None };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if year.len() != 4 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn every_order_gives_the_same_date() {
        for text in
            ["2030-01-31", "31/01/2030", "31-1-2030", "2030/1/31", "31.01.2030", "2030-01-31 00:00:00"]
        {
            assert_eq!(parse(text), Some(date!(2030 - 01 - 31)), "{text}");
        }
        assert_eq!(parse(&plain("٣١/٠١/٢٠٣٠")), Some(date!(2030 - 01 - 31)));
        for text in
            ["31/02/2027", "01/31/2030", "31/01/30", "", "2030-01", "1-1-1-2030", "+1/01/2030", "soon"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn today_is_early_enough_and_yesterday_is_not() {
        let today = date!(2026 - 01 - 15);
        let calendar = Calendar { revision: 3, ..Calendar::default() };
        let read = |cell| read(Some(&cell), today, &calendar).map_err(|fault| fault.code);
        let code = |cell| read(cell).map(|due| due.date);
        assert_eq!(code(Cell::Date(today)), Ok(today));
        assert_eq!(code(Cell::Text("14/01/2026".into())), Err(Code::DueDatePast));
        assert_eq!(code(Cell::Number("47505".into())), Ok(date!(2030 - 01 - 22)));
        assert_eq!(code(Cell::Number("5".into())), Err(Code::DueDateInvalid));
        assert_eq!(code(Cell::Text("01/01/3030".into())), Err(Code::DueDateInvalid));
        assert_eq!(code(Cell::Empty), Err(Code::DueDateInvalid));
        let due = Due { date: date!(2026 - 01 - 19), calendar_revision: Some(3) };
        assert_eq!(read(Cell::Text("2 working days".into())), Ok(due), "over the weekend");
    }
}
