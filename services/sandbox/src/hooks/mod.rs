//! The webhook servers of agencies.

mod book;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use crate::{Error, World};
use book::Call;

#[derive(Debug, Serialize)]
struct Calls {
    calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    times: i32,
    /// An HTTP status from 200 to 599.
    status: i32,
}

/// Where agencies are told, and what they were told.
pub fn router(world: &World) -> Router {
    Router::new()
        .route("/agency-hooks/{name}", post(take))
        .route("/control/agency-hooks/{name}", get(read))
        .route("/control/agency-hooks/{name}/fail", post(fail))
        .with_state(world.clone())
}

/// Notes the call first, so that a caller who got an answer is in the book.
async fn take(
    State(world): State<World>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Error> {
    let now = world.ctx.clock.now();
    let mut tx = world.pg.begin().await?;
    let status = book::trouble(&mut tx, &name).await?.unwrap_or(200);
    let headers: BTreeMap<String, String> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let call = Call { headers: serde_json::json!(headers), body, answered: status, received_at: now };
    book::note(&mut tx, world.ctx.ids.uuid(now), &name, &call).await?;
    tx.commit().await?;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    Ok(status.unwrap_or(StatusCode::OK))
}

async fn read(State(world): State<World>, Path(name): Path<String>) -> Result<Json<Calls>, Error> {
    let mut tx = world.pg.read().await?;
    Ok(Json(Calls { calls: book::calls(&mut tx, &name).await? }))
}

async fn fail(
    State(world): State<World>,
    Path(name): Path<String>,
    Json(fail): Json<Fail>,
) -> Result<StatusCode, Error> {
    if fail.times < 0 || !(200..600).contains(&fail.status) {
        return Err(Error::Invalid("give times from 0 and a status from 200 to 599".to_owned()));
    }
    let mut tx = world.pg.begin().await?;
    book::arm(&mut tx, &name, fail.times, fail.status).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
