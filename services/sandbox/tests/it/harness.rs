//! A started world, a merchant of its wallet, and the merchant's callback server.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use boot::Clock;
use sandbox::{MIGRATOR, Running, Settings};
use serde_json::{Value, json};
use standards::keyval;
use testkit::{Env, wait_for};

/// A hold that nobody captures ends after that.
pub const HOLD_MS: u32 = 3_600_000;
pub const SECRET: &[u8] = b"test-secret";
const SOON: Duration = Duration::from_secs(10);

pub struct World {
    pub env: Env,
    pub base: String,
    pub http: reqwest::Client,
    pub told: Told,
}

/// An answer of the wallet to its merchant.
#[derive(Debug)]
pub struct Said {
    pub meta: String,
    pub response: BTreeMap<String, String>,
}

impl Said {
    pub fn get(&self, name: &str) -> &str {
        self.response.get(name).map_or("", String::as_str)
    }
}

pub fn settings(env: &Env) -> (Settings, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let settings = Settings {
        http_addr: free,
        smtp_addr: free,
        health_addr: free,
        database_url: env.database_url.clone(),
        data_dir: folder.path().to_owned(),
        public_url: None,
        wallet_merchant_id: "TESTMERCH".to_owned(),
        wallet_hold_ms: HOLD_MS,
        wallet_secret: String::from("test-secret").into(),
    };
    (settings, folder)
}

pub async fn start_again(env: &Env, ctx: &boot::Context) -> Running {
    let (settings, _folder) = settings(env);
    sandbox::start(settings, ctx).await.unwrap()
}

impl World {
    pub async fn start() -> World {
        World::start_at(Clock::system()).await
    }

    pub async fn start_at(clock: Clock) -> World {
        let env = Env::start_at("sandbox", &MIGRATOR, clock).await;
        let running = start_again(&env, &env.ctx).await;
        let told = Told::start().await;
        World { base: format!("http://{}", running.http), http: reqwest::Client::new(), told, env }
    }

    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.base)).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn arm(&self, fault: &str, delay_ms: u32) {
        self.arm_next("charge", fault, delay_ms).await;
    }

    /// Arms a fault for the next operation of that name.
    pub async fn arm_next(&self, next: &str, fault: &str, delay_ms: u32) {
        let body = json!({ "bill_reference": "TRF-1", "fault": fault, "delay_ms": delay_ms, "next": next });
        self.control("/control/wallet/faults", &body).await;
    }

    /// The book's line of a reference.
    pub async fn charge(&self, reference: &str) -> Option<Value> {
        self.lines("charges", reference).await
    }

    async fn lines(&self, of: &str, reference: &str) -> Option<Value> {
        let book = self.http.get(format!("{}/control/wallet/book", self.base)).send().await.unwrap();
        let book: Value = book.json().await.unwrap();
        let lines = book[of].as_array().unwrap();
        let lines: Vec<&Value> = lines.iter().filter(|line| line["reference"] == reference).collect();
        assert!(lines.len() < 2, "a reference has one line");
        lines.first().map(|line| (*line).clone())
    }

    pub fn order(&self, reference: &str, amount: &str) -> BTreeMap<String, String> {
        fields([
            ("merchantId", "TESTMERCH"),
            ("appId", "TESTAPP"),
            ("transactionAmount", amount),
            ("transactionCurrency", "BHD"),
            ("referenceNumber", reference),
            ("billReference", "TRF-1"),
            ("callbackUrl", &self.told.url),
        ])
    }

    pub async fn send(
        &self,
        path: &str,
        fields: &BTreeMap<String, String>,
        signature: &str,
    ) -> reqwest::Result<reqwest::Response> {
        self.http
            .post(format!("{}{path}", self.base))
            .header("X-FOO-Signature", signature)
            .header("X-FOO-Signature-Type", "KEYVAL")
            .json(fields)
            .send()
            .await
    }

    pub async fn try_collect(&self, reference: &str, amount: &str) -> reqwest::Result<reqwest::Response> {
        let order = self.order(reference, amount);
        self.send("/benefit-pay/payments", &order, &sign(&order)).await
    }

    pub async fn collect(&self, reference: &str, amount: &str) -> Said {
        read(self.try_collect(reference, amount).await.unwrap()).await
    }

    pub async fn inquire(&self, reference: &str) -> Said {
        self.ask("/benefit-pay/check-status", reference).await
    }

    pub async fn inquire_refund(&self, reference: &str) -> Said {
        self.ask("/benefit-pay/refunds/check-status", reference).await
    }

    pub async fn reverse(&self, reference: &str) -> Said {
        self.ask("/benefit-pay/reversals", reference).await
    }

    async fn ask(&self, path: &str, reference: &str) -> Said {
        let fields = fields([("merchant_id", "TESTMERCH"), ("reference_id", reference)]);
        read(self.send(path, &fields, &sign(&fields)).await.unwrap()).await
    }

    /// A charge of 5.250 that the payer has approved; the provider's reference.
    pub async fn paid(&self, reference: &str) -> String {
        let payment_id = self.collect(reference, "5.250").await.get("payment_id").to_owned();
        assert_eq!(self.press(reference, "approve").await, 200);
        payment_id
    }

    pub async fn try_refund(
        &self,
        reference: &str,
        (original, payment_id): (&str, &str),
        amount: &str,
    ) -> reqwest::Result<reqwest::Response> {
        let order = fields([
            ("merchant_id", "TESTMERCH"),
            ("reference_id", reference),
            ("original_reference_id", original),
            ("payment_id", payment_id),
            ("amount", amount),
            ("currency", "BHD"),
        ]);
        self.send("/benefit-pay/refunds", &order, &sign(&order)).await
    }

    pub async fn refund(&self, reference: &str, of: (&str, &str), amount: &str) -> Said {
        read(self.try_refund(reference, of, amount).await.unwrap()).await
    }

    /// The book's line of a refund.
    pub async fn refund_line(&self, reference: &str) -> Option<Value> {
        self.lines("refunds", reference).await
    }

    pub async fn arm_refund(&self, fault: &str, delay_ms: u32) {
        self.arm_next("refund", fault, delay_ms).await;
    }

    /// The payer's finger; the page's status.
    pub async fn press(&self, reference: &str, button: &str) -> StatusCode {
        let url = format!("{}/wallet/pay/{reference}/{button}", self.base);
        self.http.post(url).send().await.unwrap().status()
    }
}

