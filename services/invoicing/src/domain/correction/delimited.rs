//! Corrections as CSV: UTF-8 with BOM, which every spreadsheet opens rightly, and the clerk's own delimiter.

use crate::domain::upload::{Cell, starts_formula};

/// A line of the file.
pub fn line(cells: &[Cell], delimiter: char) -> String {
    let fields: Vec<String> = cells.iter().map(|cell| field(&cell.shown(), delimiter)).collect();
    format!("{}\r\n", fields.join(&delimiter.to_string()))
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
