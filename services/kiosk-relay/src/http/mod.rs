//! The device API under `/device/v1`: convert, see who calls, call app; no rules.

mod answer;
mod listener;
mod wire;

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    routing::{get, post},
};
use boot::Panicked;
use serde::de::DeserializeOwned;
use serde_json::json;
use standards::device_journal::canonical;

pub use self::listener::serve;
use self::{
    answer::{Answer, Refused},
    wire::{BillQuery, Enrol, Hello, Journal, Session},
};
use crate::{
    Error,
    app::{self, Peer, Relay, bill::Bill, journal::RECORDS_MAX},
};

/// 200 records of some kilobytes.
const BODY_MAX: usize = 2 * 1024 * 1024;

/// What the connection's certificate says, if it showed one.
type Who = Extension<Option<Peer>>;

/// All endpoints. Each but `enrol` needs the device's certificate.
pub fn router(relay: Relay) -> Router {
    Router::new()
        .route("/device/v1/enrol", post(enrol))
        .route("/device/v1/hello", post(hello))
        .route("/device/v1/bills", get(bills))
        .route("/device/v1/sessions", post(sessions))
        .route("/device/v1/journal", post(journal))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(relay)
}

async fn enrol(State(relay): State<Relay>, body: Bytes) -> Answer {
    let Enrol { device_id, code, csr_pem } = read(&body)?;
    let work = app::enrolment::enrol(relay.clone(), device_id, code, csr_pem);
    let enrolled = flat(relay.tasks.run(work).await)?;
    Ok(Json(json!({
        "device_id": enrolled.device_id,
        "certificate_pem": enrolled.certificate_pem,
        "ca_pem": relay.ca.pem(),
        "bill_key": hex::encode(relay.ca.bill_key().as_bytes()),
        "state": "pending",
    })))
}

async fn hello(State(relay): State<Relay>, Extension(who): Who, body: Bytes) -> Answer {
    let peer = who.ok_or(Error::NotThisDevice)?;
    let said: Hello = read(&body)?;
    tracing::debug!(device = %peer.device_id, boot = said.boot_id, fw = said.fw, epoch = said.epoch, seq = said.last_seq,
        time = said.device_time, hash = %said.last_hash, "hello");
    let heard = flat(relay.tasks.run(app::hello::hello(relay.clone(), peer)).await)?;
    Ok(Json(json!({
        "server_time": answer::time(heard.server_time),
        "state": heard.state,
        "epoch": heard.epoch,
        "ack_seq": heard.ack_seq,
        "ack_hash": heard.ack_hash,
        "config": { "records_max": RECORDS_MAX },
        "commands": [],
    })))
}

async fn bills(State(relay): State<Relay>, Extension(who): Who, Query(query): Query<BillQuery>) -> Answer {
    let peer = who.ok_or(Error::NotThisDevice)?;
    let bill = app::bill::snapshot(relay.clone(), peer, query.reference).await?;
    let snapshot = snapshot_of(&bill);
    let text = canonical(&snapshot).map_err(|error| Error::Ca(error.into()))?;
    let signature = relay.ca.sign_bill(&text);
    Ok(Json(json!({ "snapshot": snapshot, "signature": signature })))
}

/// The canonical text of this is what is signed.
fn snapshot_of(bill: &Bill) -> serde_json::Value {
    json!({
        "bill_reference": bill.bill_reference,
        "version": bill.version,
        "due_fils": bill.due.minor_units(),
        "payable_until": answer::time(bill.payable_until),
        "cash": {
            "denominations_fils": [500, 1_000, 5_000, 10_000, 20_000],
            "change": false,
            "overpaid": "payer_credit",
        },
    })
}

async fn sessions(State(relay): State<Relay>, Extension(who): Who, body: Bytes) -> Answer {
    let peer = who.ok_or(Error::NotThisDevice)?;
    let Session { bill_reference, session_id } = read(&body)?;
    let bill = app::bill::begin_session(relay.clone(), peer, bill_reference).await?;
    Ok(Json(json!({
        "session_id": session_id,
        "bill_reference": bill.bill_reference,
        "due_fils": bill.due.minor_units(),
    })))
}

async fn journal(State(relay): State<Relay>, Extension(who): Who, body: Bytes) -> Answer {
    let peer = who.ok_or(Error::NotThisDevice)?;
    let Journal { epoch, records } = read(&body)?;
    if records.len() > RECORDS_MAX || records.iter().any(|signed| signed.record.epoch != epoch) {
        let detail = format!("send at most {RECORDS_MAX} records, all of the epoch named");
        return Err(Error::Invalid { field: "records", detail }.into());
    }
    let receipt = flat(relay.tasks.run(app::journal::take(relay.clone(), peer, records)).await)?;
    let results: Vec<_> =
        receipt.results.iter().map(|(seq, done)| json!({ "seq": seq, "result": done.name() })).collect();
    let answer = json!({
        "epoch": receipt.head.epoch,
        "ack_seq": receipt.head.seq,
        "ack_hash": receipt.head.hash,
        "results": results,
    });
    match receipt.gap {
        None => Ok(Json(answer)),
        Some((epoch, need_from)) => {
            Err(Refused { error: Error::Gap { epoch, need_from }, receipt: Some(answer) })
        }
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Invalid { field: "body", detail: error.to_string() })
}

fn flat<T>(ended: Result<Result<T, Error>, Panicked>) -> Result<T, Error> {
    ended.unwrap_or_else(|panicked| Err(panicked.into()))
}
