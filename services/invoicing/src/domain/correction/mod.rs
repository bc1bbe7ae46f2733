//! The rows at fault, back to the clerk: their own columns, and beside them what is wrong. The file can be corrected and
//! uploaded as it is.

mod delimited;
mod workbook;

use super::upload::header::{Column, REMARKS, column};
use super::upload::{Cell, Row};

pub use delimited::line;
pub use workbook::{WriteError, write};

/// What is wrong with one cell, in words.
#[derive(Clone, Debug)]
pub struct Remark {
    pub row: u32,
    /// From 1.
    pub column: usize,
    pub en: String,
    pub ar: String,
}

/// The columns of corrections: the clerk's own without our earlier remarks, then our remarks.
#[derive(Clone, Debug)]
pub struct Columns {
    headers: Vec<String>,
    kept: Vec<bool>,
}

impl Columns {
    pub fn of(headers: &[String]) -> Columns {
        let kept = headers.iter().map(|header| column(header) != Column::Remark).collect();
        Columns { headers: headers.to_vec(), kept }
    }

    /// The first line.
    pub fn head(&self) -> Vec<Cell> {
        let own =
            self.headers.iter().zip(&self.kept).filter(|(_, kept)| **kept).map(|(header, _)| header.as_str());
        own.chain(REMARKS).map(|header| Cell::Text(header.to_owned())).collect()
    }

    /// The line of a row at fault. What stands beyond the header stays beyond it, for the clerk to move.
    pub fn line(&self, row: Row, remarks: &[Remark]) -> Vec<Cell> {
        let mut cells = row.cells;
        let beyond =
            if cells.len() > self.kept.len() { cells.split_off(self.kept.len()) } else { Vec::new() };
        cells.resize(self.kept.len(), Cell::Empty);
        let own = cells.into_iter().zip(&self.kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell);
        let mut line: Vec<Cell> = own.collect();
        line.push(Cell::Text(self.sentences(remarks, |remark| &remark.en)));
        line.push(Cell::Text(self.sentences(remarks, |remark| &remark.ar)));
        line.extend(beyond);
        line
    }

    fn sentences(&self, remarks: &[Remark], say: fn(&Remark) -> &str) -> String {
        let named = |remark: &Remark| {
            let header = remark.column.checked_sub(1).and_then(|index| self.headers.get(index));
            header.map_or_else(|| say(remark).to_owned(), |header| format!("{header}: {}", say(remark)))
        };
        remarks.iter().map(named).collect::<Vec<_>>().join(" | ")
    }
}
