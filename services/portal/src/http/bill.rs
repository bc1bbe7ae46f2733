//! One bill: who asks, for what, how much, until when, and how to pay.
use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use boot::Call;
use proto::common::v1::Money;
use proto::invoicing::v1::{Bill, GetBillRequest, Instalment, Invoice, InvoiceState};
use proto::payments::v1::{
    GetReceivableRequest, GetReceivableResponse, PaymentState, Receivable, ReceivableState,
};
use tonic::{Code, Status};

use super::channels::{self, Way};
use super::page::{InLanguage, message, refused, rendered};
use crate::App;
use crate::form::{Hidden, browser, new_browser};
use crate::view::{Reader, dinars};

/// What can be done about the bill now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It can be paid.
    Open,
    /// Part of it is paid; the rest can be.
    Partly,
    /// Another payment is under way.
    Held,
    Paid,
    /// The agency took it back, or gave up what was due.
    Withdrawn,
    /// Nobody paid it by its last day.
    Expired,
    /// The books cannot be asked: nobody is asked to pay.
    Unknown,
}

impl Standing {
    fn of(invoice: &Invoice, due: Option<&GetReceivableResponse>) -> Standing {
        match due.and_then(|due| due.receivable.as_ref()).map(Receivable::state) {
            Some(ReceivableState::Open) => Standing::Open,
            Some(ReceivableState::PartiallyPaid) => Standing::Partly,
            Some(ReceivableState::Held) => Standing::Held,
            Some(ReceivableState::Paid) => Standing::Paid,
            Some(ReceivableState::Cancelled) if invoice.state() == InvoiceState::Expired => Standing::Expired,
            Some(ReceivableState::Cancelled | ReceivableState::WrittenOff) => Standing::Withdrawn,
            Some(ReceivableState::Unspecified) | None => Standing::Unknown,
        }
    }

    /// The key of its word, and the class of its badge.
    fn key(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Partly => "partly",
            Standing::Held => "held",
            Standing::Paid => "paid",
            Standing::Withdrawn => "withdrawn",
            Standing::Expired => "expired",
            Standing::Unknown => "unknown",
        }
    }

    /// The key of what its amount is called.
    fn amount_key(self) -> &'static str {
        match self {
            Standing::Open | Standing::Partly | Standing::Held => "amount-due",
            Standing::Paid => "amount-paid",
            Standing::Withdrawn | Standing::Expired | Standing::Unknown => "amount",
        }
    }

    fn can_be_paid(self) -> bool {
        matches!(self, Standing::Open | Standing::Partly)
    }
}

#[derive(Template)]
#[template(path = "bill.html")]
struct Page {
    reader: Reader,
    here: String,
    agency: String,
    service: String,
    badge: String,
    class: &'static str,
    amount: String,
    amount_label: String,
    why_not: Option<String>,
    payer: String,
    reference: String,
    invoice_number: String,
    due_date: String,
    /// The last day it can be paid; empty: there is none.
    payable_until: String,
    plan: Vec<Part>,
    /// The part that is due next, when there is a choice.
    next: Option<Part>,
    steps: Vec<String>,
    /// What happens if it is paid late.
    late: Option<String>,
    receipts: Vec<String>,
    ways: Vec<Way>,
    form: Option<Hidden>,
}

/// A part of a bill.
#[derive(Clone)]
struct Part {
    day: String,
    amount: String,
    /// What is left of it.
    left_fils: i64,
    /// The class of its word.
    class: &'static str,
    word: String,
}

/// The parts of a bill, by how far they are paid.
fn plan(reader: Reader, invoice: &Invoice, paid_fils: i64) -> Vec<Part> {
    let mut end = 0_i64;
    let part = |part: &Instalment| {
        let due = part.due.as_ref().map_or(0, |due| due.minor_units);
        end = end.saturating_add(due);
        let left_fils = end.saturating_sub(paid_fils).clamp(0, due);
        let class = if left_fils == 0 {
            "paid"
        } else if left_fils < due {
            "partly"
        } else {
            "open"
        };
        let (day, amount) = (part.due_date.clone(), reader.money(part.due.as_ref()));
        Part { day, amount, left_fils, class, word: reader.say(&format!("instalment-{class}")) }
    };
    invoice.instalments.iter().map(part).collect()
}

