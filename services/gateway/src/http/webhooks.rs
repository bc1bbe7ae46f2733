//! Where an agency is told of its payments.
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use proto::notifications::v1::{
    CreateWebhookEndpointRequest, ListDeliveriesRequest, ListWebhookEndpointsRequest,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Scope, admit};
use super::read::{LONGEST_URL, at_most, idempotency_key, json, query};
use super::resources::{Delivery, WebhookEndpoint};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    /// https://…
    url: String,
}

/// Adds an endpoint. The answer holds the secret that signs every call; it is not shown again.
#[utoipa::path(post, path = "/v1/webhook-endpoints", tag = "webhooks", params(("idempotency-key" = String, Header)),
    request_body = NewEndpoint,
    responses((status = 201, body = WebhookEndpoint), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::WebhooksWrite).await?;
    let key = idempotency_key(&headers)?;
    let NewEndpoint { url } = json(&headers, body).await?;
    at_most("url", &url, LONGEST_URL)?;
    let call = caller.call().with_key(key).request(CreateWebhookEndpointRequest { url })?;
    let made = app.clients.notifications.clone().create_webhook_endpoint(call).await?.into_inner();
    let endpoint = made.endpoint.ok_or_else(|| empty("endpoint"))?;
    Ok(shown(StatusCode::CREATED, &WebhookEndpoint::new(endpoint, made.secret)))
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Endpoints {
    endpoints: Vec<WebhookEndpoint>,
}

/// The agency's endpoints.
#[utoipa::path(get, path = "/v1/webhook-endpoints", tag = "webhooks",
    responses((status = 200, body = Endpoints), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::WebhooksWrite).await?;
    let call = caller.call().request(ListWebhookEndpointsRequest {})?;
    let listed = app.clients.notifications.clone().list_webhook_endpoints(call).await?.into_inner();
    let endpoints =
        listed.endpoints.into_iter().map(|one| WebhookEndpoint::new(one, String::new())).collect();
    Ok(shown(StatusCode::OK, &Endpoints { endpoints }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Page {
    /// `next_after` of the page before.
    after: String,
    /// 1 to 1000; 100 when left out.
    limit: i32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deliveries {
    deliveries: Vec<Delivery>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    next_after: String,
}

/// Every delivery, oldest first.
#[utoipa::path(get, path = "/v1/webhook-deliveries", tag = "webhooks", params(Page),
    responses((status = 200, body = Deliveries), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn deliveries(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let caller = admit(&app, request.headers(), Scope::WebhooksWrite).await?;
    let Page { after, limit } = query(&request)?;
    let call = caller.call().request(ListDeliveriesRequest { after, limit })?;
    let page = app.clients.notifications.clone().list_deliveries(call).await?.into_inner();
    let deliveries = page.deliveries.into_iter().map(Delivery::from).collect();
    Ok(shown(StatusCode::OK, &Deliveries { deliveries, next_after: page.next_after }))
}
