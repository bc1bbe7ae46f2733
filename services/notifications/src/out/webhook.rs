//! Calls to agencies' endpoints, which must not lead into our own network.
//!
//! Names are looked up by [`Guarded`] and the connection goes to exactly the addresses it let through: between the
//! check and the connection nothing is looked up again. Redirects are not followed, proxies not asked.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use boot::StartError;
use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, RETRY_AFTER},
};
use standards::webhook::{Secret, sign};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::{
    Error,
    domain::{
        address::{AllowList, is_public},
        retry::LONGEST_RETRY_AFTER,
        sending::Answer,
        webhook_url::WebhookUrl,
    },
};

/// A receiver has this long for its whole answer.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// More of an answer is not read.
const LONGEST_ANSWER: usize = 64 * 1_024;

/// Calls endpoints. Clones share connections.
#[derive(Clone, Debug)]
pub struct Caller {
    encrypted: Client,
    plain: Client,
    allow: AllowList,
}

/// One call as it is signed and sent.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    pub id: &'a str,
    pub body: &'a str,
    pub secret: &'a Secret,
    pub at: OffsetDateTime,
}

/// Which addresses a client may connect to.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// The public internet and what the operator allows besides.
    Encrypted,
    /// Only what the operator allows: without TLS nothing leaves our network.
    Plain,
}

/// Looks names up and lets through only what may be reached.
#[derive(Clone, Debug)]
struct Guarded {
    reach: Reach,
    allow: AllowList,
}

/// A name that leads where no webhook may go.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that webhooks may not reach")]
struct Refused;

impl Reach {
    fn of(url: &WebhookUrl) -> Reach {
        if url.is_encrypted() { Reach::Encrypted } else { Reach::Plain }
    }

    fn permits(self, address: IpAddr, allow: &AllowList) -> bool {
        match self {
            Reach::Encrypted => is_public(address) || allow.has(address),
            Reach::Plain => allow.has(address),
        }
    }
}

impl Guarded {
    /// All addresses of a name must be good: else the one that is tried would be luck.
    fn all_good(&self, addresses: &[SocketAddr]) -> bool {
        !addresses.is_empty() && addresses.iter().all(|address| self.reach.permits(address.ip(), &self.allow))
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if !guard.all_good(&found) {
                return Err(Refused.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

impl Caller {
    /// Reaches the public internet, and `allow` besides.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(allow: &AllowList) -> Result<Caller, StartError> {
        let client = |reach| {
            Client::builder()
                .dns_resolver(Arc::new(Guarded { reach, allow: allow.clone() }))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .timeout(PATIENCE)
                .connect_timeout(CONNECT_PATIENCE)
                .user_agent("Mizan-Webhooks/1")
                .build()
                .map_err(StartError::bug)
        };
        let (encrypted, plain) = (client(Reach::Encrypted)?, client(Reach::Plain)?);
        Ok(Caller { encrypted, plain, allow: allow.clone() })
    }

    /// Whether `url` leads where webhooks may go, as of now. It is looked at again before each call.
    ///
    /// # Errors
    /// [`Error::UrlNotPublic`], [`Error::UrlUnknown`].
    pub async fn check(&self, url: &WebhookUrl) -> Result<(), Error> {
        let reach = Reach::of(url);
        let guard = Guarded { reach, allow: self.allow.clone() };
        let found: Vec<SocketAddr> = match url.address() {
            Some(address) => vec![SocketAddr::new(address, 0)],
            None => tokio::net::lookup_host((url.host(), 0)).await.map_err(Error::UrlUnknown)?.collect(),
        };
        if guard.all_good(&found) { Ok(()) } else { Err(Error::UrlNotPublic) }
    }

    /// Signs and posts `letter`. Whatever happens is an answer; its words are not kept.
    pub async fn post(&self, url: &WebhookUrl, letter: Letter<'_>) -> Answer {
        let reach = Reach::of(url);
        // A number is not looked up, so the resolver would not see it.
        if url.address().is_some_and(|address| !reach.permits(address, &self.allow)) {
            return Answer::Later { code: 0, not_before: None };
        }
        let client = match reach {
            Reach::Encrypted => &self.encrypted,
            Reach::Plain => &self.plain,
        };
        let timestamp = letter.at.unix_timestamp();
        let signature =
            sign(std::slice::from_ref(letter.secret), letter.id, timestamp, letter.body.as_bytes());
        let sent = client
            .post(url.url().clone())
            .header("content-type", "application/json")
            .header("webhook-id", letter.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(letter.body.to_owned())
            .send()
            .await;
        match sent {
            Ok(response) => {
                let answer = read(response.status(), response.headers(), letter.at);
                drain(response).await;
                answer
            }
            Err(error) => {
                tracing::info!(
                    error = boot::start_error::chain(&error.without_url()),
                    "a webhook got no answer"
                );
                Answer::Later { code: 0, not_before: None }
            }
        }
    }
}

/// What a status says.
fn read(status: StatusCode, headers: &HeaderMap, now: OffsetDateTime) -> Answer {
    let code = i32::from(status.as_u16());
    if status.is_success() {
        return Answer::Accepted { code };
    }
    if status == StatusCode::GONE {
        return Answer::Never { code };
    }
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Answer::Later { code, not_before: after.and_then(|text| retry_after(text, now)) }
}

/// Seconds, or a date; at most a day.
fn retry_after(text: &str, now: OffsetDateTime) -> Option<Duration> {
    let after = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_not_a_number) => {
            let date = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
            Duration::try_from(date - now).ok()?
        }
    };
    Some(after.min(LONGEST_RETRY_AFTER))
}

/// Reads a short answer to its end, so that the connection can be used again; drops a long one.
async fn drain(mut response: reqwest::Response) {
    let mut read = 0_usize;
    while let Ok(Some(chunk)) = response.chunk().await {
        read = read.saturating_add(chunk.len());
        if read > LONGEST_ANSWER {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn one_bad_address_spoils_the_name() {
        let guard = Guarded { reach: Reach::Encrypted, allow: AllowList::default() };
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        assert!(guard.all_good(&[at("193.188.97.1")]));
        assert!(!guard.all_good(&[at("193.188.97.1"), at("10.0.0.1")]));
        assert!(!guard.all_good(&[]));
        let plain = Guarded { reach: Reach::Plain, allow: "127.0.0.0/8".parse().unwrap() };
        assert!(plain.all_good(&[at("127.0.0.1")]) && !plain.all_good(&[at("193.188.97.1")]));
    }

    #[test]
    fn a_receiver_says_when_to_come_again_in_seconds_or_by_date() {
        let now = datetime!(2026-01-15 06:00:00 UTC);
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Thu, 15 Jan 2026 06:01:00 GMT", now), Some(Duration::from_mins(1)));
        assert_eq!(retry_after("9999999", now), Some(LONGEST_RETRY_AFTER));
        assert_eq!(retry_after("Thu, 15 Jan 2026 05:00:00 GMT", now), None);
        assert_eq!(retry_after("soon", now), None);
    }
}
