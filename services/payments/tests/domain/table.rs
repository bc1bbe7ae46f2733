//! Tables in text: a column for each state, a row for each thing that can happen, a cell for what becomes of it.

/// The cells of a table as (row, column, cell). The first line names the columns.
pub fn cells(table: &'static str) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut lines = table.lines().map(str::trim).filter(|line| !line.is_empty()).map(words);
    let columns = lines.next().unwrap();
    let mut cells = Vec::new();
    for line in lines {
        let (row, of_row) = line.split_first().unwrap();
        assert_eq!(line.len(), columns.len(), "a cell is missing in the row {row}");
        cells.extend(of_row.iter().zip(columns.iter().skip(1)).map(|(cell, column)| (*row, *column, *cell)));
    }
    cells
}

fn words(line: &'static str) -> Vec<&'static str> {
    line.split('|').map(str::trim).collect()
}

/// The variant's own word, without its data.
pub fn variant(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// `state Effect`, and how many doubts came with it.
pub fn cell(state: &str, effect: &impl std::fmt::Debug, doubts: i32) -> String {
    let more = if doubts == 0 { String::new() } else { format!(" {doubts:+}") };
    format!("{state} {}{more}", variant(effect))
}
