//! Webhook signatures: `v1`, HMAC-SHA256 over `<id>.<timestamp>.<body>`.
//!
//! # Source
//! Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks, spec).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the sender's clock may be from ours, in seconds, either way.
pub const TOLERANCE_S: i64 = 300;

const PREFIX: &str = "whsec_";

/// A secret that an endpoint and we share. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// What comes in the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// The message: the same for each retry.
    pub id: &'a str,
    /// When this attempt was sent, in seconds since 1970.
    pub timestamp: &'a str,
    /// Signatures with their scheme, separated by spaces.
    pub signature: &'a str,
}

/// Not `whsec_` and 24 to 64 bytes in Base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` and 24 to 64 bytes in Base64")]
pub struct BadSecret;

/// Why a message is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The timestamp is not a whole number of seconds.
    #[error("webhook-timestamp is not a whole number of seconds")]
    Timestamp,
    /// Sent more than five minutes ago: perhaps a replay.
    #[error("webhook-timestamp is too old; compare the clocks")]
    TooOld,
    /// More than five minutes ahead of us.
    #[error("webhook-timestamp is in the future; compare the clocks")]
    TooNew,
    /// No `v1` signature in the list fits one of the secrets.
    #[error("no v1 signature fits; check the secret and that the body is the raw one")]
    Signature,
}

impl Secret {
    /// A secret of these random bytes; 32 are a good number.
    ///
    /// # Errors
    /// `BadSecret` unless there are 24 to 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadSecret> {
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes.to_vec())) } else { Err(BadSecret) }
    }

    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// `BadSecret`.
    pub fn from_text(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        Self::from_bytes(&STANDARD.decode(encoded).ok().ok_or(BadSecret)?)
    }

    /// `whsec_…`, to be shown to its owner once.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The bytes themselves, to be sealed before they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("HMAC takes a key of any length")
            .chain_update(id)
            .chain_update(".")
            .chain_update(timestamp)
            .chain_update(".")
            .chain_update(body)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The value of `webhook-signature`: one signature a secret, so that old and new both fit while keys rotate.
/// `id` must have no full stop: it is the separator of what is signed.
pub fn sign(secrets: &[Secret], id: &str, timestamp_unix_s: i64, body: &[u8]) -> String {
    let timestamp = timestamp_unix_s.to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| secret.mac(id, &timestamp, body).finalize().into_bytes())
        .map(|bytes| format!("v1,{}", STANDARD.encode(bytes)))
        .collect();
    signatures.join(" ")
}

/// Checks a received message: its age first, then whether any `v1` signature fits any of `secrets`, in constant
/// time. Other schemes in the list are passed over.
///
/// # Errors
/// A [`Refused`].
pub fn verify(secrets: &[Secret], headers: Headers<'_>, body: &[u8], now_unix_s: i64) -> Result<(), Refused> {
    let sent: i64 = headers.timestamp.parse().ok().ok_or(Refused::Timestamp)?;
    if sent < now_unix_s.saturating_sub(TOLERANCE_S) {
        return Err(Refused::TooOld);
    }
    if sent > now_unix_s.saturating_add(TOLERANCE_S) {
        return Err(Refused::TooNew);
    }
    let fits = headers
        .signature
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|given| {
            secrets
                .iter()
                .any(|secret| secret.mac(headers.id, headers.timestamp, body).verify_slice(&given).is_ok())
        });
    if fits { Ok(()) } else { Err(Refused::Signature) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    struct Case {
        secret: Secret,
        id: String,
        timestamp: i64,
        body: String,
        v1: String,
        v1a: String,
    }

    fn case() -> Case {
        let v: Value = serde_json::from_str(include_str!("../vectors/webhooks.json")).unwrap();
        let text = |name: &str| v[name].as_str().unwrap().to_owned();
        Case {
            secret: Secret::from_text(&text("secret")).unwrap(),
            id: text("id"),
            timestamp: v["timestamp"].as_i64().unwrap(),
            body: text("body"),
            v1: text("v1"),
            v1a: text("v1a"),
        }
    }

    fn check(case: &Case, secrets: &[Secret], signature: &str, now: i64) -> Result<(), Refused> {
        let timestamp = case.timestamp.to_string();
        let headers = Headers { id: &case.id, timestamp: &timestamp, signature };
        verify(secrets, headers, case.body.as_bytes(), now)
    }

    #[test]
    fn the_vector_is_signed_and_verified() {
        let c = case();
        let one = [c.secret.clone()];
        assert_eq!(sign(&one, &c.id, c.timestamp, c.body.as_bytes()), c.v1);
        assert_eq!(check(&c, &one, &c.v1, c.timestamp), Ok(()));
        assert_eq!(check(&c, &one, &format!("{} {}", c.v1a, c.v1), c.timestamp), Ok(()));
    }

    #[test]
    fn old_and_new_secret_both_fit_while_they_rotate() {
        let c = case();
        let new = Secret::from_bytes(&[7; 32]).unwrap();
        let both = sign(&[new.clone(), c.secret.clone()], &c.id, c.timestamp, c.body.as_bytes());
        for knows in [[new.clone()], [c.secret.clone()]] {
            assert_eq!(check(&c, &knows, &both, c.timestamp), Ok(()));
        }
        assert_eq!(check(&c, &[new, c.secret.clone()], &c.v1, c.timestamp), Ok(()));
    }

    #[test]
    fn five_minutes_either_way_and_no_more() {
        let c = case();
        let one = [c.secret.clone()];
        for (now, expected) in [
            (c.timestamp + 300, Ok(())),
            (c.timestamp + 301, Err(Refused::TooOld)),
            (c.timestamp - 300, Ok(())),
            (c.timestamp - 301, Err(Refused::TooNew)),
        ] {
            assert_eq!(check(&c, &one, &c.v1, now), expected);
        }
        let headers = Headers { id: &c.id, timestamp: "soon", signature: &c.v1 };
        assert_eq!(verify(&one, headers, c.body.as_bytes(), c.timestamp), Err(Refused::Timestamp));
    }

    #[test]
    fn anything_changed_is_refused() {
        let c = case();
        let one = [c.secret.clone()];
        let other = [Secret::from_bytes(&[7; 32]).unwrap()];
        assert_eq!(check(&c, &other, &c.v1, c.timestamp), Err(Refused::Signature));
        for signature in ["", "v1,", "v1,AAAA", &c.v1a, &c.v1.replace("v1,", "v2,")] {
            assert_eq!(check(&c, &one, signature, c.timestamp), Err(Refused::Signature), "{signature}");
        }
        let changed = Case { body: c.body.replace("5.250", "5.251"), ..case() };
        assert_eq!(check(&changed, &one, &c.v1, c.timestamp), Err(Refused::Signature));
        let renamed = Case { id: "msg_other".into(), ..case() };
        assert_eq!(check(&renamed, &one, &c.v1, c.timestamp), Err(Refused::Signature));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes_and_is_not_shown() {
        let c = case();
        assert_eq!(Secret::from_text(&c.secret.to_text()), Ok(c.secret.clone()));
        for bad in ["", "whsec_", "whsec_AAAA", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="] {
            assert_eq!(Secret::from_text(bad), Err(BadSecret), "{bad}");
        }
        assert_eq!(format!("{:?}", c.secret), "Secret(…)");
    }
}
