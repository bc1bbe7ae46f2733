use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Body, BodyError, CanonicalError, RecordType, canonical};

/// One line of a device's journal. The fields are in the order of their names, as they are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The device's clock, RFC 3339, as the device wrote it.
    pub at: String,
    /// What happened, as it was signed; read it by [`Record::read_body`].
    pub body: Map<String, Value>,
    /// Which start of the device wrote it.
    pub boot_id: String,
    /// The device.
    pub device_id: String,
    /// Which journal of the device; a new disk begins a new one. From 1.
    pub epoch: i64,
    /// Milliseconds since that start; not moved by clock changes.
    pub mono_ms: i64,
    /// Hash of the record before; of the first, [`genesis`].
    pub prev: Hash,
    /// Place in the epoch, from 1, without gaps.
    pub seq: i64,
    /// What kind of thing happened.
    #[serde(rename = "type")]
    pub kind: RecordType,
}

/// A record, its hash and the device's signature over the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What was signed.
    pub record: Record,
    /// What its device says the hash is.
    pub hash: Hash,
    /// Ed25519 over the 32 hash bytes.
    pub sig: Signature,
}

/// SHA-256, 64 lower-case hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// Ed25519, Base64url without padding as text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(pub [u8; 64]);

/// Why a record cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The hash is of something else.
    #[error("the hash is not that of the record")]
    Hash,
    /// The signature is not of this key, or of something else.
    #[error("the signature does not fit the device's key")]
    Signature,
    /// A text that should be a hash or a signature.
    #[error("`{0}` is neither a hash (64 hexadecimal digits) nor a signature (Base64url)")]
    Text(String),
}

/// What the first record of an epoch has as `prev`.
pub fn genesis(device_id: &str, epoch: i64) -> Hash {
    Hash(Sha256::digest(format!("mizan/journal/v1|{device_id}|{epoch}")).into())
}

impl Record {
    /// The one text of this record that is hashed.
    ///
    /// # Errors
    /// `Canonical` if a number in the body is not whole or too large.
    #[expect(clippy::missing_panics_doc, reason = "texts, integers and JSON always become JSON")]
    pub fn canonical(&self) -> Result<String, JournalError> {
        let value = serde_json::to_value(self).expect("a record is texts, integers and JSON");
        Ok(canonical(&value)?)
    }

    /// SHA-256 of the canonical text.
    ///
    /// # Errors
    /// As [`Self::canonical`].
    pub fn hash(&self) -> Result<Hash, JournalError> {
        Ok(Hash(Sha256::digest(self.canonical()?).into()))
    }

    /// Signs, as the device does.
    ///
    /// # Errors
    /// As [`Self::canonical`].
    pub fn sign(self, key: &SigningKey) -> Result<Signed, JournalError> {
        let hash = self.hash()?;
        let sig = Signature(key.sign(&hash.0).to_bytes());
        Ok(Signed { record: self, hash, sig })
    }

    /// What the record says, by its type.
    ///
    /// # Errors
    /// `BodyError`: signed, but not with the fields of its type.
    pub fn read_body(&self) -> Result<Body, BodyError> {
        Body::read(&self.kind, &self.body)
    }
}

impl Signed {
    /// Whether hash and signature fit. Place in the chain and whose key it is are the caller's to check.
    ///
    /// # Errors
    /// `Canonical`, `Hash`, `Signature`.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), JournalError> {
        if self.record.hash()? != self.hash {
            return Err(JournalError::Hash);
        }
        self.sig.verify(key, &self.hash.0)
    }
}

impl Signature {
    pub(super) fn verify(&self, key: &VerifyingKey, message: &[u8]) -> Result<(), JournalError> {
        let signature = ed25519_dalek::Signature::from_bytes(&self.0);
        key.verify_strict(message, &signature).ok().ok_or(JournalError::Signature)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, JournalError> {
        let refuse = || JournalError::Text(text.chars().take(100).collect());
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(refuse)?;
        // One spelling only: the text of `prev` is itself hashed.
        if text.bytes().any(|b| b.is_ascii_uppercase()) { Err(refuse()) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, JournalError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| JournalError::Text(text.chars().take(100).collect()))
    }
}

impl TryFrom<String> for Hash {
    type Error = JournalError;

