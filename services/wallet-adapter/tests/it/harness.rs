//! A started adapter, and a tiny provider that answers as it is told.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use boot::grpc::Channel;
use proto::{
    common::v1::Money,
    wallet::v1::{
        CaptureRequest, Indeterminate, InitiateRequest, InquireRefundRequest, InquireRequest,
        InquireResponse, NotSent, Observation, RefundRequest, ReverseRequest, outcome::Kind,
        wallet_service_client::WalletServiceClient,
    },
};
use serde_json::json;
use standards::keyval;
use testkit::{Env, FaultProxy};
use tonic::Status;
use wallet_adapter::{MIGRATOR, Running, Settings};

pub const ATTEMPT: &str = "019b1d2e-7a3b-7c4d-8e5f-a0b1c2d3e4f5";
pub const REFERENCE: &str = "PI-019B1D2E-7A3B-7C4D-8E5F-A0B1C2D3E4F5";
pub const REFUND: &str = "019b1d2e-7a3b-7c4d-8e5f-000000000001";
pub const REFUND_REFERENCE: &str = "RF-019B1D2E-7A3B-7C4D-8E5F-000000000001";
const SECRET: &[u8] = b"test-secret";

pub type Fields = BTreeMap<String, String>;

pub struct Stack {
    pub env: Env,
    pub running: Running,
    pub wallet: WalletServiceClient<Channel>,
    pub provider: Provider,
    /// The line to the provider.
    pub proxy: FaultProxy,
    /// The line to Postgres.
    pub postgres: FaultProxy,
}

pub fn settings(env: &Env, provider: SocketAddr) -> Settings {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Settings {
        grpc_addr: free,
        http_addr: free,
        health_addr: free,
        database_url: env.database_url.clone(),
        nats_url: env.nats_url.clone(),
        public_url: None,
        timeout_ms: 1_000,
        benefit_pay_url: format!("http://{provider}/"),
        benefit_pay_merchant_id: "TESTMERCH".to_owned(),
        benefit_pay_app_id: "TESTAPP".to_owned(),
        benefit_pay_secret: None,
        benefit_pay_secret_file: None,
    }
}

impl Stack {
    pub async fn start() -> Stack {
        let env = Env::start("wallet-adapter", &MIGRATOR).await;
        let provider = Provider::start().await;
        let proxy = FaultProxy::start(provider.addr).await;
        let postgres = FaultProxy::start(env.addresses.postgres).await;
        let settings =
            Settings { database_url: postgres.url(&env.database_url), ..settings(&env, proxy.addr()) };
        let running = wallet_adapter::start(settings, &env.ctx).await.unwrap();
        let channel = boot::grpc::channel(&format!("http://{}", running.grpc)).unwrap();
        Stack { env, running, wallet: WalletServiceClient::new(channel), provider, proxy, postgres }
    }

    pub fn order() -> InitiateRequest {
        InitiateRequest {
            provider: "benefit-pay".to_owned(),
            attempt_id: ATTEMPT.to_owned(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: 5_250 }),
            bill_reference: "TRF-2026-000123".to_owned(),
            agency_id: "TRF".to_owned(),
            return_url: String::new(),
            authorise_only: false,
        }
    }

    pub async fn initiate(&self) -> Kind {
        let answer = self.wallet.clone().initiate(Stack::order()).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    }

    pub async fn inquire(&self) -> Kind {
        self.inquiry().await.unwrap().outcome.unwrap().kind.unwrap()
    }

    pub async fn inquiry(&self) -> Result<InquireResponse, Status> {
        let request = InquireRequest { provider: "benefit-pay".to_owned(), attempt_id: ATTEMPT.to_owned() };
        Ok(self.wallet.clone().inquire(request).await?.into_inner())
    }

    pub fn capture_order() -> CaptureRequest {
        CaptureRequest {
            provider: "benefit-pay".to_owned(),
            attempt_id: ATTEMPT.to_owned(),
            provider_reference: "BP0001".to_owned(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: 2_000 }),
        }
    }

    pub async fn capture(&self) -> Kind {
        let answer = self.wallet.clone().capture(Stack::capture_order()).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    }

    pub fn refund_order() -> RefundRequest {
        RefundRequest {
            provider: "benefit-pay".to_owned(),
            refund_id: REFUND.to_owned(),
            attempt_id: ATTEMPT.to_owned(),
            provider_reference: "BP0001".to_owned(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: 2_000 }),
        }
    }

    pub async fn refund(&self) -> Kind {
        let answer = self.wallet.clone().refund(Stack::refund_order()).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    }

    pub async fn inquire_refund(&self) -> Kind {
        let request =
            InquireRefundRequest { provider: "benefit-pay".to_owned(), refund_id: REFUND.to_owned() };
        let answer = self.wallet.clone().inquire_refund(request).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    }

    pub async fn reverse(&self) -> Kind {
        let request = ReverseRequest { provider: "benefit-pay".to_owned(), attempt_id: ATTEMPT.to_owned() };
        let answer = self.wallet.clone().reverse(request).await.unwrap();
        answer.into_inner().outcome.unwrap().kind.unwrap()
    }

    /// A client of an adapter with the same book, whose provider takes no connection.
    pub async fn lonely(&self) -> WalletServiceClient<Channel> {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let running = wallet_adapter::start(settings(&self.env, nobody), &self.env.ctx).await.unwrap();
        let channel = boot::grpc::channel(&format!("http://{}", running.grpc)).unwrap();
        WalletServiceClient::new(channel)
    }

    /// The evidence while the provider is being asked.
    pub async fn while_asking(&self) -> Vec<(String, Option<String>, bool)> {
        testkit::wait_for("the provider is asked", SOON, async || {
            (!self.provider.heard().is_empty()).then_some(())
        })
        .await;
        self.evidence().await
    }

    /// (kind, outcome, has an answer) of each call, oldest first.
    pub async fn evidence(&self) -> Vec<(String, Option<String>, bool)> {
        let mut tx = self.env.pg.read().await.unwrap();
        let all = "SELECT kind, outcome, answer_body IS NOT NULL FROM provider_exchange ORDER BY exchange_id";
        sqlx::query_as(all).fetch_all(tx.conn()).await.unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut tx = self.env.pg.read().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(tx.conn()).await.unwrap()
    }
}

