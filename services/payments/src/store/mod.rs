//! SQL, a file a table. Every function takes a transaction; rows become domain values by checked conversion.

pub mod adjustment;
pub mod attempt;
pub mod batch;
pub mod case;
pub mod cash;
pub mod channel;
pub mod credit;
pub mod day;
pub mod dispute;
pub mod idempotency;
pub mod journal;
pub mod lane;
pub mod ledger;
pub mod payment;
pub mod receivable;
pub mod refund;
mod share;
pub mod work;

use crate::Error;

/// A row that no code of ours wrote.
fn corrupt(table: &'static str, id: uuid::Uuid) -> Error {
    Error::Corrupt { table, id: id.to_string() }
}

/// All rows of a set-based write must have been what was read.
fn all_written(written: u64, wanted: usize, table: &'static str) -> Result<(), pg::Error> {
    if u64::try_from(wanted).is_ok_and(|wanted| wanted == written) {
        Ok(())
    } else {
        Err(pg::Error::Conflict { table })
    }
}
