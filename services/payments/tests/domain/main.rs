//! What the domain decides, pair by pair, written down from what its words mean. No database, no clock: the test of each
//! mutant of these sources (`make mutants`) takes as long as this does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adjustment;
mod attempt;
mod command;
mod credit;
mod decide;
mod dispute;
mod given;
mod hold;
mod inquiry;
mod journal;
mod mutants;
mod needs;
mod payment;
mod receivable;
mod refund;
mod share;
mod table;
mod world;
