//! QR codes as pictures of their own, so that pages need no inline data.
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use qrcode::QrCode;
use qrcode::render::svg;
use standards::emv_qr;

use super::{bill as bills, payment as payments};
use crate::App;
use crate::view::Reader;

/// Government services of ISO 18245.
const CATEGORY: &str = "9399";
const GUID: &str = "bh.gov.mizan";
const NAME: &str = "GOV SERVICES";
const CITY: &str = "MANAMA";
/// Readable from a phone at arm's length.
const SIDE_PIXELS: u32 = 220;

/// The bill for a wallet's camera (EMV, merchant-presented).
pub(super) async fn bill(
    State(app): State<App>,
    Path((_lang, bill_reference)): Path<(String, String)>,
) -> Response {
    let Ok((_, invoice, _)) = bills::look_up(&app, &bill_reference).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let amount = Reader(boot::Lang::En).money(invoice.total.as_ref());
    let content = emv_qr::build(&emv_qr::Bill {
        guid: GUID.to_owned(),
        agency: invoice.agency_id,
        category_code: CATEGORY.to_owned(),
        amount: amount.trim_start_matches("BHD ").replace(',', ""),
        name: NAME.to_owned(),
        city: CITY.to_owned(),
        bill: invoice.bill_reference,
        reference: None,
        terminal: None,
        local: None,
    });
    content.map_or_else(|_| StatusCode::NOT_FOUND.into_response(), |content| picture(&content))
}

/// What the wallet must scan to approve a payment.
pub(super) async fn payment(
    State(app): State<App>,
    Path((_lang, payment_id)): Path<(String, String)>,
) -> Response {
    let payload = payments::look_up(&app, &payment_id).await.ok().and_then(|payment| payment.next_action);
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
