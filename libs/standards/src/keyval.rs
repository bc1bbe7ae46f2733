//! The KEYVAL signature of BenefitPay: `key="value"` pairs, HMAC-SHA256, Base64.
//!
//! # Source
//! A guess, named as one: read from public integrations; the official text is open to members only. What we
//! think of it stands here and nowhere else.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Fields that are sent but not signed.
const UNSIGNED: [&str; 3] = ["lang", "hashedString", "secure_hash"];

/// The signature is missing, malformed or of other fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the KEYVAL signature does not fit the fields")]
pub struct BadSignature;

/// The text that is signed: values trimmed, sorted by key, `key="value"` joined by commas.
pub fn signed_text<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let signed: BTreeMap<&str, &str> =
        fields.into_iter().filter(|(key, _)| !UNSIGNED.contains(key)).collect();
    let pairs: Vec<String> =
        signed.iter().map(|(key, value)| format!("{key}=\"{}\"", value.trim())).collect();
    pairs.join(",")
}

/// The signature of `fields`, in Base64: the header `X-FOO-Signature` or the field `secure_hash`.
pub fn sign<'a>(secret: &[u8], fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    STANDARD.encode(mac(secret, &signed_text(fields)).finalize().into_bytes())
}

/// Checks `signature` in constant time.
///
/// # Errors
/// `BadSignature`.
pub fn verify<'a>(
    secret: &[u8],
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    signature: &str,
) -> Result<(), BadSignature> {
    let given = STANDARD.decode(signature).ok().ok_or(BadSignature)?;
    mac(secret, &signed_text(fields)).verify_slice(&given).ok().ok_or(BadSignature)
}

fn mac(secret: &[u8], text: &str) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length").chain_update(text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_vectors_are_signed_and_verified() {
        let vectors: Value = serde_json::from_str(include_str!("../vectors/wallet_signatures.json")).unwrap();
        for case in vectors["keyval"].as_array().unwrap() {
            let fields =
                || case["fields"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap()));
            let secret = case["secret"].as_str().unwrap().as_bytes();
            let signature = case["signature"].as_str().unwrap();
            assert_eq!(signed_text(fields()), case["signed_text"].as_str().unwrap());
            assert_eq!(sign(secret, fields()), signature);
            assert_eq!(verify(secret, fields(), signature), Ok(()));
            assert_eq!(verify(b"other", fields(), signature), Err(BadSignature));
            assert_eq!(verify(secret, fields().skip(1), signature), Err(BadSignature));
            assert_eq!(verify(secret, fields(), "x"), Err(BadSignature));
        }
    }

    #[test]
    fn values_are_trimmed_and_unsigned_fields_dropped() {
        let fields = [("b", " 2 "), ("a", "1"), ("lang", "ar"), ("secure_hash", "x"), ("hashedString", "y")];
        assert_eq!(signed_text(fields), "a=\"1\",b=\"2\"");
    }
}
