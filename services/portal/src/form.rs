//! Forms that only our own pages can have made, and that act once. A form carries the idempotency key of its payment:
//! pressed twice, it is one payment. Its token binds the key to the bill and to the browser's cookie.
use std::path::PathBuf;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use boot::{Ids, StartError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The cookie that ties forms to a browser. It names nobody and ends with the browser.
const COOKIE: &str = "mizan-form";

/// Signs forms.
pub(crate) struct Seal(Vec<u8>);

/// The hidden fields of a form.
#[derive(Clone, Debug)]
pub(crate) struct Hidden {
    pub idempotency_key: String,
    pub token: String,
}

impl Seal {
    /// With the key of the file, or one of this process alone.
    pub fn new(setting: &str, file: Option<PathBuf>, ids: &Ids) -> Result<Seal, StartError> {
        let secret = boot::read_optional_secret(setting, None, file)?;
        Ok(Seal(
            secret.map_or_else(|| ids.bytes::<32>().to_vec(), |secret| secret.expose().as_bytes().to_vec()),
        ))
    }

    fn mac(&self, browser: &str, bill_reference: &str, idempotency_key: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in [browser, bill_reference, idempotency_key] {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        mac
    }

    /// The hidden fields of a new form for a bill.
    pub fn issue(&self, ids: &Ids, browser: &str, bill_reference: &str) -> Hidden {
        let idempotency_key = format!("page-{}", URL_SAFE_NO_PAD.encode(ids.bytes::<18>()));
        let tag = self.mac(browser, bill_reference, &idempotency_key).finalize().into_bytes();
        Hidden { token: URL_SAFE_NO_PAD.encode(tag), idempotency_key }
    }

    /// Did we make this form, for this bill and this browser?
    pub fn is_ours(&self, browser: &str, bill_reference: &str, hidden: &Hidden) -> bool {
        URL_SAFE_NO_PAD.decode(&hidden.token).is_ok_and(|tag| {
            self.mac(browser, bill_reference, &hidden.idempotency_key).verify_slice(&tag).is_ok()
        })
    }
}

/// The browser's value of the cookie, if it has one.
pub(crate) fn browser(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty() && value.len() <= 64)
        .map(|(_, value)| value.to_owned())
}

/// A new value, and the header that sets it. Lax: who comes by a link keeps the forms of other tabs; no other site can post.
pub(crate) fn new_browser(ids: &Ids) -> (String, String) {
    let value = URL_SAFE_NO_PAD.encode(ids.bytes::<18>());
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax");
    (value, cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_ours_only_for_its_bill_and_browser() {
        let ids = Ids::seeded(1);
        let seal = Seal::new("X", None, &ids).unwrap();
        let hidden = seal.issue(&ids, "browser", "TRF-1");
        assert!(seal.is_ours("browser", "TRF-1", &hidden));
        assert!(!seal.is_ours("other", "TRF-1", &hidden));
        assert!(!seal.is_ours("browser", "TRF-2", &hidden));
        assert!(!seal.is_ours(
            "browser",
            "TRF-1",
            &Hidden { idempotency_key: "mine".to_owned(), ..hidden.clone() }
        ));
        assert!(!seal.is_ours("browser", "TRF-1", &Hidden { token: "AAAA".to_owned(), ..hidden }));
    }
}
