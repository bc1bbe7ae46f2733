//! What a payer may see of a bill; no key is needed, the reference is.
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use boot::Call;
use proto::invoicing::v1::GetBillRequest;
use proto::payments::v1::{GetReceivableRequest, GetReceivableResponse, PaymentState};
use serde::Serialize;
use tonic::Code as Kind;
use utoipa::ToSchema;

use super::resources::{Amount, Text, word};
use super::shown;
use super::uploads::empty;
use crate::App;
use crate::problem::{ProblemBody, Refused};

/// A bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bill {
    bill_reference: String,
    invoice_number: String,
    agency: Option<Text>,
    service: Option<Text>,
    /// Never the whole name.
    payer: String,
    total: Option<Amount>,
    /// How the amount came about.
    steps: Vec<Text>,
    due_date: String,
    /// open, held, partially_paid, paid; `unknown` while the books cannot be asked: do not pay then.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<Amount>,
    receipt_numbers: Vec<String>,
}

/// One bill by its reference.
#[utoipa::path(get, path = "/v1/bills/{bill_reference}", tag = "bills", params(("bill_reference" = String, Path)), security(()),
    responses((status = 200, body = Bill), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(bill_reference): Path<String>,
) -> Result<Response, Refused> {
    app.limits.admit(&format!("address:{}", peer.ip())).await?;
    let payer = Call::by("payer");
    let found = payer.request(GetBillRequest { bill_reference: bill_reference.clone() })?;
    let due = payer.request(GetReceivableRequest { bill_reference })?;
    let (mut invoices, mut payments) = (app.clients.invoices.clone(), app.clients.payments.clone());
    let (found, due) = tokio::join!(invoices.get_bill(found), payments.get_receivable(due));
    let bill = found?.into_inner().bill.ok_or_else(|| empty("bill"))?;
    let invoice = bill.invoice.ok_or_else(|| empty("invoice"))?;
    let due = match due {
        Ok(due) => Some(due.into_inner()),
        Err(status) if status.code() == Kind::Unavailable => None,
        Err(status) => return Err(status.into()),
    };
    Ok(shown(
        StatusCode::OK,
        &Bill {
            bill_reference: invoice.bill_reference,
            invoice_number: invoice.invoice_number,
            agency: bill.agency_name.map(Text::from),
            service: bill.service_name.map(Text::from),
            payer: bill.payer_masked,
            total: invoice.total.map(Amount::from),
            steps: bill.steps.into_iter().map(Text::from).collect(),
            due_date: invoice.due_date,
            state: state(due.as_ref()),
            paid: due.as_ref().and_then(|due| due.receivable.clone()?.paid).map(Amount::from),
            receipt_numbers: due.as_ref().map(receipts).unwrap_or_default(),
        },
    ))
}

fn state(due: Option<&GetReceivableResponse>) -> String {
    let receivable = due.and_then(|due| due.receivable.as_ref());
    receivable.map_or("unknown".to_owned(), |due| word("RECEIVABLE_STATE_", due.state().as_str_name()))
}

fn receipts(due: &GetReceivableResponse) -> Vec<String> {
    let paid = due.payments.iter().filter(|payment| {
        matches!(
            payment.state(),
            PaymentState::Captured | PaymentState::PartiallyRefunded | PaymentState::Refunded
        )
    });
    paid.map(|payment| payment.receipt_number.clone()).collect()
}
