//! A clerk's file: what kind it is, its rows, and how far it came.
//!
//! A file is read twice, row by row, and never held whole: once to see that it is a table of bills at all, once to judge its
//! rows. Only a workbook stays in memory while it is read, packed, because it begins at its end.

mod archive;
mod cell;
mod delimited;
mod encoding;
pub mod header;
mod kind;
pub mod part;
mod record;
mod refusal;
mod state;
pub mod template;
mod workbook;

use std::io::Read;

pub(crate) use cell::starts_formula;
pub use cell::{Cell, Row};
pub use encoding::{Detector, Reading, Text};
pub use record::{Counts, Upload, file_name};
pub use refusal::Refusal;
pub use state::{Command, State, When, WrongState, arrows, step};
pub use workbook::date_of_serial;

use kind::Kind;

/// Data rows a file may have. More are several files.
pub const MAX_ROWS: i32 = 1_000_000;

/// Columns that are read; a bill needs about ten.
pub const MAX_COLUMNS: usize = 40;

/// Takes a row, or ends the reading.
pub type Rows<'a> = dyn FnMut(Row) -> Result<(), Refusal> + 'a;

/// How a table is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// `,`, `;` or a tab; none for XLSX.
    pub delimiter: Option<char>,
    /// Names of columns, as the clerk wrote them.
    pub headers: Vec<String>,
}

/// What kind of file it is, once all of its bytes were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Workbook,
    Text { reading: Reading, form: Form },
}

/// Looks at a file as it arrives.
pub enum Look {
    Workbook,
    /// With the start of its text.
    Text {
        detector: Detector,
        first: Vec<u8>,
    },
}

impl Look {
    /// Begins with the first piece, which is the whole file or at least some kilobytes; feed it afterwards.
    ///
    /// # Errors
    /// `Empty`, `TypeUnknown`, `EncodingUnknown`.
    pub fn begin(first: &[u8]) -> Result<Look, Refusal> {
        if first.is_empty() {
            return Err(Refusal::Empty);
        }
        match kind::of(first) {
            Kind::Zip => Ok(Look::Workbook),
            Kind::Other(looks_like) => Err(Refusal::TypeUnknown { looks_like }),
            Kind::Text => Ok(Look::Text { detector: Detector::begin(first)?, first: first.to_vec() }),
        }
    }

    /// The next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        match self {
            Look::Workbook => {}
            Look::Text { detector, .. } => detector.feed(piece),
        }
    }

    /// What it is.
    ///
    /// # Errors
    /// `Empty`, `EncodingUnknown`, `HeaderMissing`.
    pub fn finish(self) -> Result<Source, Refusal> {
        match self {
            Look::Workbook => Ok(Source::Workbook),
            Look::Text { detector, first } => {
                let reading = detector.finish()?;
                let form = delimited::form(&Text::of(reading).next(&first))?;
                Ok(Source::Text { reading, form })
            }
        }
    }
}

impl Source {
    /// The word for people: `UTF-16LE with BOM`, `Windows-1256`, `XLSX`.
    pub fn encoding(&self) -> &'static str {
        match self {
            Source::Workbook => "XLSX",
            Source::Text { reading, .. } => reading.name,
        }
    }
}

/// Reads the rows of a text, which is UTF-8 by now.
///
/// # Errors
/// As `rows` does.
pub fn read_text(text: impl Read, form: &Form, rows: &mut Rows<'_>) -> Result<(), Refusal> {
    delimited::read(text, form.delimiter.unwrap_or(','), rows)
}

/// Reads the rows of a workbook.
///
/// # Errors
/// `ArchiveSuspicious`, `TypeUnknown`, `HeaderMissing`; as `rows` does.
pub fn read_workbook(bytes: &[u8], rows: &mut Rows<'_>) -> Result<Form, Refusal> {
    archive::check(bytes)?;
    workbook::read(bytes, rows)
}
