//! BenefitPay: wallet with redirect and QR, signed callback, inquiry, captures of held money, refunds, reversals.
//!
//! # Source
//! A guess, named as one. The official text is open to members only; field names, the KEYVAL headers and "HTTP 200 even
//! for errors" were read from public integrations, the rest (the path and answer of a payment, the words of states, what an
//! answer's signature covers, callbacks, refunds, reversals) is what such a provider needs. That it can hold money and take it
//! later is a guess too: its public pages do not say so. All of it stands in this file and nowhere else.

use std::{collections::BTreeMap, time::Duration};

use boot::Redacted;
use ids::{AttemptId, RefundId};
use money::{Currency, Money};
use serde::Deserialize;
use serde_json::json;
use standards::keyval;

use super::{
    Capabilities, Capture, Flow, Forged, Hint, Kind, Order, Refund,
    http::{Answer, Outgoing},
};
use crate::domain::{
    outcome::{Observation, Observed, Outcome},
    reference,
};

/// The header of the signature, on requests, answers and callbacks.
pub const SIGNATURE: &str = "X-FOO-Signature";
/// The header that names the kind of signature.
const SIGNATURE_TYPE: &str = "X-FOO-Signature-Type";
const KEYVAL: &str = "KEYVAL";
/// The code of a reference of which nothing can come any more.
const REVERSED: &str = "REVERSED";

/// BenefitPay as it is set up.
#[derive(Clone, Debug)]
pub struct BenefitPay {
    /// Without a slash at its end.
    pub base_url: String,
    pub merchant_id: String,
    pub app_id: String,
    pub secret: Redacted<String>,
}

type Fields = BTreeMap<String, String>;

/// An answer's body; `response` is flat.
#[derive(Debug, Deserialize)]
struct Body {
    meta: Meta,
    response: Fields,
}

#[derive(Debug, Deserialize)]
struct Meta {
    status: String,
}

/// Limits as its public pages state them.
pub fn capabilities() -> Capabilities {
    Capabilities {
        flows: &[Flow::Redirect, Flow::Qr],
        least: Money::fils(1),
        most: Money::fils(10_000_000),
        inquiry: true,
        authorise: true,
        callback: true,
        payable_for: Duration::from_mins(15),
    }
}

impl BenefitPay {
    /// The request that asks to collect.
    pub fn initiate(&self, order: &Order) -> Outgoing {
        let mut fields = fields([
            ("merchantId", &self.merchant_id),
            ("appId", &self.app_id),
            ("transactionAmount", &order.amount.to_json_amount()),
            ("transactionCurrency", order.amount.currency().code()),
            ("referenceNumber", &reference::of_attempt(order.attempt)),
            ("billReference", &order.bill_reference),
            ("callbackUrl", &order.callback_url),
        ]);
        if !order.return_url.is_empty() {
            fields.insert("returnUrl".to_owned(), order.return_url.clone());
        }
        if order.authorise_only {
            fields.insert("captureMode".to_owned(), "MANUAL".to_owned());
        }
        let hash = self.sign(&fields);
        fields.insert("secure_hash".to_owned(), hash);
        self.outgoing("/benefit-pay/payments", &fields)
    }

    /// The request that asks what became of an attempt.
    pub fn inquire(&self, attempt: AttemptId) -> Outgoing {
        self.about("/benefit-pay/check-status", &reference::of_attempt(attempt))
    }

    /// The request that asks to take held money.
    pub fn capture(&self, capture: &Capture) -> Outgoing {
        let fields = fields([
            ("merchant_id", &self.merchant_id),
            ("reference_id", &reference::of_attempt(capture.attempt)),
            ("payment_id", &capture.provider_reference),
            ("amount", &capture.amount.to_json_amount()),
            ("currency", capture.amount.currency().code()),
        ]);
        self.outgoing("/benefit-pay/captures", &fields)
    }

    /// The request that asks to give money back.
    pub fn refund(&self, refund: &Refund) -> Outgoing {
        let fields = fields([
            ("merchant_id", &self.merchant_id),
            ("reference_id", &reference::of_refund(refund.refund)),
            ("original_reference_id", &reference::of_attempt(refund.attempt)),
            ("payment_id", &refund.provider_reference),
            ("amount", &refund.amount.to_json_amount()),
            ("currency", refund.amount.currency().code()),
        ]);
        self.outgoing("/benefit-pay/refunds", &fields)
    }

