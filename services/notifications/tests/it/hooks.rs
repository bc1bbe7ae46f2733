//! An agency's webhook server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use standards::webhook::{Headers, Secret, verify};
use testkit::wait_for;
use tokio::{net::TcpListener, task::JoinSet};

use crate::stack::SOON;

/// It answers what it is told to, then 200.
pub struct Hooks {
    pub url: String,
    seen: Seen,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    calls: Vec<Call>,
    answers: VecDeque<(u16, &'static str)>,
}

/// One call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub headers: HeaderMap,
    pub body: String,
}

impl Hooks {
    pub async fn start() -> Hooks {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let (seen, mut tasks) = (Seen::default(), JoinSet::new());
        let router = Router::new().route("/hooks", post(note)).with_state(seen.clone());
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Hooks { url, seen, _tasks: tasks }
    }

    /// The next call is answered with `status`, and a header (its value; a name by the status).
    pub fn answers(&self, status: u16, header: &'static str) {
        self.seen.0.lock().unwrap().answers.push_back((status, header));
    }

    pub fn calls(&self) -> Vec<Call> {
        self.seen.0.lock().unwrap().calls.clone()
    }

    /// The calls, once there are as many as `count`.
    pub async fn after(&self, count: usize) -> Vec<Call> {
        wait_for("the calls have come", SOON, async || Some(self.calls()).filter(|c| c.len() >= count)).await
    }
}

async fn note(State(seen): State<Seen>, headers: HeaderMap, body: String) -> Response {
    let mut seen = seen.0.lock().unwrap();
    seen.calls.push(Call { headers, body });
    let (status, header) = seen.answers.pop_front().unwrap_or((200, ""));
    let status = StatusCode::from_u16(status).unwrap();
    let name = if status.is_redirection() { "location" } else { "retry-after" };
    if header.is_empty() { status.into_response() } else { (status, [(name, header)]).into_response() }
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As an agency checks it, at the time `now`.
    pub fn is_signed_by(&self, secret: &str, now_unix_s: i64) {
        let headers = Headers {
            id: self.header("webhook-id"),
            timestamp: self.header("webhook-timestamp"),
            signature: self.header("webhook-signature"),
        };
        verify(&[Secret::from_text(secret).unwrap()], headers, self.body.as_bytes(), now_unix_s).unwrap();
    }
}
