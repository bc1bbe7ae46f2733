//! The kiosk's line to the platform: HTTPS with its own certificate.
use std::time::Duration;

use reqwest::{Certificate, Client, Identity};
use serde_json::{Value, json};
use standards::device_journal::Signed;

use crate::Error;

/// Records in one call, at most.
const BATCH: usize = 200;
const PATIENCE: Duration = Duration::from_secs(5);

/// What a call ended in.
#[derive(Debug)]
pub enum Heard {
    /// The platform's answer.
    Answer(Value),
    /// The platform said no: its status and words.
    Refused(u16, Value),
    /// Nobody answered, or not in time.
    Nothing(String),
}

/// One line.
#[derive(Clone, Debug)]
pub struct Relay {
    http: Client,
    base: String,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Records 1 to this are stored over there.
    pub acknowledged: i64,
    pub records: usize,
    /// Records that were known already.
    pub duplicates: usize,
}

impl Relay {
    /// A line to `base` that trusts `ca_pem` alone and, once enrolled, shows `identity_pem`.
    pub fn new(base: &str, ca_pem: &str, identity_pem: Option<&str>) -> Result<Relay, Error> {
        let bad = |error: reqwest::Error| Error::Invalid(format!("TLS material of a kiosk: {error}"));
        let root = Certificate::from_pem(ca_pem.as_bytes()).map_err(bad)?;
        let mut builder = Client::builder().tls_certs_only([root]).timeout(PATIENCE);
        if let Some(pem) = identity_pem {
            builder = builder.identity(Identity::from_pem(pem.as_bytes()).map_err(bad)?);
        }
        Ok(Relay { http: builder.build().map_err(bad)?, base: base.to_owned() })
    }

    /// POST under `/device/v1`.
    pub async fn post(&self, path: &str, body: &Value) -> Heard {
        heard(self.http.post(format!("{}/device/v1/{path}", self.base)).body(body.to_string())).await
    }

    /// The signed snapshot of a bill.
    pub async fn bill(&self, bill_reference: &str) -> Heard {
        heard(self.http.get(format!("{}/device/v1/bills?ref={bill_reference}", self.base))).await
    }

    /// Sends records in order; stops at the first call that is not answered.
    ///
    /// # Errors
    /// `Platform`: what was heard instead. Records that were acknowledged before are in nobody's way: sent again, they
    /// are known.
    pub async fn send(&self, records: &[Signed]) -> Result<Sent, Error> {
        let mut sent = Sent::default();
        for batch in records.chunks(BATCH) {
            let epoch = batch.first().map_or(0, |signed| signed.record.epoch);
            let answer = match self.post("journal", &json!({ "epoch": epoch, "records": batch })).await {
                Heard::Answer(answer) => answer,
                Heard::Refused(status, answer) => return Err(Error::Platform(format!("{status} {answer}"))),
                Heard::Nothing(why) => return Err(Error::Platform(why)),
            };
            let results = answer.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
            let known = |result: &&Value| result.get("result").is_some_and(|word| word == "duplicate");
            sent.duplicates += results.iter().filter(known).count();
            sent.records += batch.len();
            sent.acknowledged = answer.get("ack_seq").and_then(Value::as_i64).unwrap_or(sent.acknowledged);
        }
        Ok(sent)
    }
}

async fn heard(request: reqwest::RequestBuilder) -> Heard {
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Heard::Nothing(boot::start_error::chain(&error)),
    };
    let status = answer.status();
    match answer.json::<Value>().await {
        Ok(body) if status.is_success() => Heard::Answer(body),
        // Overload and restarts of the platform say nothing about the kiosk.
        Ok(_) if status.is_server_error() => Heard::Nothing(status.to_string()),
        Ok(body) => Heard::Refused(status.as_u16(), body),
        Err(error) => Heard::Nothing(boot::start_error::chain(&error)),
    }
}
