//! Services that answer just enough for the gateway: each keeps the requests it got.
use std::sync::{Arc, Mutex};

use boot::{Call, Problem};
use proto::common::v1::Channel;
use proto::common::v1::Money;
use proto::identity::v1::identity_service_server::{IdentityService, IdentityServiceServer};
use proto::identity::v1::{
    ApiClient, AuthenticateApiKeyRequest, AuthenticateApiKeyResponse, CreateApiKeyRequest,
    CreateApiKeyResponse, RevokeApiKeyRequest, RevokeApiKeyResponse,
};
use proto::payments::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payments::v1::{
    CancelPaymentRequest, CancelPaymentResponse, CapturePaymentRequest, CapturePaymentResponse,
    GetPaymentRequest, GetPaymentResponse, GetReceivableRequest, GetReceivableResponse,
    ListChannelExceptionUsesRequest, ListChannelExceptionUsesResponse, Payment, PaymentState,
    RecordPaymentRequest, RecordPaymentResponse, RetryPaymentRequest, RetryPaymentResponse,
    SearchPaymentsRequest, SearchPaymentsResponse, StartPaymentRequest, StartPaymentResponse,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::Env;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

/// The key of an agency's client that may do everything, and one that may only read payments.
pub const ALL: &str = "mzn_test_all";
pub const READER: &str = "mzn_test_reader";

const SCOPES: [&str; 7] = [
    "uploads:write",
    "invoices:read",
    "invoices:write",
    "payments:read",
    "payments:write",
    "webhooks:write",
    "collections:read",
];

#[derive(Clone, Default)]
struct Fakes {
    calls: Arc<Mutex<Vec<(Call, StartPaymentRequest)>>>,
}

#[tonic::async_trait]
impl IdentityService for Fakes {
    async fn create_api_key(
        &self,
        _: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        Err(Status::unimplemented("the gateway makes no keys"))
    }

    async fn authenticate_api_key(
        &self,
        request: Request<AuthenticateApiKeyRequest>,
    ) -> Result<Response<AuthenticateApiKeyResponse>, Status> {
        let scopes: &[&str] = match request.into_inner().api_key.as_str() {
            ALL => &SCOPES,
            READER => &["payments:read"],
            _ => return Err(Problem::new(Code::Unauthenticated, "api_key_unknown", "Not a key.").into()),
        };
        let client = ApiClient {
            client_id: format!("0190aaaa-0000-7000-8000-00000000000{}", scopes.len()),
            agency_id: "TRF".into(),
            name: "test".into(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires_at: None,
        };
        Ok(Response::new(AuthenticateApiKeyResponse { client: Some(client) }))
    }

    async fn revoke_api_key(
        &self,
        _: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<RevokeApiKeyResponse>, Status> {
        Err(Status::unimplemented("the gateway revokes no keys"))
    }
}

fn payment() -> Payment {
    let mut payment = Payment {
        payment_id: "0190aaaa-0000-7000-8000-000000000001".into(),
        agency_id: "TRF".into(),
        bill_reference: "TRF-2026-000001-K7QM4".into(),
        provider: "benefit-pay".into(),
        amount: Some(Money { currency: "BHD".into(), minor_units: 12_500 }),
        version: 1,
        ..Default::default()
    };
    payment.set_state(PaymentState::Created);
    payment.set_channel(Channel::Wallet);
    payment
}

#[tonic::async_trait]
impl PaymentService for Fakes {
    async fn start_payment(
        &self,
        request: Request<StartPaymentRequest>,
    ) -> Result<Response<StartPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let started = request.into_inner();
        if started.bill_reference == "TRF-BUSY" {
            let problem = Problem::new(
                Code::FailedPrecondition,
                "payment_in_progress",
                "Another payment is under way.",
            );
            return Err(problem.into());
        }
        self.calls.lock().unwrap().push((call, started));
        Ok(Response::new(StartPaymentResponse { payment: Some(payment()), others: vec![] }))
    }

    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        Ok(Response::new(GetPaymentResponse { payment: Some(payment()) }))
    }

    async fn get_receivable(
        &self,
        _: Request<GetReceivableRequest>,
    ) -> Result<Response<GetReceivableResponse>, Status> {
        Err(Problem::new(Code::NotFound, "bill_unknown", "No such bill.").into())
    }

    async fn retry_payment(
        &self,
        _: Request<RetryPaymentRequest>,
    ) -> Result<Response<RetryPaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn capture_payment(
        &self,
        _: Request<CapturePaymentRequest>,
    ) -> Result<Response<CapturePaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn cancel_payment(
        &self,
        _: Request<CancelPaymentRequest>,
    ) -> Result<Response<CancelPaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn record_payment(
        &self,
        _: Request<RecordPaymentRequest>,
    ) -> Result<Response<RecordPaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn list_channel_exception_uses(
        &self,
        _: Request<ListChannelExceptionUsesRequest>,
    ) -> Result<Response<ListChannelExceptionUsesResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn search_payments(
        &self,
        _: Request<SearchPaymentsRequest>,
    ) -> Result<Response<SearchPaymentsResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
}

/// A running gateway and what its services heard.
pub struct World {
    pub env: Env,
    pub base: String,
    fakes: Fakes,
    http: reqwest::Client,
}

impl World {
    pub async fn start() -> World {
        Self::with_rate(1_000, None).await
    }

    /// With so many requests a second, and Redis somewhere else than in the environment.
    pub async fn with_rate(rate: u32, redis_url: Option<String>) -> World {
        let env = Env::start_at("gateway", &NO_TABLES, boot::Clock::system()).await;
        let fakes = Fakes::default();
        let routes = Routes::new(IdentityServiceServer::new(fakes.clone()))
            .add_service(PaymentServiceServer::new(fakes.clone()));
        let any = "127.0.0.1:0".parse().unwrap();
        let services = boot::grpc::serve(&env.ctx.for_service("fakes"), any, routes).await.unwrap();
        let url = format!("http://{services}");
        let settings = gateway::Settings {
            http_addr: any,
            health_addr: any,
            redis_url: redis_url.unwrap_or_else(|| env.redis_url.clone()),
            identity_url: url.clone(),
            invoicing_url: url.clone(),
            payments_url: url.clone(),
            notifications_url: url,
            rate_per_second: rate,
            rate_burst: rate,
        };
        let running = gateway::start(settings, &env.ctx).await.unwrap();
        World { env, base: format!("http://{}", running.http), fakes, http: reqwest::Client::new() }
    }

    /// What payments heard.
    pub fn started(&self) -> Vec<(Call, StartPaymentRequest)> {
        self.fakes.calls.lock().unwrap().clone()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A POST that is right in every way but what the test changes.
    pub fn pay(&self, body: &Value) -> reqwest::RequestBuilder {
        self.request(Method::POST, "/v1/payments").bearer_auth(ALL).header("idempotency-key", "k1").json(body)
    }
}

static NO_TABLES: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;

/// A good body.
pub fn good() -> Value {
    json!({ "bill_reference": "TRF-2026-000001-K7QM4", "channel": "wallet", "provider": "benefit-pay" })
}

/// Status, code, field of a problem; checks that it has all its parts.
pub async fn problem(request: reqwest::RequestBuilder) -> (StatusCode, String, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status}");
    let body: Value = answer.json().await.unwrap();
    for part in ["type", "title", "detail", "detail_ar", "what_to_do"] {
        assert!(body[part].as_str().is_some_and(|text| !text.is_empty()), "{part} in {body}");
    }
    assert_eq!(body["status"], status.as_u16(), "{body}");
    assert_eq!(body["money_moved"], false, "{body}");
    let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
    (status, text("code"), text("field"))
}
