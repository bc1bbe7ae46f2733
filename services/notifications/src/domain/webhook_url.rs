//! The address of an agency's webhook endpoint.

use std::net::IpAddr;

use reqwest::Url;

/// The longest address we keep, in bytes.
const LONGEST: usize = 2_048;

/// An address we may call, as far as its text says. Where its name leads is looked at before every call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the address is longer than 2048 bytes")]
    TooLong,
    #[error("this is not a web address; write https://host/path")]
    NotAUrl,
    #[error("use https://, so that nobody reads or changes what we tell you")]
    Scheme,
    #[error("leave user name and password out; every call is signed")]
    Credentials,
    #[error("leave out what follows the #; it is never sent")]
    Fragment,
}

impl WebhookUrl {
    /// Reads an address the way a browser does: `https://2130706433/` is `https://127.0.0.1/`.
    ///
    /// # Errors
    /// An [`Invalid`].
    pub fn parse(text: &str) -> Result<WebhookUrl, Invalid> {
        if text.len() > LONGEST {
            return Err(Invalid::TooLong);
        }
        let url = Url::parse(text).ok().filter(Url::has_host).ok_or(Invalid::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Invalid::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Invalid::Credentials);
        }
        if url.fragment().is_some() {
            return Err(Invalid::Fragment);
        }
        Ok(WebhookUrl(url))
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The name or number to connect to.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The host as an address, when it is one: no look-up will happen.
    pub fn address(&self) -> Option<IpAddr> {
        let host = self.host();
        host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_seen_as_that_address() {
        for (text, address) in [
            ("https://127.1/x", "127.0.0.1"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://0x7f.0.0.1/", "127.0.0.1"),
            ("https://0177.0.0.1/", "127.0.0.1"),
            ("https://[::1]/", "::1"),
            ("https://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1"),
        ] {
            assert_eq!(WebhookUrl::parse(text).unwrap().address(), Some(address.parse().unwrap()), "{text}");
        }
        assert_eq!(WebhookUrl::parse("https://hooks.example/x").unwrap().address(), None);
    }

    #[test]
    fn what_is_not_such_an_address_says_why() {
        let long = format!("https://example.com/{}", "x".repeat(LONGEST));
        for (text, why) in [
            ("", Invalid::NotAUrl),
            ("hooks", Invalid::NotAUrl),
            ("ftp://example.com/", Invalid::Scheme),
            ("file:///etc/passwd", Invalid::NotAUrl),
            ("https://user:x@example.com/", Invalid::Credentials),
            ("https://example.com/#x", Invalid::Fragment),
            (long.as_str(), Invalid::TooLong),
        ] {
            assert_eq!(WebhookUrl::parse(text), Err(why), "{text}");
        }
    }
}
