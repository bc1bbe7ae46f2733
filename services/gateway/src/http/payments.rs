//! Payments.
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use boot::Lang;
use boot::wire::lang_to_wire;
use proto::common::v1::Channel;
use proto::notifications::v1::RegisterContactRequest;
use proto::payments::v1::{GetPaymentRequest, StartPaymentRequest};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tonic::Code as Kind;
use utoipa::ToSchema;

use super::auth::{Caller, Scope, admit};
use super::read::{LONGEST_TEXT, LONGEST_URL, at_most, idempotency_key, json, money};
use super::resources::{Amount, Payment};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    bill_reference: String,
    /// wallet
    channel: String,
    /// benefit-pay
    provider: String,
    /// Up to the end of an instalment; left out: all that is due.
    amount: Option<Amount>,
    receipt: Option<Receipt>,
    /// Where the payer comes back to.
    #[serde(default)]
    return_url: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    email: String,
    /// en or ar
    #[schema(value_type = String)]
    language: Lang,
}

/// Starts paying what is still due on a bill. Ask for the payment until its state is final; `next_action` says what the
/// payer must do.
#[utoipa::path(post, path = "/v1/payments", tag = "payments", params(("idempotency-key" = String, Header)),
    request_body = NewPayment,
    responses((status = 201, body = Payment), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::PaymentsWrite).await?;
    let key = idempotency_key(&headers)?;
    let new: NewPayment = json(&headers, body).await?;
    at_most("bill_reference", &new.bill_reference, LONGEST_TEXT)?;
    at_most("provider", &new.provider, LONGEST_TEXT)?;
    at_most("return_url", &new.return_url, LONGEST_URL)?;
    let channel = channel(&new.channel)?;
    let amount = new.amount.as_ref().map(|amount| money("amount", amount)).transpose()?;
    let contact_ref = match new.receipt {
        Some(receipt) => contact(&app, &caller, &key, receipt).await?,
        None => String::new(),
    };
    let mut request = StartPaymentRequest {
        bill_reference: new.bill_reference,
        provider: new.provider,
        contact_ref,
        return_url: new.return_url,
        amount,
        ..Default::default()
    };
    request.set_channel(channel);
    let call = caller.call().with_key(key).request(request)?;
    let answer = app.clients.payments.clone().start_payment(call).await?.into_inner();
    Ok(shown(StatusCode::CREATED, &Payment::from(answer.payment.ok_or_else(|| empty("payment"))?)))
}

fn channel(word: &str) -> Result<Channel, Refused> {
    let known = Channel::from_str_name(&format!("CHANNEL_{}", word.to_uppercase()));
    known.filter(|channel| *channel != Channel::Unspecified).ok_or_else(|| {
        let detail = format!("`{word}` is no channel.");
        Refused::new(Kind::InvalidArgument, "channel_not_supported", detail).field("channel")
    })
}

/// The address goes to `notifications` and nowhere else. Its key follows from the payment's, so that a repeated
/// request finds the same contact and another address under the same key is refused.
async fn contact(app: &App, caller: &Caller, key: &str, receipt: Receipt) -> Result<String, Refused> {
    at_most("receipt.email", &receipt.email, LONGEST_TEXT)?;
    let mut request = RegisterContactRequest { email: receipt.email, ..Default::default() };
    request.set_language(lang_to_wire(receipt.language));
    let derived = format!("receipt-{}", hex::encode(Sha256::digest(key)));
    let call = caller.call().with_key(derived).request(request)?;
    Ok(app.clients.notifications.clone().register_contact(call).await?.into_inner().contact_ref)
}

/// One payment.
#[utoipa::path(get, path = "/v1/payments/{payment_id}", tag = "payments", params(("payment_id" = String, Path)),
    responses((status = 200, body = Payment), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(app): State<App>,
    Path(payment_id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let caller = admit(&app, &headers, Scope::PaymentsRead).await?;
    let call = caller.call().request(GetPaymentRequest { payment_id })?;
    let answer = app.clients.payments.clone().get_payment(call).await?.into_inner();
    Ok(shown(StatusCode::OK, &Payment::from(answer.payment.ok_or_else(|| empty("payment"))?)))
}
