//! Starting a payment, and its outcome.
use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use boot::Call;
use boot::wire::lang_to_wire;
use proto::common::v1::{Channel, Money};
use proto::notifications::v1::RegisterContactRequest;
use proto::payments::v1::{GetPaymentRequest, Payment, PaymentState, StartPaymentRequest};
use serde::Deserialize;
use tonic::{Code, Status};

use super::page::{InLanguage, message, refused, rendered};
use crate::App;
use crate::form::{Hidden, browser};
use crate::view::{Reader, dinars};

/// The one provider so far.
pub(super) const PROVIDER: &str = "benefit-pay";

#[derive(Deserialize)]
pub(super) struct Pay {
    idempotency_key: String,
    token: String,
    #[serde(default)]
    email: String,
    /// Of a bill in parts; empty: all that is due.
    #[serde(default)]
    amount_fils: String,
}

pub(super) async fn start(
    State(app): State<App>,
    InLanguage(reader): InLanguage,
    Path((_, bill_reference)): Path<(String, String)>,
    headers: HeaderMap,
    sent: Result<Form<Pay>, FormRejection>,
) -> Response {
    let stale = || message(reader, StatusCode::FORBIDDEN, "form-stale", &bill_reference);
    let Ok(Form(pay)) = sent else { return stale() };
    let hidden = Hidden { idempotency_key: pay.idempotency_key, token: pay.token };
    let ours = browser(&headers).is_some_and(|browser| app.seal.is_ours(&browser, &bill_reference, &hidden));
    if !ours {
        return stale();
    }
    let Ok(amount) = amount(&pay.amount_fils) else { return stale() };
    let wanted = (bill_reference.as_str(), amount);
    match begin(&app, reader, wanted, &hidden.idempotency_key, pay.email.trim()).await {
        Ok(payment) => {
            Redirect::to(&format!("/{}/payments/{}", reader.code(), payment.payment_id)).into_response()
        }
        // It may have begun: the same form, sent again, tells.
        Err(status) if !is_refusal(status.code()) => {
            let (email, amount_fils) = (pay.email, pay.amount_fils);
            let page = Again { reader, here: "/", reference: bill_reference, hidden, email, amount_fils };
            rendered(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
        Err(status) => refused(reader, &status, &bill_reference),
    }
}

/// Did somebody decide that the payment does not begin? The others also mean that an answer was lost on its way.
pub(super) fn is_refusal(code: Code) -> bool {
    match code {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => true,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => false,
    }
}

/// Nobody knows whether the payment began.
#[derive(Template)]
#[template(path = "again.html")]
struct Again {
    reader: Reader,
    here: &'static str,
    reference: String,
    hidden: Hidden,
    email: String,
    amount_fils: String,
}

/// None: all that is due. Whether another amount may be paid, the owner of the money says.
fn amount(fils: &str) -> Result<Option<Money>, std::num::ParseIntError> {
    if fils.is_empty() { Ok(None) } else { fils.parse().map(|fils| Some(dinars(fils))) }
}

async fn begin(
    app: &App,
    reader: Reader,
    (bill_reference, amount): (&str, Option<Money>),
    key: &str,
    email: &str,
) -> Result<Payment, Status> {
    let payer = Call::by("payer").with_key(key);
    let mut contact_ref = String::new();
    if !email.is_empty() {
        let mut request = RegisterContactRequest { email: email.to_owned(), ..Default::default() };
        request.set_language(lang_to_wire(reader.0));
        let made = app.notifications.clone().register_contact(payer.request(request)?).await?;
        contact_ref = made.into_inner().contact_ref;
    }
    let mut request = StartPaymentRequest {
        bill_reference: bill_reference.to_owned(),
        provider: PROVIDER.to_owned(),
        contact_ref,
        amount,
        on_portal: true,
        ..Default::default()
    };
    request.set_channel(Channel::Wallet);
    let started = app.payments.clone().start_payment(payer.request(request)?).await?;
    started.into_inner().payment.ok_or_else(|| Status::internal("an answer without its payment"))
}

#[derive(Template)]
#[template(path = "payment.html")]
struct Page {
    reader: Reader,
    here: String,
    /// `paid`, `refunded`, `not-paid`, `unknown`, `twice`, `mismatch`, `held`, `approve` or `waiting`: its sentences and its colour.
    outcome: &'static str,
    title: String,
    text: String,
    amount: String,
    bill_reference: String,
    payment_id: String,
    receipt_number: String,
    wallet_url: String,
}

pub(super) async fn show(
    State(app): State<App>,
    InLanguage(reader): InLanguage,
    Path((_, payment_id)): Path<(String, String)>,
) -> Response {
    match look_up(&app, &payment_id).await {
        Ok(payment) => rendered(StatusCode::OK, &page(reader, payment)),
        Err(status) => refused(reader, &status, ""),
    }
}

/// A payment by its id.
pub(super) async fn look_up(app: &App, payment_id: &str) -> Result<Payment, Status> {
    let request = Call::by("payer").request(GetPaymentRequest { payment_id: payment_id.to_owned() })?;
    let found = app.payments.clone().get_payment(request).await?;
    found.into_inner().payment.ok_or_else(|| Status::internal("an answer without its payment"))
}

/// The beginning of its sentences' keys.
pub(super) fn outcome(payment: &Payment) -> &'static str {
    match payment.state() {
        PaymentState::Captured | PaymentState::PartiallyRefunded => "paid",
        PaymentState::Refunded => "refunded",
        // The provider did take money, another amount: "no money was taken" would be untrue.
        PaymentState::Failed if payment.failure == "amount_mismatch" => "mismatch",
        PaymentState::Failed | PaymentState::Expired | PaymentState::Cancelled => "not-paid",
        PaymentState::Processing => "unknown",
        PaymentState::Authorised => "held",
        PaymentState::Late => "twice",
        PaymentState::ActionRequired => "approve",
        PaymentState::Created | PaymentState::Unspecified => "waiting",
    }
}

fn page(reader: Reader, payment: Payment) -> Page {
    let outcome = outcome(&payment);
    Page {
        here: format!("/payments/{}", payment.payment_id),
        title: reader.say(&format!("outcome-{outcome}-title")),
        text: reader.say(&format!("outcome-{outcome}-text")),
        amount: reader.money(payment.amount.as_ref()),
        bill_reference: payment.bill_reference,
        receipt_number: payment.receipt_number,
        wallet_url: payment.next_action.map(|next| next.redirect_url).unwrap_or_default(),
        payment_id: payment.payment_id,
        reader,
        outcome,
    }
}