/// A bill and what is due on it; `None` while the books cannot be asked.
async fn look_up(
    app: &App,
    bill_reference: &str,
) -> Result<(Bill, Invoice, Option<GetReceivableResponse>), Status> {
    let payer = Call::by("payer");
    let wanted = payer.request(GetBillRequest { bill_reference: bill_reference.to_owned() })?;
    let due = payer.request(GetReceivableRequest { bill_reference: bill_reference.to_owned() })?;
    let (mut invoices, mut payments) = (app.invoices.clone(), app.payments.clone());
    let (bill, due) = tokio::join!(invoices.get_bill(wanted), payments.get_receivable(due));
    let bill = bill?.into_inner().bill.unwrap_or_default();
    let invoice = bill.invoice.clone().ok_or_else(|| Status::internal("a bill without its invoice"))?;
    if let Err(status) = &due {
        tracing::warn!(code = ?status.code(), "the books cannot be asked for a bill");
    }
    Ok((bill, invoice, due.ok().map(tonic::Response::into_inner)))
}

pub(super) async fn show(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    InLanguage(reader): InLanguage,
    Path((_, bill_reference)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match look_up(&app, &bill_reference).await {
        Ok((bill, invoice, due)) => page(&app, reader, &headers, (bill, invoice, due)),
        Err(status) if status.code() == Code::NotFound && app.unknown.check_key(&peer.ip()).is_err() => {
            message(reader, StatusCode::TOO_MANY_REQUESTS, "too-many", &bill_reference)
        }
        Err(status) => refused(reader, &status, &bill_reference),
    }
}

fn page(
    app: &App,
    reader: Reader,
    headers: &HeaderMap,
    found: (Bill, Invoice, Option<GetReceivableResponse>),
) -> Response {
    let (bill, invoice, due) = found;
    let standing = Standing::of(&invoice, due.as_ref());
    let known = browser(headers);
    let (value, cookie) = known.clone().map_or_else(|| new_browser(&app.ids), |value| (value, String::new()));
    let channels = due.as_ref().map(|due| due.channels.as_slice()).unwrap_or_default();
    let (payable, here) = (standing.can_be_paid(), channels::open_here(channels));
    let ways = if payable { channels::ways(reader, channels) } else { Vec::new() };
    let form = (payable && here).then(|| app.seal.issue(&app.ids, &value, &invoice.bill_reference));
    let why_not = match (payable, here) {
        (true, true) => None,
        (true, false) => Some(reader.say("why-not-here")),
        (false, _) => Some(reader.say(&format!("why-not-{}", standing.key()))),
    };
    let rest = rest(&invoice, due.as_ref());
    let paid = due.as_ref().and_then(|due| due.receivable.as_ref()?.paid.as_ref()).or(invoice.paid.as_ref());
    let plan = plan(reader, &invoice, paid.map_or(0, |paid| paid.minor_units));
    let rest_fils = rest.as_ref().map_or(0, |rest| rest.minor_units);
    // The last part is all that is left: nothing to choose.
    let next = plan.iter().find(|part| part.left_fils > 0 && part.left_fils < rest_fils).cloned();
    let page = Page {
        here: format!("/bills/{}", invoice.bill_reference),
        agency: reader.of(bill.agency_name.as_ref()),
        service: reader.of(bill.service_name.as_ref()),
        badge: reader.say(&format!("badge-{}", standing.key())),
        class: standing.key(),
        amount: reader.money(rest.as_ref()),
        amount_label: reader.say(standing.amount_key()),
        why_not,
        payer: bill.payer_masked,
        reference: invoice.bill_reference,
        invoice_number: invoice.invoice_number,
        due_date: invoice.due_date,
        payable_until: invoice.payable_until,
        plan,
        next: next.map(|part| Part { amount: reader.money(Some(&dinars(part.left_fils))), ..part }),
        steps: bill.steps.iter().map(|step| reader.of(Some(step))).collect(),
        late: bill.late_rule.as_ref().map(|rule| reader.of(Some(rule))),
        receipts: due.map(receipts).unwrap_or_default(),
        ways,
        form,
        reader,
    };
    let mut answer = rendered(StatusCode::OK, &page);
    if known.is_none()
        && let Ok(cookie) = cookie.parse()
    {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer.into_response()
}

/// What is still due; the whole bill when it is paid, or when the books cannot be asked.
fn rest(invoice: &Invoice, due: Option<&GetReceivableResponse>) -> Option<Money> {
    let rest = || {
        let receivable = due?.receivable.as_ref()?;
        let (total, paid) = (receivable.due.as_ref()?, receivable.paid.as_ref()?);
        let rest = total.minor_units.checked_sub(paid.minor_units).filter(|rest| *rest > 0)?;
        Some(Money { currency: total.currency.clone(), minor_units: rest })
    };
    rest().or_else(|| invoice.total.clone())
}

fn receipts(due: GetReceivableResponse) -> Vec<String> {
    let captured = due.payments.into_iter().filter(|payment| payment.state() == PaymentState::Captured);
    captured.map(|payment| payment.receipt_number).filter(|number| !number.is_empty()).collect()
}
