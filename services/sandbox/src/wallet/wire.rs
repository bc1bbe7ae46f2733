//! What the wallet and its merchants say to each other.
//!
//! Written on its own, not shared with the adapter's side: a mistake there must not be repeated here.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use boot::Redacted;
use money::{Currency, Money};
use serde::Deserialize;
use serde_json::json;
use standards::keyval;

use super::{
    charge::{Charge, State},
    refund::{self, Refund},
};

/// The header of the signature, on requests, answers and callbacks.
pub const SIGNATURE: &str = "X-FOO-Signature";
/// The header that names the kind of signature.
pub const SIGNATURE_TYPE: &str = "X-FOO-Signature-Type";
/// The one kind we know.
pub const KEYVAL: &str = "KEYVAL";

/// What two parties share.
#[derive(Clone, Debug)]
pub struct Secret(pub Redacted<String>);

impl Secret {
    fn bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }

    /// The signature of flat fields.
    pub fn sign(&self, fields: &BTreeMap<String, String>) -> String {
        keyval::sign(self.bytes(), fields.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }

    fn verify(&self, fields: &BTreeMap<String, String>, signature: &str) -> bool {
        let fields = fields.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        keyval::verify(self.bytes(), fields, signature).is_ok()
    }
}

/// Why a merchant's request is refused. The answer is HTTP 200 all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    BadRequest,
    BadSignature,
    UnknownMerchant,
    NotFound,
    /// The reference is known with another amount, bill or way to capture.
    ReferenceReused,
    /// More is to be captured than is held.
    AmountExceedsHeld,
}

impl Refusal {
    fn code(self) -> &'static str {
        match self {
            Refusal::BadRequest => "BAD_REQUEST",
            Refusal::BadSignature => "BAD_SIGNATURE",
            Refusal::UnknownMerchant => "UNKNOWN_MERCHANT",
            Refusal::NotFound => "NOT_FOUND",
            Refusal::ReferenceReused => "REFERENCE_REUSED",
            Refusal::AmountExceedsHeld => "AMOUNT_EXCEEDS_HELD",
        }
    }
}

/// A merchant's order to collect.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRequest {
    pub merchant_id: String,
    pub app_id: String,
    pub transaction_amount: String,
    pub transaction_currency: String,
    pub reference_number: String,
    pub bill_reference: String,
    pub callback_url: String,
    #[serde(default)]
    pub return_url: String,
    /// When an approved amount is taken: `AUTOMATIC` or nothing says at once, `MANUAL` when the merchant captures it.
    #[serde(default)]
    pub capture_mode: String,
}

impl PaymentRequest {
    /// The amount in fils.
    ///
    /// # Errors
    /// It is not in dinars, not positive, or not exactly three decimals.
    pub fn fils(&self) -> Result<i64, Refusal> {
        fils(&self.transaction_amount, &self.transaction_currency)
    }

    /// Is an approved amount only held?
    ///
    /// # Errors
    /// It names a mode that does not exist.
    pub fn holds(&self) -> Result<bool, Refusal> {
        match self.capture_mode.as_str() {
            "" | "AUTOMATIC" => Ok(false),
            "MANUAL" => Ok(true),
            _ => Err(Refusal::BadRequest),
        }
    }
}

fn fils(amount: &str, currency: &str) -> Result<i64, Refusal> {
    let fils = Money::from_json_amount(amount, Currency::Bhd)
        .ok()
        .filter(|_| currency == "BHD")
        .map(Money::minor_units);
    fils.filter(|fils| *fils > 0).ok_or(Refusal::BadRequest)
}

/// A merchant's order to take what a charge holds.
#[derive(Clone, Debug, Deserialize)]
pub struct CaptureRequest {
    pub merchant_id: String,
    pub reference_id: String,
    /// The charge's, as the provider names it.
    pub payment_id: String,
    pub amount: String,
    pub currency: String,
}

impl CaptureRequest {
    /// The amount in fils.
    ///
    /// # Errors
    /// As [`PaymentRequest::fils`].
    pub fn fils(&self) -> Result<i64, Refusal> {
        fils(&self.amount, &self.currency)
    }
}

/// A merchant's order to give back.
#[derive(Clone, Debug, Deserialize)]
pub struct RefundRequest {
    pub merchant_id: String,
    /// The refund's.
    pub reference_id: String,
    /// The charge's.
    pub original_reference_id: String,
    /// The charge's, as the provider names it.
    pub payment_id: String,
    pub amount: String,
    pub currency: String,
}

impl RefundRequest {
    /// The amount in fils.
    ///
    /// # Errors
    /// As [`PaymentRequest::fils`].
    pub fn fils(&self) -> Result<i64, Refusal> {
        fils(&self.amount, &self.currency)
    }
}

/// A merchant's question about a reference, or its wish to give it up.
#[derive(Clone, Debug, Deserialize)]
pub struct StatusRequest {
    pub merchant_id: String,
    pub reference_id: String,
}

