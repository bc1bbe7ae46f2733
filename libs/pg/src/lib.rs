//! Postgres: a pool that refuses unsafe servers, a unit of work, and errors that say what is known.
//!
//! The pool itself is out of reach: whoever wants to write has a [`Tx`]. A [`Tx`] ends in one of three ways, and the
//! caller always knows which: committed, not committed, or [`Error::CommitUnknown`].

mod checks;
mod conn;
mod connect;
mod error;
mod migrate;
mod retry;
mod seats;
mod tx;

pub use conn::Conn;
pub use connect::{Options, Pg};
pub use error::{Error, exactly_one};
pub use retry::{MayRetry, retry};
pub use tx::{Seat, Tx};
