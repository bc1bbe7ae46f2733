//! The rows at fault, back to the clerk: their own columns, and beside them what is wrong. The file can be corrected and
//! uploaded as it is.

mod delimited;
mod workbook;

use std::collections::BTreeMap;

use super::upload::header::{Column, REMARKS, column};
use super::upload::{Cell, Sheet};

pub use workbook::WriteError;

/// What is wrong with one cell, in words.
#[derive(Clone, Debug)]
pub struct Remark {
    pub row: u32,
    /// From 1.
    pub column: usize,
    pub en: String,
    pub ar: String,
}

/// A file for the clerk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// `csv` or `xlsx`.
    pub extension: &'static str,
    pub content_type: &'static str,
    pub content: Vec<u8>,
}

/// A table of cells, the first line being headers.
struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// Writes the rows that `remarks` speak of, in the form the file came in.
///
/// # Errors
/// [`WriteError`]: the workbook could not be written.
pub fn write(sheet: &Sheet, remarks: &[Remark]) -> Result<File, WriteError> {
    let table = table(sheet, remarks);
    match sheet.delimiter {
        Some(delimiter) => Ok(delimited::write(&table, delimiter)),
        None => workbook::write(&table),
    }
}

fn table(sheet: &Sheet, remarks: &[Remark]) -> Table {
    let mut by_row: BTreeMap<u32, Vec<&Remark>> = BTreeMap::new();
    for remark in remarks {
        by_row.entry(remark.row).or_default().push(remark);
    }
    let kept: Vec<bool> = sheet.headers.iter().map(|header| column(header) != Column::Remark).collect();
    let own = |cells: &[Cell]| -> Vec<Cell> {
        let padded = cells.iter().cloned().chain(std::iter::repeat(Cell::Empty));
        padded.zip(&kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell).collect()
    };
    let headers =
        sheet.headers.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(header, _)| header.clone());
    let headers = headers.chain(REMARKS.map(str::to_owned)).collect();
    let rows = sheet.rows.iter().filter_map(|row| {
        let remarks = by_row.get(&row.number)?;
        let mut cells = own(&row.cells);
        cells.push(Cell::Text(sentences(sheet, remarks, |remark| &remark.en)));
        cells.push(Cell::Text(sentences(sheet, remarks, |remark| &remark.ar)));
        // What stands beyond the header stays beyond it, for the clerk to move.
        cells.extend(row.cells.iter().skip(kept.len()).cloned());
        Some(cells)
    });
    Table { headers, rows: rows.collect() }
}

fn sentences(sheet: &Sheet, remarks: &[&Remark], say: fn(&Remark) -> &str) -> String {
    let named = |remark: &&Remark| {
        let header = remark.column.checked_sub(1).and_then(|index| sheet.headers.get(index));
        header.map_or_else(|| say(remark).to_owned(), |header| format!("{header}: {}", say(remark)))
    };
    remarks.iter().map(named).collect::<Vec<_>>().join(" | ")
}
