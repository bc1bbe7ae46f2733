//! The public REST API as an agency's own system uses it.
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// A service that was killed is back well within this time; so long an answer is asked for again.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// One client with its key.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// An answer, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub code: StatusCode,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: {}", self.code, String::from_utf8_lossy(&self.body)))
    }

    /// The body of a 2xx as JSON.
    ///
    /// # Errors
    /// Any other answer.
    pub fn success(&self) -> anyhow::Result<Value> {
        if !self.code.is_success() {
            bail!("{}: {}", self.code, String::from_utf8_lossy(&self.body));
        }
        self.json()
    }
}

/// What a POST carries.
#[derive(Debug, Clone)]
pub enum Body {
    Json(Value),
    File { content_type: &'static str, content: Vec<u8> },
}

impl Api {
    /// A client of the API at `base` with an API key.
    pub fn new(base: String, key: String) -> Api {
        Api { http: reqwest::Client::new(), base, key }
    }

    /// GET, again and again until the platform answers.
    ///
    /// # Errors
    /// No answer in half a minute.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.until_answered(Method::GET, path, None, None).await
    }

    /// POST with an idempotency key, the same one again after every answer that leaves the outcome open.
    ///
    /// # Errors
    /// No definite answer in half a minute.
    pub async fn post(&self, path: &str, key: &str, body: &Body) -> anyhow::Result<Answer> {
        self.until_answered(Method::POST, path, Some(key), Some(body)).await
    }

    async fn until_answered(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Body>,
    ) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        loop {
            let heard = self.once(method.clone(), path, key, body).await;
            let open = match &heard {
                // In progress, too many, or nobody can say: asking again with the same key is free.
                Ok(answer) => {
                    answer.code.is_server_error()
                        || answer.code == StatusCode::CONFLICT && is_in_progress(answer)
                        || answer.code == StatusCode::TOO_MANY_REQUESTS
                }
                Err(_) => true,
            };
            if !open || begun.elapsed() > PATIENCE {
                return heard.with_context(|| format!("{method} {path}"));
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// One request and its answer, whatever it is.
    ///
    /// # Errors
    /// None came.
    pub async fn once(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Body>,
    ) -> anyhow::Result<Answer> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).timeout(Duration::from_secs(20));
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request = match body {
            Some(Body::Json(value)) => request.json(value),
            Some(Body::File { content_type, content }) => {
                request.header("content-type", *content_type).body(content.clone())
            }
            None => request,
        };
        let answer = request.send().await?;
        Ok(Answer { code: answer.status(), body: answer.bytes().await?.to_vec() })
    }
}

fn is_in_progress(answer: &Answer) -> bool {
    answer.json().is_ok_and(|problem| problem["code"] == "in_progress")
}

/// `{"amount":"12.500","currency":"BHD"}` in fils.
///
/// # Errors
/// It is not money.
pub fn fils(money: &Value) -> anyhow::Result<i64> {
    let text = money["amount"].as_str().with_context(|| format!("money, not {money}"))?;
    let amount = money::Money::from_json_amount(text, money::Currency::Bhd)?;
    Ok(amount.minor_units())
}
