//! Signed daily heads. They are kept outside the database, so that whoever can change all of it still cannot change a day that
//! is over.

mod check;
mod file;
mod head;
mod key;
mod sign;
mod sum;

use std::path::PathBuf;

use ed25519_dalek::VerifyingKey;

use super::BooksError;

pub(super) use check::{Matches, chain_of, first_missing};
pub(super) use file::{Found, read_all};
pub use head::{Head, LaneEnd};
pub use key::{NewKey, new_key};
pub use sign::{Sign, Signed, sign_heads};

/// Where heads are, and whose signature they must bear.
#[derive(Clone, Debug)]
pub struct SignedHeads {
    pub dir: PathBuf,
    /// Public keys in PEM: today's, and those before it.
    pub public_keys: Vec<PathBuf>,
}

/// Reads public keys.
pub(super) fn public_keys(paths: &[PathBuf]) -> Result<Vec<VerifyingKey>, BooksError> {
    paths.iter().map(|path| key::public(path)).collect()
}
