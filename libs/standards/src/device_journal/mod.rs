//! The journal of a kiosk: signed records, each holding the hash of the one before. The only way cash enters
//! the books, so a record is judged by exactly the fields the device signed.
//!
//! # Source
//! Mizan's own, version 1. Canonical JSON: RFC 8785. Signatures: Ed25519 (RFC 8032), over the 32 hash bytes.

mod body;
mod canonical;
mod receipt;
mod record;

pub use body::{
    Body, BodyError, Cash, CashKind, CashResolved, CashStacked, DeviceBooted, JournalEpoch, Outcome,
    ReceiptPrinted, RecordType, SessionCommitted, SessionEnded, SessionOpened,
};
pub use canonical::{CanonicalError, canonical};
/// The device's own key, and what others know of it.
pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use receipt::{ReceiptError, ReceiptLine, UnverifiedReceipt};
pub use record::{Hash, JournalError, Record, Signature, Signed, genesis};
