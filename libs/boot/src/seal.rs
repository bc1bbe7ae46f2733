//! Personal data at rest: a key per person, wrapped by the master key. Destroying a person's wrapped key
//! erases the person; the books stay.

use std::{fmt, path::Path, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::Engine as _;
use zeroize::Zeroizing;

use crate::{Ids, StartError};

/// The first byte of everything sealed: AES-256-GCM, random 12-byte nonce, tag at the end.
const VERSION: u8 = 1;
/// Bound into every wrapped key, so that a wrapped key cannot pass for sealed data or the other way round.
const WRAP: &[u8] = b"mizan data key";

type KeyBytes = Zeroizing<[u8; 32]>;

/// Why something sealed did not open. It says nothing about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not written by this library, or by a newer one.
    #[error("sealed data has an unknown version or is too short")]
    Version,
    /// Wrong key, wrong context or changed bytes.
    #[error("sealed data does not open with this key and context")]
    Refused,
}

/// The key that wraps data keys and makes blind indexes. It never touches data itself.
#[derive(Clone)]
pub struct MasterKey(Arc<KeyBytes>);

/// The key of one person's data. Gone from memory when dropped.
pub struct DataKey(KeyBytes);

impl MasterKey {
    /// A key from its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> MasterKey {
        MasterKey(Arc::new(Zeroizing::new(bytes)))
    }

    /// The key in a file: 32 bytes in base64, or raw. `setting` is the setting that names the file.
    ///
    /// # Errors
    /// [`StartError::Setting`] when the file cannot be read or holds no such key.
    pub fn from_file(setting: &str, path: &Path) -> Result<MasterKey, StartError> {
        let todo = "name a file with 32 random bytes in base64: openssl rand -base64 32";
        let at = path.display();
        let content = Zeroizing::new(
            std::fs::read(path)
                .map_err(|error| StartError::setting(setting, format!("cannot read {at}: {error}"), todo))?,
        );
        let text = content.trim_ascii();
        let decoded = base64::engine::general_purpose::STANDARD.decode(text).map(Zeroizing::new);
        let bytes = match &decoded {
            Ok(bytes) if bytes.len() == 32 => bytes.as_slice(),
            Ok(_) | Err(_) => content.as_slice(),
        };
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) => Ok(MasterKey::from_bytes(bytes)),
            Err(_) => {
                Err(StartError::setting(setting, format!("{at} does not hold a key of 32 bytes"), todo))
            }
        }
    }

    /// A fresh key for one person.
    pub fn new_data_key(&self, ids: &Ids) -> DataKey {
        DataKey(Zeroizing::new(ids.bytes()))
    }

    /// The data key as it may be stored.
    pub fn wrap(&self, key: &DataKey) -> Vec<u8> {
        seal(&self.0, key.0.as_slice(), WRAP)
    }

    /// The data key that [`MasterKey::wrap`] stored.
    ///
    /// # Errors
    /// [`Error`]: it was wrapped by another master key, or changed.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<DataKey, Error> {
        let bytes = Zeroizing::new(open(&self.0, wrapped, WRAP)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).ok().ok_or(Error::Refused)?;
        Ok(DataKey(Zeroizing::new(bytes)))
    }

    /// A keyed hash that finds an exact `value` again without storing it. `label` keeps the indexes of
    /// different fields apart: `b"cpr"`, `b"phone"`.
    pub fn blind_index(&self, label: &[u8], value: impl AsRef<[u8]>) -> [u8; 32] {
        // A key of its own: the master key is an AES key and is not used for two algorithms.
        let derived = mac(self.0.as_slice(), &[b"mizan blind index", label]);
        mac(&derived, &[value.as_ref()])
    }
}

impl DataKey {
    /// `plain`, encrypted. `context` (table, column, owner) must be the same when it is opened.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Vec<u8> {
        seal(&self.0, plain, context)
    }

    /// What was sealed.
    ///
    /// # Errors
    /// [`Error`]: wrong key or context, or changed bytes.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Error> {
        open(&self.0, sealed, context)
    }
}

