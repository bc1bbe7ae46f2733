mod read;
mod write;

pub use read::{
    Bill, Page, Series, bill, by_number, cancelled_of, explanation, late, list, lock, reductions, series,
    to_tell, used_references,
};
pub use write::{Document, insert, put_off, save, told};
