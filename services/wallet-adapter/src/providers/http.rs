//! One call to a provider: sent once, never repeated here, and told apart by what may have happened.

use std::time::Duration;

use boot::StartError;
use reqwest::{Client, redirect, retry};

/// The longest answer we read.
const ANSWER_MAX: usize = 64 * 1024;
/// A provider that takes no connection by then has heard nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A request on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// What a provider answered, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub http_code: u16,
    /// The header of the signature; empty when it is missing or is no text.
    pub signature: String,
    pub body: Vec<u8>,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Ending {
    Answered(Answer),
    /// There was no connection to send it by.
    NotSent(&'static str),
    /// It was sent, or may have been, and there is no whole answer.
    Lost(&'static str),
}

/// A client that sends each request once: no redirects, no retries, no proxy that could hold it back.
///
/// # Errors
/// A bug: there is no TLS.
pub fn client(timeout: Duration) -> Result<Client, StartError> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .build()
        .map_err(StartError::bug)
}

/// Sends `outgoing` by POST; `signature_header` is where the answer's signature stands.
pub async fn send(client: &Client, outgoing: &Outgoing, signature_header: &str) -> Ending {
    let mut request = client.post(&outgoing.url).body(outgoing.body.clone());
    for (name, value) in &outgoing.headers {
        request = request.header(*name, value);
    }
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return not_answered(&error),
    };
    let http_code = response.status().as_u16();
    let header = response.headers().get(signature_header).and_then(|value| value.to_str().ok());
    let signature = header.unwrap_or_default().to_owned();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_MAX => {
                return Ending::Lost("answer_too_long");
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ending::Answered(Answer { http_code, signature, body }),
            Err(error) if error.is_timeout() => return Ending::Lost("timeout"),
            Err(_) => return Ending::Lost("answer_cut_short"),
        }
    }
}

fn not_answered(error: &reqwest::Error) -> Ending {
    tracing::warn!(error = boot::start_error::chain(error), "a provider did not answer");
    if error.is_connect() || error.is_builder() {
        Ending::NotSent("not_connected")
    } else if error.is_timeout() {
        Ending::Lost("timeout")
    } else {
        Ending::Lost("connection_lost")
    }
}