fn cipher(key: &KeyBytes) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("the key has 32 bytes by its type");
    LessSafeKey::new(key)
}

fn seal(key: &KeyBytes, plain: &[u8], context: &[u8]) -> Vec<u8> {
    // Straight from the system, never from seeded Ids: a nonce that repeats gives the key away.
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).expect("the operating system gives randomness");
    let mut body = plain.to_vec();
    cipher(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
        .expect("personal data is far below the 64 GB that AES-GCM takes");
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.append(&mut body);
    sealed
}

fn open(key: &KeyBytes, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Error> {
    let (version, rest) = sealed.split_first().ok_or(Error::Version)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Error::Version)?;
    if *version != VERSION {
        return Err(Error::Version);
    }
    let mut body = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length =
        cipher(key).open_in_place(nonce, Aad::from(context), &mut body).ok().ok_or(Error::Refused)?.len();
    body.truncate(length);
    Ok(body)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        // The length in front keeps ("ab", "c") and ("a", "bc") apart.
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.sign().as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_data_opens_with_its_own_key_and_context_only() {
        let master = MasterKey::from_bytes([7; 32]);
        let key = master.new_data_key(&Ids::seeded(1));
        let sealed = key.seal("سارة".as_bytes(), b"contact.name");
        assert!(!sealed.windows(4).any(|part| part == &"سارة".as_bytes()[..4]));
        assert_ne!(sealed, key.seal("سارة".as_bytes(), b"contact.name"), "a fresh nonce each time");

        let again = master.unwrap(&master.wrap(&key)).unwrap();
        assert_eq!(again.open(&sealed, b"contact.name").unwrap(), "سارة".as_bytes());
        assert_eq!(again.open(&sealed, b"contact.phone"), Err(Error::Refused));
        assert_eq!(master.new_data_key(&Ids::seeded(2)).open(&sealed, b"contact.name"), Err(Error::Refused));
    }

    #[test]
    fn a_change_of_any_byte_is_refused() {
        let key = MasterKey::from_bytes([7; 32]).new_data_key(&Ids::random());
        let sealed = key.seal(b"900101123", b"cpr");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&changed, b"cpr").is_err(), "byte {at}");
            assert!(key.open(&sealed[..at], b"cpr").is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_wrapped_key_opens_with_its_master_only() {
        let master = MasterKey::from_bytes([7; 32]);
        let wrapped = master.wrap(&master.new_data_key(&Ids::random()));
        assert_eq!(MasterKey::from_bytes([8; 32]).unwrap(&wrapped).unwrap_err(), Error::Refused);
    }

    #[test]
    fn a_blind_index_finds_the_same_value_of_the_same_field() {
        let master = MasterKey::from_bytes([7; 32]);
        let index = master.blind_index(b"cpr", "900101123");
        assert_eq!(index, master.blind_index(b"cpr", "900101123"));
        assert_ne!(index, master.blind_index(b"cpr", "900101124"));
        assert_ne!(index, master.blind_index(b"phone", "900101123"));
        assert_ne!(index, MasterKey::from_bytes([8; 32]).blind_index(b"cpr", "900101123"));
    }

    #[test]
    fn a_key_file_is_base64_or_raw_and_anything_else_is_one_clear_line() {
        let file = std::env::temp_dir().join(format!("mizan-master-{}", std::process::id()));
        let expected = MasterKey::from_bytes([7; 32]).blind_index(b"x", "y");
        for content in [vec![7; 32], b"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n".to_vec()] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(MasterKey::from_file("X", &file).unwrap().blind_index(b"x", "y"), expected);
        }
        std::fs::write(&file, "short").unwrap();
        let line = MasterKey::from_file("MIZAN_X_MASTER_KEY_FILE", &file).unwrap_err().to_string();
        assert!(line.contains("MIZAN_X_MASTER_KEY_FILE") && line.contains("openssl"), "{line}");
        std::fs::remove_file(&file).unwrap();
    }
}
