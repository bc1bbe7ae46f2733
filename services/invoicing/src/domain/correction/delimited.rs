//! Corrections as CSV: UTF-8 with BOM, which every spreadsheet opens rightly, and the clerk's own delimiter.

use super::{File, Table};
use crate::domain::upload::starts_formula;

pub fn write(table: &Table, delimiter: char) -> File {
    let mut text = String::from('\u{FEFF}');
    let headers = table.headers.iter().map(|header| field(header, delimiter));
    line(&mut text, headers, delimiter);
    for row in &table.rows {
        let cells = row.iter().map(|cell| field(&cell.shown(), delimiter));
        line(&mut text, cells, delimiter);
    }
    File { extension: "csv", content_type: "text/csv; charset=utf-8", content: text.into_bytes() }
}

fn line(text: &mut String, fields: impl Iterator<Item = String>, delimiter: char) {
    text.push_str(&fields.collect::<Vec<_>>().join(&delimiter.to_string()));
    text.push_str("\r\n");
}

/// A cell that no spreadsheet calculates, quoted where it must be.
fn field(cell: &str, delimiter: char) -> String {
    let safe = if starts_formula(cell) { format!("'{cell}") } else { cell.to_owned() };
    if safe.contains([delimiter, '"', '\n', '\r', ',', ';', '\t']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_calculated_and_everything_is_quoted() {
        assert_eq!(field("=1+1", ';'), "'=1+1");
        assert_eq!(field("+973 3600", ';'), "'+973 3600");
        assert_eq!(field("a;\"b\"\nc", ';'), "\"a;\"\"b\"\"\nc\"");
        assert_eq!(field("plain", ';'), "plain");
    }
}
