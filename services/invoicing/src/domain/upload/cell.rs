//! Cells as a file has them, before anybody judges them.

use std::borrow::Cow;

use time::Date;

/// The words by which spreadsheets say that a formula failed; in a CSV they are plain text.
const ERROR_WORDS: [&str; 9] =
    ["#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!"];

/// One cell. `Debug` shows its kind only: it may name a person.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Cell {
    Empty,
    Text(String),
    /// A number of a spreadsheet in plain decimal notation: `60139966`, `12.5`.
    Number(String),
    /// A date of a spreadsheet.
    Date(Date),
    /// What a formula left when it failed.
    Error(String),
}

/// A record of the file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Row {
    /// As the clerk's spreadsheet numbers it; the header is 1.
    pub number: u32,
    pub cells: Vec<Cell>,
}

impl Cell {
    /// A cell of a text file, without the apostrophe our corrections put before what a spreadsheet would calculate.
    pub fn from_text(text: &str) -> Cell {
        let text = match text.strip_prefix('\'') {
            Some(rest) if starts_formula(rest) => rest,
            Some(_) | None => text,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            Cell::Empty
        } else if ERROR_WORDS.contains(&trimmed) {
            Cell::Error(trimmed.to_owned())
        } else {
            Cell::Text(text.to_owned())
        }
    }

    /// What a person sees in the cell.
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Cell::Empty => Cow::Borrowed(""),
            Cell::Text(text) | Cell::Number(text) | Cell::Error(text) => Cow::Borrowed(text),
            Cell::Date(date) => Cow::Owned(date.to_string()),
        }
    }

    /// Nothing in it.
    pub fn is_empty(&self) -> bool {
        matches!(self, Cell::Empty)
    }

    /// A card number stands in it.
    pub fn has_card_number(&self) -> bool {
        match self {
            Cell::Text(text) | Cell::Number(text) => standards::references::contains_card_number(text),
            Cell::Empty | Cell::Date(_) | Cell::Error(_) => false,
        }
    }

    /// The same cell with every digit hidden.
    #[must_use]
    pub fn without_digits(&self) -> Cell {
        let hidden = self.shown().chars().map(|c| if c.is_numeric() { '*' } else { c }).collect();
        Cell::Text(hidden)
    }
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Cell::Empty => "Empty",
            Cell::Text(_) => "Text(…)",
            Cell::Number(_) => "Number(…)",
            Cell::Date(_) => "Date(…)",
            Cell::Error(_) => "Error(…)",
        })
    }
}

/// What a spreadsheet takes for a formula.
pub(crate) fn starts_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_apostrophe_is_taken_off_and_no_other() {
        assert_eq!(Cell::from_text("'+973 1").shown(), "+973 1");
        assert_eq!(Cell::from_text("'Abd").shown(), "'Abd");
        assert_eq!(Cell::from_text(" \u{A0}"), Cell::Empty);
        assert_eq!(Cell::from_text("#N/A"), Cell::Error("#N/A".into()));
    }
}
