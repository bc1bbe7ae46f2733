//! Keys that sign heads.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use boot::Ids;
use ed25519_dalek::{
    SigningKey, VerifyingKey,
    pkcs8::{
        DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
        KeypairBytes, spki::der::pem::LineEnding,
    },
};
use sha2::{Digest as _, Sha256};

use crate::books::{BooksError, error::refused};

/// Which key signed: the first half of the SHA-256 of its public half, as hex digits.
pub fn id(key: &VerifyingKey) -> String {
    let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let (half, _) = digest.split_at(16);
    hex::encode(half)
}

/// A key pair that was made.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub private: PathBuf,
    pub public: PathBuf,
    pub key_id: String,
}

impl fmt::Display for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NewKey { private, public, key_id } = self;
        write!(f, "key {key_id}: private {}, public {}", private.display(), public.display())
    }
}

/// Makes a key pair: the private half in `out`, for its owner alone, and the public half beside it in `<out>.pub`.
///
/// # Errors
/// One of the files exists already, or cannot be written.
///
/// # Panics
/// When there is no randomness.
pub fn new_key(out: &Path, ids: &Ids) -> Result<NewKey, BooksError> {
    let mut public = out.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    for path in [out, &public] {
        if path.exists() {
            return refused(format!("{}: exists already, and a key is never replaced", path.display()));
        }
    }
    let key = SigningKey::from_bytes(&ids.bytes());
    // Without the public half in it: that form is what every tool reads.
    let private = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let private_pem = private.to_pkcs8_pem(LineEnding::LF).expect("an Ed25519 key has a PKCS 8 form");
    let public_pem =
        key.verifying_key().to_public_key_pem(LineEnding::LF).expect("an Ed25519 key has a SPKI form");
    write(out, 0o600, private_pem.as_bytes())?;
    write(&public, 0o644, public_pem.as_bytes())?;
    Ok(NewKey { private: out.to_owned(), public, key_id: id(&key.verifying_key()) })
}

fn write(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), BooksError> {
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = written.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(BooksError::file(path))
}

/// Reads a private key, PKCS 8 in PEM.
///
/// # Errors
/// The file cannot be read, or is no such key.
pub fn private(path: &Path) -> Result<SigningKey, BooksError> {
    let pem = fs::read_to_string(path).map_err(BooksError::file(path))?;
    SigningKey::from_pkcs8_pem(&pem).or_else(|error| {
        refused(format!(
            "{}: is no Ed25519 private key in PEM ({error}); `mizan ledger new-key` makes one",
            path.display()
        ))
    })
}

/// Reads a public key in PEM.
///
/// # Errors
/// As [`private`].
pub fn public(path: &Path) -> Result<VerifyingKey, BooksError> {
    let pem = fs::read_to_string(path).map_err(BooksError::file(path))?;
    VerifyingKey::from_public_key_pem(&pem)
        .or_else(|error| refused(format!("{}: is no Ed25519 public key in PEM ({error})", path.display())))
}
