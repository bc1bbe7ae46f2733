//! Corrections as XLSX. Text cells of a workbook are never calculated, so nothing is escaped.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::domain::upload::Cell;

/// The workbook could not be written. Nothing of its content is in the message.
#[derive(Debug, thiserror::Error)]
#[error("the corrections do not fit a workbook")]
pub struct WriteError(#[from] XlsxError);

/// A workbook of these lines, the first being the header.
///
/// # Errors
/// [`WriteError`].
pub fn write(lines: &[Vec<Cell>]) -> Result<Vec<u8>, WriteError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (number, cells) in (0_u32..).zip(lines) {
        for (column, cell) in (0_u16..).zip(cells) {
            put(sheet, number, column, cell)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) | Cell::Error(text) => {
            sheet.write_string(row, column, text)?;
        }
        Cell::Number(number) => match number.parse::<f64>() {
            Ok(number) => {
                sheet.write_number(row, column, number)?;
            }
            Err(_) => {
                sheet.write_string(row, column, number)?;
            }
        },
        Cell::Date(date) => {
            let year = u16::try_from(date.year()).unwrap_or_default();
            let date = ExcelDateTime::from_ymd(year, u8::from(date.month()), date.day())?;
            let format = Format::new().set_num_format("yyyy-mm-dd");
            sheet.write_datetime_with_format(row, column, &date, &format)?;
        }
    }
    Ok(())
}