    fn try_from(text: String) -> Result<Self, JournalError> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Signature {
    type Error = JournalError;

    fn try_from(text: String) -> Result<Self, JournalError> {
        text.parse()
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../vectors/device_journal.json")).unwrap()
    }

    /// The device of the vectors: its secret is 32 times 1.
    fn device() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn signed() -> Vec<(Signed, String)> {
        let vectors = vectors();
        let records = vectors["records"].as_array().unwrap();
        assert_eq!(records.len(), 5);
        records
            .iter()
            .map(|case| {
                let mut signed = case.clone();
                let canonical = signed.as_object_mut().unwrap().remove("canonical").unwrap();
                (serde_json::from_value(signed).unwrap(), canonical.as_str().unwrap().to_owned())
            })
            .collect()
    }

    #[test]
    fn the_vectors_are_hashed_signed_and_verified_as_one_chain() {
        let public = URL_SAFE_NO_PAD.encode(device().verifying_key().as_bytes());
        assert_eq!(public, vectors()["device_public_key"].as_str().unwrap());
        let mut head = genesis("KSK-0042", 1);
        assert_eq!(head.to_string(), vectors()["genesis"].as_str().unwrap());
        for (signed, canonical) in signed() {
            assert_eq!(signed.record.canonical().unwrap(), canonical);
            assert_eq!(signed.record.prev, head);
            assert_eq!(signed.verify(&device().verifying_key()), Ok(()));
            assert_eq!(signed.record.clone().sign(&device()).unwrap(), signed);
            head = signed.hash;
        }
    }

    #[test]
    fn bodies_of_the_vectors_are_typed() {
        for (signed, _) in signed() {
            let body = signed.record.read_body().unwrap();
            assert!(!matches!(body, Body::Other(..)), "{}", signed.record.kind);
            assert_eq!((body.kind(), body.to_fields()), (signed.record.kind, signed.record.body));
        }
    }

    #[test]
    fn whatever_is_changed_the_record_is_not_believed() {
        let key = device().verifying_key();
        let (good, _) = signed().remove(2);
        let mut more = good.clone();
        more.record.body.insert("denom_fils".into(), 20_000.into());
        assert_eq!(more.verify(&key), Err(JournalError::Hash));
        more.hash = more.record.hash().unwrap();
        assert_eq!(more.verify(&key), Err(JournalError::Signature));
        let mut extra = good.clone();
        extra.record.body.insert("shade".into(), "blue".into());
        assert_eq!(extra.verify(&key), Err(JournalError::Hash));
        let other = SigningKey::from_bytes(&[2; 32]).verifying_key();
        assert_eq!(good.verify(&other), Err(JournalError::Signature));
        let mut float = good;
        float.record.body.insert("denom_fils".into(), 5000.5.into());
        assert!(matches!(float.verify(&key), Err(JournalError::Canonical(_))));
    }

    #[test]
    fn a_record_has_no_field_that_is_not_signed() {
        let mut value = serde_json::to_value(&signed()[0].0).unwrap();
        value["record"]["note"] = "x".into();
        assert!(serde_json::from_value::<Signed>(value).is_err());
    }

    #[test]
    fn hashes_and_signatures_have_one_spelling() {
        let hash = genesis("K", 1).to_string();
        assert!(hash.parse::<Hash>().is_ok());
        for bad in ["", "00", &hash.to_uppercase(), &format!("{hash}00")] {
            assert!(bad.parse::<Hash>().is_err(), "{bad}");
        }
        for bad in ["", "AAAA", &format!("{}==", Signature([0; 64]))] {
            assert!(bad.parse::<Signature>().is_err(), "{bad}");
        }
    }
}
