//! All open bills of a person, and several of them paid at once. The personal number comes by POST and is nowhere kept: no address,
//! no page and no log has it.
use std::net::SocketAddr;

use askama::Template;
use axum::Form;
use axum::body::Bytes;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use boot::Call;
use proto::common::v1::{Channel, Money};
use proto::invoicing::v1::{Bill, FindBillsRequest};
use proto::payments::v1::{Payment, PaymentState, StartPaymentRequest};
use serde::Deserialize;
use tonic::Status;

use super::page::{InLanguage, message, refused, rendered};
use super::payment::{PROVIDER, is_refusal, look_up, outcome};
use crate::App;
use crate::form::{Hidden, browser, new_browser};
use crate::view::{Reader, dinars};

/// Bills that one payment pays, at most; the payments service says so too.
const CART_MAX: usize = 20;

#[derive(Template)]
#[template(path = "mine.html")]
struct Ask {
    reader: Reader,
    here: &'static str,
    nothing: bool,
}

#[derive(Template)]
#[template(path = "bills.html")]
struct Found {
    reader: Reader,
    here: &'static str,
    bills: Vec<Listed>,
    /// Their references, as the token of the form binds them.
    all: String,
    total: String,
    hidden: Hidden,
}

struct Listed {
    reference: String,
    agency: String,
    service: String,
    due_date: String,
    amount: String,
    fils: i64,
}

#[derive(Deserialize)]
pub(super) struct Known {
    cpr: String,
    proof: String,
}

pub(super) async fn ask(InLanguage(reader): InLanguage) -> Response {
    rendered(StatusCode::OK, &Ask { reader, here: "/mine", nothing: false })
}

pub(super) async fn list(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    InLanguage(reader): InLanguage,
    headers: HeaderMap,
    sent: Result<Form<Known>, FormRejection>,
) -> Response {
    let nothing = |status| rendered(status, &Ask { reader, here: "/mine", nothing: true });
    let Ok(Form(Known { cpr, proof })) = sent else { return nothing(StatusCode::BAD_REQUEST) };
    let found = match app.finding.clone().find_bills(FindBillsRequest { cpr, proof }).await {
        Ok(answer) => answer.into_inner().bills,
        Err(status) if is_refusal(status.code()) => return nothing(StatusCode::UNPROCESSABLE_ENTITY),
        Err(status) => return refused(reader, &status, ""),
    };
    if found.is_empty() {
        // Whoever guesses persons is counted like whoever guesses references.
        if app.unknown.check_key(&peer.ip()).is_err() {
            return message(reader, StatusCode::TOO_MANY_REQUESTS, "too-many", "");
        }
        return nothing(StatusCode::NOT_FOUND);
    }
    let bills: Vec<Listed> = found.into_iter().take(CART_MAX).map(|bill| listed(reader, bill)).collect();
    let all = bills.iter().map(|bill| bill.reference.as_str()).collect::<Vec<_>>().join(",");
    let total = dinars(bills.iter().map(|bill| bill.fils).sum());
    let known = browser(&headers);
    let (value, cookie) = known.clone().map_or_else(|| new_browser(&app.ids), |value| (value, String::new()));
    let hidden = app.seal.issue(&app.ids, &value, &all);
    let total = reader.money(Some(&total));
    let page = Found { reader, here: "/mine", bills, all, total, hidden };
    let mut answer = rendered(StatusCode::OK, &page);
    if known.is_none()
        && let Ok(cookie) = cookie.parse()
    {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

fn listed(reader: Reader, bill: Bill) -> Listed {
    let invoice = bill.invoice.unwrap_or_default();
    let fils = |money: &Option<Money>| money.as_ref().map_or(0, |money| money.minor_units);
    let fils = fils(&invoice.total).saturating_sub(fils(&invoice.paid));
    Listed {
        agency: reader.of(bill.agency_name.as_ref()),
        service: reader.of(bill.service_name.as_ref()),
        reference: invoice.bill_reference,
        due_date: invoice.due_date,
        amount: reader.money(Some(&dinars(fils))),
        fils,
    }
}

/// What the form of a cart sent: `bill` as often as there are chosen ones.
#[derive(Default)]
struct Chosen {
    hidden: Option<Hidden>,
    all: String,
    bills: Vec<String>,
}

impl Chosen {
    fn read(body: &[u8]) -> Chosen {
        let (mut chosen, mut key, mut token) = (Chosen::default(), None, None);
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "idempotency_key" => key = Some(value.into_owned()),
                "token" => token = Some(value.into_owned()),
                "all" => chosen.all = value.into_owned(),
                "bill" => chosen.bills.push(value.into_owned()),
                _ => {}
            }
        }
        chosen.hidden = key.zip(token).map(|(idempotency_key, token)| Hidden { idempotency_key, token });
        chosen
    }
}

