//! The ways to services, and patience with those that still start.
use std::time::Duration;

use boot::grpc::Channel;
use boot::{Clock, Problem, StartError};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use super::broken;

const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// One answer over HTTP.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A service, and the setting that says where it is.
#[derive(Debug)]
pub struct Place {
    name: &'static str,
    setting: &'static str,
    url: String,
}

impl Place {
    /// Where `setting` says that `name` is.
    pub fn new(name: &'static str, setting: &'static str, url: &str) -> Place {
        Place { name, setting, url: url.trim_end_matches('/').to_owned() }
    }

    /// The way there; nothing is sent yet.
    ///
    /// # Errors
    /// The address is none.
    pub fn channel(&self) -> Result<Channel, StartError> {
        boot::grpc::channel(&self.url).map_err(|error| match error {
            StartError::Setting { what, todo, .. } => StartError::setting(self.setting, what, todo),
            other @ (StartError::Dependency { .. } | StartError::Bug { .. }) => other,
        })
    }

    /// An address under it.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn away(&self, why: impl std::fmt::Display) -> StartError {
        StartError::dependency(format!("{} at {}", self.name, self.url), self.setting, why.to_string())
    }
}

/// Where everything is, and until when it is waited for.
#[derive(Debug)]
pub struct Ways {
    pub catalogue: Place,
    pub identity: Place,
    pub payments: Place,
    pub gateway: Place,
    pub sandbox: Place,
    pub http: reqwest::Client,
    pub clock: Clock,
    until: Duration,
}

impl Ways {
    /// The five places; those that do not answer are asked again for `wait`.
    ///
    /// # Errors
    /// There is no HTTP client.
    pub fn new(clock: Clock, wait: Duration, places: [Place; 5]) -> Result<Ways, StartError> {
        let [catalogue, identity, payments, gateway, sandbox] = places;
        let http = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(StartError::bug)?;
        let until = clock.monotonic().saturating_add(wait);
        Ok(Ways { catalogue, identity, payments, gateway, sandbox, http, clock, until })
    }

    /// What `place` answers to an RPC that may be repeated.
    ///
    /// # Errors
    /// It is away for too long, or refuses.
    pub async fn call<T, F>(&self, place: &Place, rpc: impl Fn() -> F) -> Result<T, StartError>
    where
        F: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        loop {
            let problem = match rpc().await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => Problem::from_status(&status),
            };
            if !problem.outcome_unknown() {
                return Err(broken(format_args!("{} refuses: {problem}", place.name)));
            }
            if self.is_over() {
                return Err(place.away(problem));
            }
            self.clock.sleep(BETWEEN_TRIES).await;
        }
    }

    /// What `place` answers to a request that may be repeated: a body of JSON, or none.
    ///
    /// # Errors
    /// It is away for too long, or refuses.
    pub async fn ask(
        &self,
        place: &Place,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Value, StartError> {
        loop {
            let why = match answer(request()).await {
                Ok((code, body)) if code.is_success() || code.is_redirection() => {
                    return Ok(serde_json::from_str(&body).unwrap_or(Value::Null));
                }
                Ok((code, body)) if !comes_back(code) => {
                    return Err(broken(format_args!("{} refuses: {code} {body}", place.name)));
                }
                Ok((code, body)) => format!("{code} {body}"),
                Err(error) => boot::start_error::chain(&error),
            };
            if self.is_over() {
                return Err(place.away(why));
            }
            self.clock.sleep(BETWEEN_TRIES).await;
        }
    }

    /// Whether what does not answer is not waited for any longer.
    pub fn is_over(&self) -> bool {
        self.clock.monotonic() >= self.until
    }
}

async fn answer(request: RequestBuilder) -> Result<(StatusCode, String), reqwest::Error> {
    let answer = request.send().await?;
    Ok((answer.status(), answer.text().await?))
}

/// Nobody can say yet, too many ask, or the same request is under way.
fn comes_back(code: StatusCode) -> bool {
    code.is_server_error() || matches!(code, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT)
}
