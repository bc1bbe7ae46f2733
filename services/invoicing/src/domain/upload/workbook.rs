//! XLSX: the first sheet, cell by cell.
//!
//! The sheet is streamed: a file with two cells at opposite corners would make a dense table of billions.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use rust_decimal::Decimal;
use time::{Date, Month};

use super::{Cell, Form, MAX_COLUMNS, Refusal, Row, Rows, header};

/// Digits a spreadsheet keeps of a number; what follows is noise of its binary form.
const SIGNIFICANT_DIGITS: u32 = 15;

fn broken() -> Refusal {
    Refusal::TypeUnknown { looks_like: "a damaged Excel workbook" }
}

/// Reads the first sheet, row by row.
///
/// # Errors
/// `TypeUnknown` when it is no workbook after all; `HeaderMissing`; as `rows` does.
pub fn read(bytes: &[u8], rows: &mut Rows<'_>) -> Result<Form, Refusal> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).ok().ok_or_else(broken)?;
    let first = workbook.sheet_names().first().cloned().ok_or_else(broken)?;
    let mut cells = workbook.worksheet_cells_reader(&first).ok().ok_or_else(broken)?;
    let mut form = Form { delimiter: None, headers: Vec::new() };
    let mut row = Row { number: 1, cells: Vec::new() };
    while let Some(found) = cells.next_cell().ok().ok_or_else(broken)? {
        let (at, column) = found.get_position();
        let number = at.saturating_add(1);
        if number != row.number {
            finish(&mut form, &mut row, rows)?;
            row.number = number;
        }
        put(&mut row.cells, usize::try_from(column).unwrap_or(usize::MAX), cell(found.get_value()));
    }
    finish(&mut form, &mut row, rows)?;
    header::check(&form.headers)?;
    Ok(form)
}

/// Puts away a row that is complete.
fn finish(form: &mut Form, row: &mut Row, rows: &mut Rows<'_>) -> Result<(), Refusal> {
    let mut cells = std::mem::take(&mut row.cells);
    while cells.last().is_some_and(Cell::is_empty) {
        cells.pop();
    }
    if row.number == 1 {
        let names: Vec<String> = cells.iter().map(|cell| cell.shown().into_owned()).collect();
        form.headers = header::names(names.iter().map(String::as_str));
        return header::check(&form.headers);
    }
    if cells.is_empty() {
        return Ok(());
    }
    // A table is as wide as its header, whatever a row leaves empty at its end.
    if cells.len() < form.headers.len() {
        cells.resize(form.headers.len(), Cell::Empty);
    }
    rows(Row { number: row.number, cells })
}

fn put(cells: &mut Vec<Cell>, column: usize, cell: Cell) {
    if cell.is_empty() || column >= MAX_COLUMNS {
        return;
    }
    if cells.len() <= column {
        cells.resize(column + 1, Cell::Empty);
    }
    if let Some(place) = cells.get_mut(column) {
        *place = cell;
    }
}

fn cell(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Float(number) => Cell::Number(plain_number(*number)),
        DataRef::String(text) | DataRef::DurationIso(text) => Cell::from_text(text),
        DataRef::SharedString(text) => Cell::from_text(text),
        DataRef::Bool(yes) => Cell::Text(if *yes { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(serial) => date(serial),
        DataRef::DateTimeIso(text) => Cell::from_text(text.split('T').next().unwrap_or(text)),
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}

fn date(serial: &ExcelDateTime) -> Cell {
    let (year, month, day, ..) = serial.to_ymd_hms_milli();
    let found = Month::try_from(month)
        .ok()
        .and_then(|month| Date::from_calendar_date(i32::from(year), month, day).ok())
        .filter(|_| serial.is_datetime());
    found.map_or_else(|| Cell::Number(plain_number(serial.as_f64())), Cell::Date)
}

/// `60139966`, `12.5`: what the spreadsheet shows, not the binary form's last digits.
fn plain_number(number: f64) -> String {
    Decimal::from_scientific(&format!("{number:e}"))
        .ok()
        .and_then(|decimal| decimal.round_sf(SIGNIFICANT_DIGITS))
        .map_or_else(|| number.to_string(), |decimal| decimal.normalize().to_string())
}

/// The date of a serial number whose cell lost its date format.
pub fn date_of_serial(days: i64) -> Option<Date> {
    // Day 1 was 1900-01-01, and 1900-02-29, which never was, counts: hence two days more.
    let epoch = Date::from_calendar_date(1899, Month::December, 30).ok()?;
    epoch.checked_add(time::Duration::days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_spreadsheet_shows() {
        assert_eq!(plain_number(60_139_966.0), "60139966");
        assert_eq!(plain_number(0.1 + 0.2), "0.3");
        assert_eq!(plain_number(12.5), "12.5");
        assert_eq!(plain_number(1e300), "1".to_owned() + &"0".repeat(300));
    }

    #[test]
    fn a_serial_is_a_date() {
        assert_eq!(date_of_serial(47_505).unwrap().to_string(), "2030-01-22");
    }
}
