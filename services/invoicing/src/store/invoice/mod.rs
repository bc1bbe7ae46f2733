mod read;
mod write;

pub use read::{
    Bill, FIRST, LateInvoice, Page, bill, by_number, cancelled_of, ended, late, list, lock, reductions,
    to_tell, used_references,
};
pub use write::{Document, insert, put_off, save, told};
