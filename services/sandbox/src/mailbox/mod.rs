//! The mail server that receives everything the platform sends.

mod book;
mod shown;
mod smtp;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use boot::StartError;
use serde::{Deserialize, Serialize};

use crate::{Error, World};
use shown::Shown;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// All mails when left out.
    to: Option<String>,
}

#[derive(Debug, Serialize)]
struct Mailbox {
    messages: Vec<Shown>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    times: i32,
    /// An SMTP code from 400 to 599.
    status: i32,
}

/// What arrived, and the server's troubles.
pub fn router(world: &World) -> Router {
    Router::new()
        .route("/control/mailbox", get(read))
        .route("/control/mailbox/fail", post(fail))
        .with_state(world.clone())
}

async fn read(State(world): State<World>, Query(whose): Query<Whose>) -> Result<Json<Mailbox>, Error> {
    let receiver = whose.to.map(|to| to.to_lowercase());
    let mut tx = world.pg.read().await?;
    let kept = book::kept(&mut tx, receiver.as_deref()).await?;
    Ok(Json(Mailbox { messages: kept.into_iter().map(Shown::from).collect() }))
}

async fn fail(State(world): State<World>, Json(fail): Json<Fail>) -> Result<StatusCode, Error> {
    if fail.times < 0 || !(400..600).contains(&fail.status) {
        return Err(Error::Invalid("give times from 0 and a status from 400 to 599".to_owned()));
    }
    let mut tx = world.pg.begin().await?;
    book::arm(&mut tx, fail.times, fail.status).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens the SMTP port. Returns the bound address.
///
/// # Errors
/// The port is taken.
pub async fn serve_smtp(world: &World, addr: SocketAddr) -> Result<SocketAddr, StartError> {
    let (listener, bound) = boot::http::bind(&world.ctx, "SMTP_ADDR", addr).await?;
    world.ctx.tasks.spawn("smtp", smtp::listen(world.clone(), listener));
    Ok(bound)
}
