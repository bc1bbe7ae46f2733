//! Routes: one file a page.
mod bill;
mod channels;
mod document;
mod find;
mod mine;
mod page;
mod payment;
mod prices;
mod qr;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::App;

/// The one style sheet; readers keep it for a day.
const CSS: &str = include_str!("../../assets/mizan.css");

/// All pages.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(find::choose))
        .route("/{lang}", get(find::form))
        .route("/{lang}/", get(find::form))
        .route("/{lang}/bills", get(find::go))
        .route("/{lang}/bills/{bill_reference}", get(bill::show))
        .route("/{lang}/bills/{bill_reference}/pay", post(payment::start))
        .route("/{lang}/bills/{bill_reference}/invoice.pdf", get(document::invoice))
        .route("/{lang}/payments/{payment_id}", get(payment::show))
        .route("/{lang}/payments/{payment_id}/receipt.pdf", get(document::receipt))
        .route("/{lang}/payments/{payment_id}/qr.svg", get(qr::payment))
        .route("/{lang}/mine", get(mine::ask).post(mine::list))
        .route("/{lang}/cart", post(mine::pay))
        .route("/{lang}/carts/{payment_ids}", get(mine::show))
        .route("/{lang}/prices", get(prices::agencies))
        .route("/{lang}/prices/{agency_id}", get(prices::of_agency))
        .route("/assets/mizan.css", get(css))
        .fallback(find::nothing)
        .layer(axum::middleware::map_response(guarded))
        .with_state(app)
}

async fn css() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, CSS).into_response()
}

/// No script at all, nothing of other origins, in nobody's frame.
async fn guarded(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}
