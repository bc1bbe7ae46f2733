mod read;
mod write;

pub use read::{Bill, Page, bill, by_number, list, lock, reductions, series, used_references};
pub use write::{Document, insert, save};