pub fn fields<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

pub fn sign(fields: &BTreeMap<String, String>) -> String {
    keyval::sign(SECRET, fields.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Reads an answer and checks its signature.
pub async fn read(answer: reqwest::Response) -> Said {
    assert_eq!(answer.status(), 200);
    let signature = answer.headers()["X-FOO-Signature"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    let meta = body["meta"]["status"].as_str().unwrap().to_owned();
    let response: BTreeMap<String, String> = serde_json::from_value(body["response"].clone()).unwrap();
    let mut covered = response.clone();
    covered.insert("meta_status".to_owned(), meta.clone());
    assert_eq!(sign(&covered), signature);
    Said { meta, response }
}

/// The merchant's callback server and what it was told.
#[derive(Clone)]
pub struct Told {
    pub url: String,
    heard: Heard,
}

#[derive(Clone, Default)]
struct Heard {
    callbacks: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    refuse: Arc<Mutex<usize>>,
}

impl Told {
    async fn start() -> Told {
        let heard = Heard::default();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(hear)).with_state(heard.clone());
        #[expect(clippy::disallowed_methods, reason = "the server of a test ends with its runtime")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        Told { url, heard }
    }

    /// The next callbacks are refused this often.
    pub fn refuse(&self, times: usize) {
        *self.heard.refuse.lock().unwrap() = times;
    }

    pub fn so_far(&self) -> Vec<BTreeMap<String, String>> {
        self.heard.callbacks.lock().unwrap().clone()
    }

    /// Waits for that many callbacks.
    pub async fn times(&self, times: usize) -> Vec<BTreeMap<String, String>> {
        wait_for("callbacks", SOON, async || Some(self.so_far()).filter(|all| all.len() >= times)).await
    }
}

async fn hear(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let fields: BTreeMap<String, String> = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["X-FOO-Signature"].to_str().unwrap(), sign(&fields));
    let mut refuse = heard.refuse.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    heard.callbacks.lock().unwrap().push(fields);
    StatusCode::OK
}