pub(super) async fn pay(
    State(app): State<App>,
    InLanguage(reader): InLanguage,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let chosen = Chosen::read(&body);
    let browser = browser(&headers);
    let ours = chosen.hidden.as_ref().zip(browser).is_some_and(|(hidden, browser)| {
        app.seal.is_ours(&browser, &chosen.all, hidden)
            && chosen.bills.iter().all(|bill| chosen.all.split(',').any(|known| known == bill))
    });
    let Some(hidden) = chosen.hidden.filter(|_| ours) else {
        return message(reader, StatusCode::FORBIDDEN, "form-stale", "");
    };
    if chosen.bills.is_empty() {
        return message(reader, StatusCode::UNPROCESSABLE_ENTITY, "cart-empty", "");
    }
    match begin(&app, chosen.bills, &hidden.idempotency_key).await {
        Ok(payments) => {
            let ids: Vec<_> = payments.into_iter().map(|payment| payment.payment_id).collect();
            Redirect::to(&format!("/{}/carts/{}", reader.code(), ids.join(","))).into_response()
        }
        // The bills themselves say whether it began: each is held by one payment at most.
        Err(status) if !is_refusal(status.code()) => {
            message(reader, StatusCode::SERVICE_UNAVAILABLE, "cart-unknown", "")
        }
        Err(status) => refused(reader, &status, ""),
    }
}

async fn begin(app: &App, bills: Vec<String>, key: &str) -> Result<Vec<Payment>, Status> {
    let mut bills = bills.into_iter();
    let mut request = StartPaymentRequest {
        bill_reference: bills.next().unwrap_or_default(),
        more_bill_references: bills.collect(),
        provider: PROVIDER.to_owned(),
        on_portal: true,
        ..StartPaymentRequest::default()
    };
    request.set_channel(Channel::Wallet);
    let started =
        app.payments.clone().start_payment(Call::by("payer").with_key(key).request(request)?).await?;
    let started = started.into_inner();
    Ok(started.payment.into_iter().chain(started.others).collect())
}

#[derive(Template)]
#[template(path = "cart.html")]
struct Cart {
    reader: Reader,
    here: String,
    here_full: String,
    total: String,
    payments: Vec<Part>,
    /// The payment whose code the wallet scans, while it waits for the payer.
    to_approve: Option<String>,
    wallet_url: String,
}

struct Part {
    id: String,
    bill_reference: String,
    outcome: String,
    amount: String,
}

pub(super) async fn show(
    State(app): State<App>,
    InLanguage(reader): InLanguage,
    Path((_, ids)): Path<(String, String)>,
) -> Response {
    let mut payments = Vec::new();
    for id in ids.split(',').take(CART_MAX) {
        match look_up(&app, id).await {
            Ok(payment) => payments.push(payment),
            Err(status) => return refused(reader, &status, ""),
        }
    }
    let fils = payments.iter().filter_map(|payment| payment.amount.as_ref()).map(|money| money.minor_units);
    let total = reader.money(Some(&dinars(fils.sum())));
    let waits = payments.iter().find(|payment| payment.state() == PaymentState::ActionRequired);
    let next = waits.and_then(|payment| payment.next_action.clone());
    let (to_approve, wallet_url) = (waits.map(|payment| payment.payment_id.clone()), next);
    let here = format!("/carts/{ids}");
    let page = Cart {
        here_full: format!("/{}{here}", reader.code()),
        here,
        total,
        to_approve,
        wallet_url: wallet_url.map(|next| next.redirect_url).unwrap_or_default(),
        payments: payments.into_iter().map(|payment| part(reader, payment)).collect(),
        reader,
    };
    rendered(StatusCode::OK, &page)
}

fn part(reader: Reader, payment: Payment) -> Part {
    Part {
        outcome: reader.say(&format!("outcome-{}-title", outcome(&payment))),
        amount: reader.money(payment.amount.as_ref()),
        bill_reference: payment.bill_reference,
        id: payment.payment_id,
    }
}
