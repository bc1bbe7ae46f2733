//! Where providers call us back.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use crate::{
    Adapter, Error,
    app::callback::{self, Heard},
    providers::benefit_pay,
};

/// The longest callback we read.
const BODY_MAX: usize = 16 * 1024;
/// Where BenefitPay calls us back, under our public address.
pub const BENEFIT_PAY: &str = "/callbacks/benefit-pay";

/// The callback endpoints.
pub fn router(adapter: Adapter) -> Router {
    Router::new()
        .route(BENEFIT_PAY, post(from_benefit_pay))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(adapter)
}

async fn from_benefit_pay(State(adapter): State<Adapter>, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers.get(benefit_pay::SIGNATURE).and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default().to_owned();
    let tasks = adapter.tasks.clone();
    let work = callback::receive(adapter, "benefit-pay", signature, body.to_vec());
    let heard = tasks.run(work).await.map_err(Error::from).and_then(|heard| heard);
    match heard {
        Ok(Heard::New | Heard::Again) => StatusCode::OK.into_response(),
        Ok(Heard::Forged) => (StatusCode::UNAUTHORIZED, "the signature does not fit\n").into_response(),
        Err(error) => {
            tracing::error!(error = boot::start_error::chain(&error), "a callback could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, "not kept; send it again\n").into_response()
        }
    }
}
