//! Routes: one file a noun. A handler admits the caller, reads the request, calls one service, shows the answer.
pub(crate) mod auth;
mod bills;
mod changes;
mod collections;
mod credit_notes;
mod documents;
mod invoice_drafts;
mod invoices;
mod payments;
mod read;
mod resources;
mod statement;
mod upload_ways;
mod uploads;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tonic::Code as Kind;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mizan",
        version = "1",
        description = "Issue bills, have them paid, know what was paid. Amounts are strings with exactly three decimals. \
                       Every POST needs an Idempotency-Key: sent again with the same key, it has one effect and gives the \
                       first answer. Refusals are application/problem+json (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&ApiKey),
    components(schemas(ProblemBody)),
    security(("api_key" = []))
)]
struct Description;

struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        api.components.get_or_insert_default().add_security_scheme("api_key", scheme);
    }
}

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::show))
        .routes(routes!(uploads::errors))
        .routes(routes!(uploads::corrections))
        .routes(routes!(uploads::issue))
        .routes(routes!(upload_ways::template))
        .routes(routes!(upload_ways::preview))
        .routes(routes!(upload_ways::withdraw))
        .routes(routes!(invoices::issue, invoices::list))
        .routes(routes!(invoices::show))
        .routes(routes!(documents::show))
        .routes(routes!(invoice_drafts::create, invoice_drafts::list))
        .routes(routes!(invoice_drafts::approve))
        .routes(routes!(invoice_drafts::discard))
        .routes(routes!(credit_notes::list))
        .routes(routes!(credit_notes::show))
        .routes(routes!(changes::amend))
        .routes(routes!(changes::cancel))
        .routes(routes!(bills::show))
        .routes(routes!(payments::start))
        .routes(routes!(payments::show))
        .routes(routes!(webhooks::create, webhooks::list))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(collections::list))
        .routes(routes!(statement::show))
        .routes(routes!(statement::print))
}

/// The description of the API, OpenAPI 3.1, from the code.
///
/// # Panics
/// Never: the description is a tree of strings.
pub fn openapi_json() -> String {
    let (_, api) = described().split_for_parts();
    serde_json::to_string_pretty(&api).expect("a description is JSON")
}

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let description: Arc<str> = openapi_json().into();
    let (routes, _) = described().split_for_parts();
    routes
        .route(
            "/openapi.json",
            get(async move || ([("content-type", "application/json")], description.to_string())),
        )
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

async fn unknown_route(uri: Uri) -> Response {
    Refused::new(Kind::NotFound, "route_unknown", format!("There is no {}.", uri.path())).into_response()
}

async fn wrong_method(uri: Uri) -> Response {
    let detail = format!("{} does not take this method.", uri.path());
    Refused::new(Kind::Unimplemented, "method_not_allowed", detail).into_response()
}

/// JSON with a status.
fn shown<T: serde::Serialize>(status: StatusCode, resource: &T) -> Response {
    (status, axum::Json(resource)).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let committed = include_str!("../../../../docs/openapi.json");
        assert_eq!(
            committed.trim(),
            super::openapi_json(),
            "write target/openapi.json's text to docs/openapi.json"
        );
        let api: serde_json::Value = serde_json::from_str(committed).unwrap();
        assert_eq!(api["openapi"], "3.1.0");
    }
}
