//! The tester's side: what shall go wrong, and what really happened.

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    Wallet, book,
    charge::Charge,
    fault::{Armed, Fault, Operation},
    refund::{self, Refund},
};
use crate::Error;

/// The tester's endpoints.
pub fn router() -> Router<Wallet> {
    Router::new()
        .route("/control/wallet/faults", post(arm))
        .route("/control/wallet/outage", post(outage))
        .route("/control/wallet/slow", post(slow))
        .route("/control/wallet/book", get(charges))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    bill_reference: String,
    fault: String,
    #[serde(default)]
    delay_ms: u32,
    #[serde(default)]
    next: Operation,
}

async fn arm(State(wallet): State<Wallet>, Json(order): Json<Arm>) -> Result<Json<Value>, Error> {
    let fault: Fault = order.fault.parse()?;
    if order.bill_reference.is_empty() {
        return Err(Error::Invalid("`bill_reference` is empty; name the bill".to_owned()));
    }
    let world = &wallet.0.world;
    let mut tx = world.pg.begin().await?;
    let now = world.ctx.clock.now();
    let armed = Armed { fault, delay_ms: order.delay_ms.into() };
    book::arm(&mut tx, &order.bill_reference, order.next, armed, now).await?;
    tx.commit().await?;
    Ok(Json(json!({
        "bill_reference": order.bill_reference,
        "armed": fault.name(),
        "next": order.next.name(),
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outage {
    on: bool,
}

async fn outage(State(wallet): State<Wallet>, Json(order): Json<Outage>) -> Result<Json<Value>, Error> {
    wallet.set_weather(Some(order.on), None).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slow {
    delay_ms: u32,
}

async fn slow(State(wallet): State<Wallet>, Json(order): Json<Slow>) -> Result<Json<Value>, Error> {
    wallet.set_weather(None, Some(order.delay_ms.into())).await
}

impl Wallet {
    async fn set_weather(&self, outage: Option<bool>, slow_ms: Option<i64>) -> Result<Json<Value>, Error> {
        let mut known = self.0.weather.write().await;
        let mut tx = self.0.world.pg.begin().await?;
        book::set_weather(&mut tx, outage, slow_ms).await?;
        let weather = book::weather(&mut tx).await?;
        tx.commit().await?;
        *known = Some(weather);
        self.0.bell.notify_one();
        Ok(Json(json!({ "outage": weather.outage, "slow_ms": weather.slow_ms })))
    }
}

async fn charges(State(wallet): State<Wallet>) -> Result<Json<Value>, Error> {
    let mut tx = wallet.0.world.pg.read().await?;
    let charges = book::charges(&mut tx).await?;
    let refunds = refund::book::refunds(&mut tx).await?;
    Ok(Json(json!({
        "charges": charges.iter().map(line).collect::<Vec<_>>(),
        "refunds": refunds.iter().map(refund_line).collect::<Vec<_>>(),
    })))
}

fn line(charge: &Charge) -> Value {
    let applied_at = charge.state.applied_at().and_then(|at| at.format(&Rfc3339).ok());
    json!({
        "reference": charge.reference,
        "payment_id": charge.payment_id,
        "bill_reference": charge.bill_reference,
        "asked_fils": charge.asked_fils,
        "amount_fils": charge.amount_fils,
        "held_fils": charge.held_fils(),
        "taken_fils": charge.taken_fils(),
        "refunded_fils": charge.refunded_fils,
        "state": charge.state.name(),
        "applied_at": applied_at,
        "fault": charge.fault.map(Fault::name),
        "capture_fault": charge.capture_fault.map(|armed| armed.fault.name()),
    })
}

fn refund_line(refund: &Refund) -> Value {
    let applied_at = refund.state.applied_at().and_then(|at| at.format(&Rfc3339).ok());
    json!({
        "reference": refund.reference,
        "refund_id": refund.refund_id,
        "original_reference": refund.original_reference,
        "asked_fils": refund.asked_fils,
        "given_fils": refund.state.given_fils(),
        "state": refund.state.name(),
        "reason": refund.state.reason(),
        "applied_at": applied_at,
        "fault": refund.fault.map(Fault::name),
    })
}
