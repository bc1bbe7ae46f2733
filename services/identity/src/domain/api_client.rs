//! An agency's program and its key.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use boot::Ids;
use ids::{AgencyId, ClientId};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::scope::Scope;

/// Begins every key of the sandbox, so that a scanner of leaked secrets knows it.
const PREFIX: &str = "mzn_test_";
/// 256 bits: nobody guesses one.
const KEY_BYTES: usize = 32;
/// A key is valid so long when nothing is said.
pub const DEFAULT_VALID_DAYS: i32 = 365;
/// And at most so long.
pub const MAX_VALID_DAYS: i32 = 730;

/// An agency's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    pub id: ClientId,
    pub agency: AgencyId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}

impl ApiClient {
    /// Does its key work at `now`?
    pub fn is_valid(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// The end of a validity of `days` from `now`; `None` for a number of days that is not allowed. 0 is the default.
pub fn expiry(days: i32, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let days = if days == 0 { DEFAULT_VALID_DAYS } else { days };
    (1..=MAX_VALID_DAYS).contains(&days).then(|| now.saturating_add(Duration::days(days.into())))
}

/// A new key. It is shown to its owner once and then forgotten here.
pub fn new_key(ids: &Ids) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(ids.bytes::<KEY_BYTES>()))
}

/// What is kept of a key. A plain SHA-256 is right for 256 random bits: there is no dictionary to slow down, and every
/// request has to be looked up by it.
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn keys_differ_and_tell_nothing_by_their_hash() {
        let ids = Ids::seeded(1);
        let (one, two) = (new_key(&ids), new_key(&ids));
        assert_ne!(one, two);
        assert!(one.starts_with("mzn_test_") && one.len() == PREFIX.len() + 43, "{one}");
        assert_ne!(hash(&one), hash(&two));
        assert_eq!(hash(&one), hash(&one));
    }

    #[test]
    fn validity_has_a_default_and_an_end() {
        let now = datetime!(2026-01-15 06:00 UTC);
        assert_eq!(expiry(0, now), Some(datetime!(2027-01-15 06:00 UTC)));
        assert_eq!(expiry(1, now), Some(datetime!(2026-01-16 06:00 UTC)));
        assert_eq!(expiry(-1, now), None);
        assert_eq!(expiry(731, now), None);
    }
}
