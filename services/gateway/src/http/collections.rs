//! What was collected.
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use proto::payments::v1::GetCollectionsRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{Scope, admit};
use super::resources::Collection;
use super::shown;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collections {
    collections: Vec<Collection>,
}

/// The agency's money by channel, out of the ledger, as of now.
#[utoipa::path(get, path = "/v1/collections", tag = "collections",
    responses((status = 200, body = Collections), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::CollectionsRead).await?;
    let call = caller.call().request(GetCollectionsRequest {})?;
    let listed = app.clients.ledger.clone().get_collections(call).await?.into_inner();
    let collections = listed.collections.into_iter().map(Collection::from).collect();
    Ok(shown(StatusCode::OK, &Collections { collections }))
}
