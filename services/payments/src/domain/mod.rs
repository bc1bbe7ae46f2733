//! What money does, as pure functions: the same code runs in the service, in its tests and in a simulator.
//!
//! A noun has its own file, with its states and its `step`. [`decide`] brings the nouns of one command together: it reads
//! a [`World`] and answers with [`Changes`], or with a [`Refusal`] and nothing.

pub mod adjustment;
pub mod attempt;
pub mod case;
pub mod channel;
pub mod command;
pub mod credit;
pub mod decide;
pub mod dispute;
pub mod graph;
pub mod inquiry;
pub mod journal;
pub mod needs;
pub mod payment;
pub mod receivable;
pub mod refund;
mod refusal;
pub mod share;
pub mod world;

pub use command::Command;
pub use decide::{Moment, Reply, decide};
pub use refusal::Refusal;
pub use world::{Changes, World};
