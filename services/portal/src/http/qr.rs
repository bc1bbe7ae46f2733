//! The QR code of a payment as a picture of its own, so that the page needs no inline data.
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use qrcode::QrCode;
use qrcode::render::svg;

use super::payment::look_up;
use crate::App;

/// Readable from a phone at arm's length.
const SIDE_PIXELS: u32 = 220;

/// What the wallet must scan to approve a payment.
pub(super) async fn payment(
    State(app): State<App>,
    Path((_lang, payment_id)): Path<(String, String)>,
) -> Response {
    let payload = look_up(&app, &payment_id).await.ok().and_then(|payment| payment.next_action);
    match payload.map(|next| next.qr_payload).filter(|payload| !payload.is_empty()) {
        Some(payload) => picture(&payload),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn picture(content: &str) -> Response {
    let Ok(code) = QrCode::new(content) else { return StatusCode::NOT_FOUND.into_response() };
    let svg = code.render::<svg::Color<'_>>().min_dimensions(SIDE_PIXELS, SIDE_PIXELS).build();
    ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
}