pub fn observed(kind: Kind) -> Observation {
    let Kind::Observation(observation) = kind else { panic!("not an observation: {kind:?}") };
    observation
}

/// The reason of an indeterminate outcome.
pub fn doubt(kind: Kind) -> String {
    let Kind::Indeterminate(Indeterminate { reason }) = kind else { panic!("not indeterminate: {kind:?}") };
    reason
}

pub fn not_sent(kind: &Kind) -> bool {
    matches!(kind, Kind::NotSent(NotSent { .. }))
}

/// What the provider answers.
#[derive(Clone, Debug)]
pub enum Script {
    /// `response.status`, `response.code`, amount.
    Says(&'static str, &'static str, &'static str),
    /// meta ERROR with this code.
    Refuses(&'static str),
    Code(u16),
    Text(&'static str),
    WronglySigned,
    OtherReference,
    /// A refund of this reference, but of another charge.
    OtherCharge,
    /// The reference was reversed before its order came.
    ReversedUnknown,
    Hangs,
    Huge,
}

#[derive(Clone)]
pub struct Provider {
    pub addr: SocketAddr,
    script: Arc<Mutex<Script>>,
    heard: Arc<Mutex<Vec<Fields>>>,
}

impl Provider {
    async fn start() -> Provider {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let provider = Provider {
            addr: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(Script::Says("PENDING", "PENDING", "5.250"))),
            heard: Arc::default(),
        };
        let app = Router::new()
            .route("/benefit-pay/payments", post(answer))
            .route("/benefit-pay/check-status", post(answer))
            .route("/benefit-pay/captures", post(answer))
            .route("/benefit-pay/refunds", post(answer))
            .route("/benefit-pay/refunds/check-status", post(answer))
            .route("/benefit-pay/reversals", post(answer))
            .with_state(provider.clone());
        #[expect(clippy::disallowed_methods, reason = "the server of a test ends with its runtime")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    pub fn play(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// Every request that arrived, signature checked.
    pub fn heard(&self) -> Vec<Fields> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let fields: Fields = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["X-FOO-Signature"].to_str().unwrap(), sign(&fields));
    assert_eq!(headers["X-FOO-Signature-Type"], "KEYVAL");
    provider.heard.lock().unwrap().push(fields.clone());
    let reference = fields.get("referenceNumber").or_else(|| fields.get("reference_id")).unwrap();
    let script = provider.script.lock().unwrap().clone();
    match script {
        Script::Says(status, code, amount) => {
            signed("SUCCESS", &response(reference, status, code, amount), SECRET)
        }
        Script::Refuses(code) => signed("ERROR", &response(reference, "ERROR", code, "5.250"), SECRET),
        Script::Code(code) => StatusCode::from_u16(code).unwrap().into_response(),
        Script::Text(text) => text.into_response(),
        Script::WronglySigned => {
            signed("SUCCESS", &response(reference, "SUCCESS", "CAPTURED", "5.250"), b"other")
        }
        Script::OtherReference => {
            signed("SUCCESS", &response("PI-OTHER", "SUCCESS", "CAPTURED", "5.250"), SECRET)
        }
        Script::OtherCharge => {
            let mut other = response(reference, "SUCCESS", "REFUNDED", "2.000");
            other.insert("original_reference_id".to_owned(), "PI-OTHER".to_owned());
            signed("SUCCESS", &other, SECRET)
        }
        Script::ReversedUnknown => {
            let mut reversed = response(reference, "FAILED", "REVERSED", "");
            for amount in ["amount", "currency", "redirect_url"] {
                reversed.remove(amount);
            }
            signed("SUCCESS", &reversed, SECRET)
        }
        Script::Hangs => std::future::pending().await,
        Script::Huge => "x".repeat(1024 * 1024).into_response(),
    }
}

fn response(reference: &str, status: &str, code: &str, amount: &str) -> Fields {
    fields([
        ("status", status),
        ("code", code),
        ("reference_id", reference),
        ("payment_id", "BP0001"),
        ("refund_id", "BR0001"),
        ("original_reference_id", REFERENCE),
        ("amount", amount),
        ("currency", "BHD"),
        ("redirect_url", "http://wallet.test/pay"),
    ])
}

fn signed(meta: &str, response: &Fields, secret: &[u8]) -> Response {
    let mut covered = response.clone();
    covered.insert("meta_status".to_owned(), meta.to_owned());
    let signature = keyval::sign(secret, covered.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let body = json!({ "meta": { "status": meta }, "response": response });
    ([("X-FOO-Signature", signature)], axum::Json(body)).into_response()
}

pub fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

pub fn sign(fields: &Fields) -> String {
    keyval::sign(SECRET, fields.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

pub const SOON: Duration = Duration::from_secs(10);
