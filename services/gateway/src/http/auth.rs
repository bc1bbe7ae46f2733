//! Who asks: an API key, the agency it is bound to, what it may do.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use boot::wire::id_from_wire;
use boot::{Call, Clock, Problem};
use ids::AgencyId;
use proto::identity::v1::{ApiClient, AuthenticateApiKeyRequest};
use sha2::{Digest as _, Sha256};
use tonic::Code as Kind;

use crate::App;
use crate::problem::Refused;

/// So long a key is believed without asking again; a revoked key works no longer than this.
const BELIEVED: Duration = Duration::from_secs(5);
/// Keys remembered at most; beyond it all are asked for again.
const REMEMBERED: usize = 10_000;

/// What a route asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    UploadsWrite,
    InvoicesRead,
    InvoicesWrite,
    PaymentsRead,
    PaymentsWrite,
    WebhooksWrite,
    CollectionsRead,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::UploadsWrite => "uploads:write",
            Scope::InvoicesRead => "invoices:read",
            Scope::InvoicesWrite => "invoices:write",
            Scope::PaymentsRead => "payments:read",
            Scope::PaymentsWrite => "payments:write",
            Scope::WebhooksWrite => "webhooks:write",
            Scope::CollectionsRead => "collections:read",
        }
    }
}

/// An authenticated client.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client_id: String,
    agency: AgencyId,
    scopes: Vec<String>,
}

impl Caller {
    /// The call as services see it.
    pub fn call(&self) -> Call {
        Call::by(format!("client:{}", self.client_id)).for_agency(self.agency.clone())
    }
}

impl TryFrom<ApiClient> for Caller {
    type Error = Problem;

    fn try_from(client: ApiClient) -> Result<Caller, Problem> {
        let agency = id_from_wire("agency_id", &client.agency_id)?;
        Ok(Caller { client_id: client.client_id, agency, scopes: client.scopes })
    }
}

/// Keys that were good a moment ago, by their hash.
pub(crate) struct Keys {
    clock: Clock,
    known: Mutex<HashMap<[u8; 32], (Caller, Duration)>>,
}

impl Keys {
    pub fn new(clock: Clock) -> Keys {
        Keys { clock, known: Mutex::default() }
    }

    fn find(&self, hash: &[u8; 32]) -> Option<Caller> {
        let now = self.clock.monotonic();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(_, until)| now < *until).map(|(caller, _)| caller.clone())
    }

    fn remember(&self, hash: [u8; 32], caller: Caller) {
        let until = self.clock.monotonic().saturating_add(BELIEVED);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(hash, (caller, until));
    }
}

/// The client that may do what the route does.
///
/// # Errors
/// `api_key_missing`, `api_key_unknown`, `scope_missing`, `rate_limited`.
pub(crate) async fn admit(app: &App, headers: &HeaderMap, scope: Scope) -> Result<Caller, Refused> {
    let key = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .filter(|key| !key.is_empty());
    let Some(key) = key else {
        let detail = "Send the header `Authorization: Bearer <API key>`.";
        return Err(Refused::new(Kind::Unauthenticated, "api_key_missing", detail).field("authorization"));
    };
    let caller = authenticate(app, key).await?;
    app.limits.admit(&caller.client_id).await?;
    if !caller.scopes.iter().any(|granted| granted == scope.name()) {
        let detail = format!("This key lacks the scope `{}`.", scope.name());
        return Err(Refused::new(Kind::PermissionDenied, "scope_missing", detail));
    }
    Ok(caller)
}

async fn authenticate(app: &App, key: &str) -> Result<Caller, Refused> {
    let hash: [u8; 32] = Sha256::digest(key).into();
    if let Some(caller) = app.keys.find(&hash) {
        return Ok(caller);
    }
    let request = AuthenticateApiKeyRequest { api_key: key.to_owned() };
    let answer = app.clients.identity.clone().authenticate_api_key(request).await?.into_inner();
    let client = answer.client.ok_or_else(|| {
        Refused::new(
            Kind::Unauthenticated,
            "api_key_unknown",
            "This key is not known, or not valid any more.",
        )
    })?;
    let caller = Caller::try_from(client)?;
    app.keys.remember(hash, caller.clone());
    Ok(caller)
}
