//! CSV: which delimiter, which records.

use csv::{ReaderBuilder, StringRecord};

use super::{Cell, MAX_COLUMNS, MAX_ROWS, Refusal, Row, Sheet, header};

/// In the order of preference when nothing else decides.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// Reads the records of `text`. A record is a row, also when its cells hold line breaks.
///
/// # Errors
/// `HeaderMissing`, `TooManyRows`.
pub fn read(text: &str, encoding: &str) -> Result<Sheet, Refusal> {
    let delimiter = delimiter(text);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(ascii(delimiter))
        .from_reader(text.as_bytes());
    let mut sheet = Sheet {
        encoding: encoding.to_owned(),
        delimiter: Some(delimiter),
        headers: Vec::new(),
        rows: Vec::new(),
    };
    let (mut record, mut number) = (StringRecord::new(), 0_u32);
    loop {
        let line = reader.position().line();
        // Text in memory that is valid UTF-8 cannot fail to be read.
        if !reader.read_record(&mut record).unwrap_or(false) {
            break;
        }
        number = number.saturating_add(1 + blank_lines(&record, reader.position().line() - line));
        if sheet.headers.is_empty() {
            sheet.headers = header::names(record.iter());
            number = 1;
            continue;
        }
        let cells: Vec<Cell> = record.iter().take(MAX_COLUMNS).map(Cell::from_text).collect();
        if cells.iter().all(Cell::is_empty) {
            continue;
        }
        if sheet.rows.len() == MAX_ROWS {
            return Err(Refusal::TooManyRows);
        }
        sheet.rows.push(Row { number, cells });
    }
    header::check(&sheet.headers)?;
    Ok(sheet)
}

/// Empty lines that the reader skipped before this record: the clerk's spreadsheet counts them.
fn blank_lines(record: &StringRecord, lines: u64) -> u32 {
    let inside = record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
    let own = u64::try_from(inside).unwrap_or(u64::MAX).saturating_add(1);
    u32::try_from(lines.saturating_sub(own)).unwrap_or(u32::MAX)
}

/// The delimiter by which the first record has most columns that we know; then, most columns at all.
fn delimiter(text: &str) -> char {
    let score = |delimiter: char| {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(ascii(delimiter))
            .from_reader(text.as_bytes());
        let mut first = StringRecord::new();
        let read = reader.read_record(&mut first).unwrap_or(false);
        let known = first.iter().filter(|name| header::column(name).is_fixed()).count();
        (known, if read { first.len() } else { 0 })
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

fn ascii(delimiter: char) -> u8 {
    u8::try_from(delimiter).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "reference,service,name,cpr,due_date,note\n";

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
        let text = format!("{HEAD}a,,,,,\"x\ny\"\n\n\nb,,,,,\n,,,,,\nc,,,,,z");
        let rows = read(&text, "UTF-8").unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 5, 7]);
        let text = text.replace('\n', "\r\n");
        let rows = read(&text, "UTF-8").unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 5, 7]);
    }

    #[test]
    fn the_delimiter_is_the_one_that_gives_columns() {
        for delimiter in [';', '\t', ','] {
            let head = HEAD.replace(',', &delimiter.to_string());
            assert_eq!(read(&head, "UTF-8").unwrap().delimiter, Some(delimiter));
        }
    }
}
