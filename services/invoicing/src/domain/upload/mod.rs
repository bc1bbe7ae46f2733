//! A clerk's file: what kind it is, its cells, and how far it came.

mod archive;
mod cell;
mod delimited;
mod encoding;
pub mod header;
mod kind;
mod record;
mod refusal;
mod state;
mod workbook;

pub(crate) use cell::starts_formula;
pub use cell::{Cell, Row, Sheet};
pub use record::{Upload, file_name};
pub use refusal::Refusal;
pub use state::{State, WrongState, arrows, issue};
pub use workbook::date_of_serial;

use kind::Kind;

/// Data rows a file may have. More are several files.
pub const MAX_ROWS: usize = 100_000;

/// Columns that are read; a bill needs about ten.
pub const MAX_COLUMNS: usize = 40;

/// Reads a file by what is in it, whatever its name says.
///
/// # Errors
/// [`Refusal`]: the whole file is refused.
pub fn read(bytes: &[u8]) -> Result<Sheet, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    match kind::of(bytes) {
        Kind::Zip => {
            archive::check(bytes)?;
            workbook::read(bytes)
        }
        Kind::Other(looks_like) => Err(Refusal::TypeUnknown { looks_like }),
        Kind::Text => {
            let decoded = encoding::decode(bytes)?;
            delimited::read(&decoded.text, decoded.encoding)
        }
    }
}
