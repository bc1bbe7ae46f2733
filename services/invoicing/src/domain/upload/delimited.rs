//! CSV: which delimiter, which records.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord};

use super::{Cell, Form, MAX_COLUMNS, Refusal, Row, Rows, header};

/// In the order of preference when nothing else decides.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// The delimiter and the columns of a text, by its first record. `start` may end inside a later one.
///
/// # Errors
/// `HeaderMissing`.
pub fn form(start: &str) -> Result<Form, Refusal> {
    let delimiter = delimiter(start);
    let headers = header::names(first_record(start, delimiter).iter());
    header::check(&headers)?;
    Ok(Form { delimiter: Some(delimiter), headers })
}

/// Reads the records of `text`, one after the other. A record is a row, also when its cells hold line breaks.
///
/// # Errors
/// As `rows` does. Text that is valid UTF-8 cannot fail to be read: when its source breaks off, the source knows.
pub fn read(text: impl Read, delimiter: char, rows: &mut Rows<'_>) -> Result<(), Refusal> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(ascii(delimiter)).from_reader(text);
    let (mut record, mut number) = (StringRecord::new(), 0_u32);
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).unwrap_or(false) {
            return Ok(());
        }
        if number == 0 {
            // Up to the header nothing is a row.
            number = u32::from(!is_blank(&record));
            continue;
        }
        number = number.saturating_add(1 + blank_lines(&record, reader.position().line() - line));
        let cells: Vec<Cell> = record.iter().take(MAX_COLUMNS).map(Cell::from_text).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows(Row { number, cells })?;
        }
    }
}

/// Empty lines that the reader skipped before this record: the clerk's spreadsheet counts them.
fn blank_lines(record: &StringRecord, lines: u64) -> u32 {
    let inside = record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
    let own = u64::try_from(inside).unwrap_or(u64::MAX).saturating_add(1);
    u32::try_from(lines.saturating_sub(own)).unwrap_or(u32::MAX)
}

/// The delimiter by which the first record has most columns that we know; then, most columns at all.
fn delimiter(start: &str) -> char {
    let score = |delimiter: char| {
        let first = first_record(start, delimiter);
        let known = first.iter().filter(|name| header::column(name).is_fixed()).count();
        (known, first.len())
    };
    let mut best = (',', (0, 0));
    for delimiter in DELIMITERS {
        let found = score(delimiter);
        if found > best.1 {
            best = (delimiter, found);
        }
    }
    best.0
}

fn first_record(start: &str, delimiter: char) -> StringRecord {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(ascii(delimiter))
        .from_reader(start.as_bytes());
    reader.records().map_while(Result::ok).find(|record| !is_blank(record)).unwrap_or_default()
}

fn is_blank(record: &StringRecord) -> bool {
    record.iter().all(|cell| cell.trim().is_empty())
}

fn ascii(delimiter: char) -> u8 {
    u8::try_from(delimiter).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "reference,service,name,cpr,due_date,note\n";

    fn numbers(text: &str) -> Vec<u32> {
        let mut numbers = Vec::new();
        let mut keep = |row: Row| {
            numbers.push(row.number);
            Ok(())
        };
        read(text.as_bytes(), ',', &mut keep).unwrap();
        numbers
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
        let text = format!("{HEAD}a,,,,,\"x\ny\"\n\n\nb,,,,,\n,,,,,\nc,,,,,z");
        assert_eq!(numbers(&text), [2, 5, 7]);
        assert_eq!(numbers(&text.replace('\n', "\r\n")), [2, 5, 7]);
    }

    #[test]
    fn the_delimiter_is_the_one_that_gives_columns() {
        for delimiter in [';', '\t', ','] {
            let head = HEAD.replace(',', &delimiter.to_string());
            assert_eq!(form(&head).unwrap().delimiter, Some(delimiter));
        }
    }
}