    /// The request that asks what became of a refund.
    pub fn inquire_refund(&self, refund: RefundId) -> Outgoing {
        self.about("/benefit-pay/refunds/check-status", &reference::of_refund(refund))
    }

    /// The request that asks to give an attempt up.
    pub fn reverse(&self, attempt: AttemptId) -> Outgoing {
        self.about("/benefit-pay/reversals", &reference::of_attempt(attempt))
    }

    fn about(&self, path: &str, reference: &str) -> Outgoing {
        self.outgoing(path, &fields([("merchant_id", &self.merchant_id), ("reference_id", reference)]))
    }

    fn outgoing(&self, path: &str, fields: &Fields) -> Outgoing {
        Outgoing {
            url: format!("{}{path}", self.base_url),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                (SIGNATURE, self.sign(fields)),
                (SIGNATURE_TYPE, KEYVAL.to_owned()),
            ],
            body: json!(fields).to_string(),
        }
    }

    /// Reads an answer. Whatever is not exactly as it must be is indeterminate.
    pub fn read(&self, kind: Kind, answer: &Answer) -> Outcome {
        if answer.http_code != 200 {
            return Outcome::indeterminate(format!("http_{}", answer.http_code));
        }
        let Ok(Body { meta, response }) = serde_json::from_slice::<Body>(&answer.body) else {
            return Outcome::indeterminate("answer_malformed");
        };
        let mut signed = response.clone();
        signed.insert("meta_status".to_owned(), meta.status.clone());
        if !self.verify(&signed, &answer.signature) {
            return Outcome::indeterminate("answer_signature_wrong");
        }
        if !is_about(kind, &response) {
            return Outcome::indeterminate("answer_of_another_reference");
        }
        let get = |name: &str| response.get(name).map_or("", String::as_str);
        let words = (meta.status.as_str(), get("status"), get("code"));
        let state = match kind {
            Kind::Initiate(_) | Kind::Inquire(_) => of_attempt(kind, words),
            Kind::Capture(_) => of_capture(words),
            Kind::Refund { .. } | Kind::InquireRefund(_) => of_refund(kind, words),
            Kind::Reverse(_) => of_reversal(words),
        };
        match state {
            None => Outcome::indeterminate(format!("provider_said_{}", get("code"))),
            Some(Observed::NotFound) => not_found(),
            Some(state) => observation(kind, state, &response)
                .unwrap_or_else(|| Outcome::indeterminate("answer_malformed")),
        }
    }

    /// Reads a callback.
    ///
    /// # Errors
    /// [`Forged`].
    pub fn read_callback(&self, signature: &str, body: &[u8]) -> Result<Hint, Forged> {
        let fields: Fields = serde_json::from_slice(body).ok().ok_or(Forged)?;
        let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
        if !self.verify(&fields, signature) || get("merchant_id") != self.merchant_id {
            return Err(Forged);
        }
        Ok(Hint { reference: get("reference_id"), state: get("status") })
    }

    fn sign(&self, fields: &Fields) -> String {
        keyval::sign(self.secret.expose().as_bytes(), pairs(fields))
    }

    fn verify(&self, fields: &Fields, signature: &str) -> bool {
        keyval::verify(self.secret.expose().as_bytes(), pairs(fields), signature).is_ok()
    }
}

/// Does the answer carry our references of what was asked?
fn is_about(kind: Kind, response: &Fields) -> bool {
    let names = |name: &str, reference: &str| response.get(name).map(String::as_str) == Some(reference);
    match kind {
        Kind::Initiate(attempt)
        | Kind::Inquire(attempt)
        | Kind::Capture(attempt)
        | Kind::Reverse(attempt) => names("reference_id", &reference::of_attempt(attempt)),
        Kind::InquireRefund(refund) => names("reference_id", &reference::of_refund(refund)),
        Kind::Refund { refund, attempt } => {
            names("reference_id", &reference::of_refund(refund))
                // A refusal does not say whose money it would have been.
                && (!response.contains_key("original_reference_id")
                    || names("original_reference_id", &reference::of_attempt(attempt)))
        }
    }
}

