//! SSP, the serial protocol of note acceptors: frames, the host's commands, the acceptor's events.
//!
//! # Source
//! Innovative Technology, SSP Protocol Manual (GA138). Plain SSP of a note acceptor only: no encryption, no
//! recycler. The recycler's events CA and CB are left out: public sources disagree which is which.

mod command;
mod event;
mod frame;

pub use command::Command;
pub use event::{Event, parse_poll, write_poll};
pub use frame::{Frame, FrameError, SequenceBit, TooLong};

/// First byte of an answer: the command was understood.
pub const OK: u8 = 0xF0;

/// The data of a frame is not what should stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// There is no data, or it ends inside an event or command.
    #[error("the data ends too early")]
    Short,
    /// The acceptor did not answer OK but this.
    #[error("the acceptor answered {0:#04X} and not OK")]
    NotOk(u8),
    /// A command this codec does not know.
    #[error("unknown command {0:#04X}")]
    Command(u8),
}