/// Reads a request whose signature fits all of its fields.
///
/// # Errors
/// It is not flat JSON with the fields of `T`, or its signature is missing or wrong.
pub fn read<T: for<'de> Deserialize<'de>>(
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, Refusal> {
    let fields: BTreeMap<String, String> = serde_json::from_slice(body).ok().ok_or(Refusal::BadRequest)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = text(SIGNATURE).filter(|_| text(SIGNATURE_TYPE) == Some(KEYVAL));
    if !signature.is_some_and(|signature| secret.verify(&fields, signature)) {
        return Err(Refusal::BadSignature);
    }
    // The form of the mobile library carries the same signature inside.
    if fields.get("secure_hash").is_some_and(|hash| Some(hash.as_str()) != signature) {
        return Err(Refusal::BadSignature);
    }
    let object = fields.into_iter().map(|(key, value)| (key, value.into())).collect();
    serde_json::from_value(serde_json::Value::Object(object)).ok().ok_or(Refusal::BadRequest)
}

/// The provider's word about a charge: `response.status` and `response.code`.
fn words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Created => ("PENDING", "PENDING"),
        State::Authorised => ("SUCCESS", "AUTHORIZED"),
        State::Paid { .. } => ("SUCCESS", "CAPTURED"),
        State::Declined => ("FAILED", "DECLINED_BY_PAYER"),
        State::Expired => ("EXPIRED", "EXPIRED"),
        State::Reversed => ("FAILED", "REVERSED"),
    }
}

/// The provider's word about a refund: `response.status` and `response.code`.
fn refund_words(state: refund::State) -> (&'static str, &'static str) {
    match state {
        refund::State::Refunded { .. } => ("SUCCESS", "REFUNDED"),
        refund::State::Declined(decline) => ("FAILED", decline.code()),
    }
}

/// The signed answer about a refund.
pub fn refund_answer(secret: &Secret, refund: &Refund) -> Response {
    signed(secret, "SUCCESS", &refund_fields(refund, refund.amount_fils()))
}

fn refund_fields(refund: &Refund, amount_fils: i64) -> BTreeMap<String, String> {
    let (status, code) = refund_words(refund.state);
    fields([
        ("status", status),
        ("code", code),
        ("reference_id", &refund.reference),
        ("refund_id", &refund.refund_id),
        ("original_reference_id", &refund.original_reference),
        ("amount", &Money::fils(amount_fils).to_json_amount()),
        ("currency", "BHD"),
    ])
}

/// The signed answer about a charge.
pub fn answer(secret: &Secret, charge: &Charge, redirect_url: &str) -> Response {
    let (status, code) = words(charge.state);
    let mut response = fields([
        ("status", status),
        ("code", code),
        ("reference_id", &charge.reference),
        ("payment_id", &charge.payment_id),
    ]);
    // A reference that was reversed before its order came has no amount.
    if charge.amount_fils > 0 {
        response.extend(fields([
            ("amount", Money::fils(charge.amount_fils).to_json_amount().as_str()),
            ("currency", "BHD"),
        ]));
    }
    if charge.state == State::Created {
        response.insert("redirect_url".to_owned(), redirect_url.to_owned());
    }
    signed(secret, "SUCCESS", &response)
}

/// The signed answer to a request that is refused.
pub fn refuse(secret: &Secret, refusal: Refusal, reference: &str) -> Response {
    let response = fields([("status", "ERROR"), ("code", refusal.code()), ("reference_id", reference)]);
    signed(secret, "ERROR", &response)
}

fn signed(secret: &Secret, meta_status: &str, response: &BTreeMap<String, String>) -> Response {
    let mut covered = response.clone();
    covered.insert("meta_status".to_owned(), meta_status.to_owned());
    let signature = secret.sign(&covered);
    let body = json!({ "meta": { "status": meta_status }, "response": response });
    ([(SIGNATURE, signature.as_str()), (SIGNATURE_TYPE, KEYVAL)], Json(body)).into_response()
}

/// The body of a callback, and its signature.
pub fn callback(secret: &Secret, merchant_id: &str, charge: &Charge) -> (String, String) {
    let (status, code) = words(charge.state);
    let fields = fields([
        ("merchant_id", merchant_id),
        ("reference_id", &charge.reference),
        ("payment_id", &charge.payment_id),
        ("status", status),
        ("code", code),
        ("amount", &Money::fils(charge.told_fils()).to_json_amount()),
        ("currency", "BHD"),
    ]);
    (json!(fields).to_string(), secret.sign(&fields))
}

/// The body of a callback about a refund, and its signature.
pub fn refund_callback(secret: &Secret, merchant_id: &str, refund: &Refund) -> (String, String) {
    let mut fields = refund_fields(refund, refund.told_fils());
    fields.insert("merchant_id".to_owned(), merchant_id.to_owned());
    (json!(fields).to_string(), secret.sign(&fields))
}

fn fields<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