/// `meta.status`, `response.status` and `response.code`.
type Words<'a> = (&'a str, &'a str, &'a str);

fn of_attempt(kind: Kind, words: Words<'_>) -> Option<Observed> {
    match words {
        ("SUCCESS", "PENDING", _) => Some(Observed::Pending),
        ("SUCCESS", "SUCCESS", "AUTHORIZED") => Some(Observed::Authorised),
        ("SUCCESS", "SUCCESS", "CAPTURED") => Some(Observed::Paid),
        ("SUCCESS", "FAILED", _) => Some(Observed::Declined),
        ("SUCCESS", "EXPIRED", _) => Some(Observed::Expired),
        ("ERROR", "ERROR", "NOT_FOUND") if !kind.changes() => Some(Observed::NotFound),
        (_, _, _) => None,
    }
}

/// What an order can be, and that the money was let go. A refusal of the capture itself, as of too much, says nothing of
/// what is held.
fn of_capture(words: Words<'_>) -> Option<Observed> {
    match words {
        ("SUCCESS", "PENDING", _) => Some(Observed::Pending),
        ("SUCCESS", "SUCCESS", "AUTHORIZED") => Some(Observed::Authorised),
        ("SUCCESS", "SUCCESS", "CAPTURED") => Some(Observed::Paid),
        ("SUCCESS", "FAILED", REVERSED) => Some(Observed::Reversed),
        ("SUCCESS", "FAILED", _) => Some(Observed::Declined),
        ("SUCCESS", "EXPIRED", _) => Some(Observed::Expired),
        (_, _, _) => None,
    }
}

fn of_refund(kind: Kind, words: Words<'_>) -> Option<Observed> {
    match words {
        ("SUCCESS", "PENDING", _) => Some(Observed::Pending),
        ("SUCCESS", "SUCCESS", "REFUNDED") => Some(Observed::Refunded),
        ("SUCCESS", "FAILED", _) => Some(Observed::Declined),
        ("ERROR", "ERROR", "NOT_FOUND") if !kind.changes() => Some(Observed::NotFound),
        (_, _, _) => None,
    }
}

/// Only what settles the attempt counts: anything else says that it was not reversed, or may not have been.
fn of_reversal(words: Words<'_>) -> Option<Observed> {
    match words {
        ("SUCCESS", "FAILED", REVERSED) => Some(Observed::Reversed),
        ("SUCCESS", "SUCCESS", "CAPTURED") => Some(Observed::Paid),
        (_, _, _) => None,
    }
}

fn not_found() -> Outcome {
    Outcome::Observed(Observation {
        state: Observed::NotFound,
        amount: None,
        provider_reference: String::new(),
        redirect_url: String::new(),
        reason: String::new(),
    })
}

/// The observation, or none when a field is missing or not what it must be.
fn observation(kind: Kind, state: Observed, response: &Fields) -> Option<Outcome> {
    let get = |name: &str| response.get(name).cloned().unwrap_or_default();
    let refund = kind.refund().is_some();
    // A reference that was reversed before its order came has no amount.
    let amount = if !refund && get("code") == REVERSED && !response.contains_key("amount") {
        None
    } else {
        let currency: Currency = get("currency").parse().ok()?;
        Some(Money::from_json_amount(&get("amount"), currency).ok()?)
    };
    let provider_reference = get(if refund { "refund_id" } else { "payment_id" });
    let page = state == Observed::Pending && !refund;
    let redirect_url = if page { get("redirect_url") } else { String::new() };
    let page = redirect_url.is_empty()
        || ["https://", "http://"].iter().any(|start| redirect_url.starts_with(start));
    if !(1..=64).contains(&provider_reference.len()) || !page {
        return None;
    }
    let reason = if state == Observed::Declined { get("code") } else { String::new() };
    Some(Outcome::Observed(Observation { state, amount, provider_reference, redirect_url, reason }))
}

fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn pairs(fields: &Fields) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}
