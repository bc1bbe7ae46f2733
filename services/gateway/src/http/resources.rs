//! What the API shows: one struct a resource, made from what a service answered and from nothing else, so that a
//! replayed answer is the same to the byte.
use std::collections::BTreeMap;

use boot::wire::time_from_wire;
use money::Money;
use proto::common::v1 as common;
use proto::invoicing::v1 as invoicing;
use proto::notifications::v1 as notifications;
use proto::payments::v1 as payments;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

/// An amount: a string with exactly the currency's decimals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amount {
    #[schema(example = "12.500")]
    pub amount: String,
    #[schema(example = "BHD")]
    pub currency: String,
}

impl From<common::Money> for Amount {
    fn from(money: common::Money) -> Amount {
        let amount = match money.currency.parse() {
            Ok(currency) => Money::new(money.minor_units, currency).to_json_amount(),
            // A currency of the future: its minor units, which cannot be misread as dinars.
            Err(_) => format!("{} minor units", money.minor_units),
        };
        Amount { amount, currency: money.currency }
    }
}

/// A sentence or name in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Text {
    pub en: String,
    pub ar: String,
}

impl From<common::LocalText> for Text {
    fn from(text: common::LocalText) -> Text {
        Text { en: text.en, ar: text.ar }
    }
}

/// The word of an enum value: `PAYMENT_STATE_CAPTURED` is `captured`.
pub(crate) fn word(prefix: &str, name: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

fn moment(at: Option<prost_types::Timestamp>) -> Option<String> {
    at.and_then(|at| time_from_wire("at", &Some(at)).ok()).and_then(|at| at.format(&Rfc3339).ok())
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A file of bills.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Upload {
    upload_id: String,
    file_name: String,
    sha256: String,
    encoding: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    /// checking, checked, scheduled, issuing, issued, withdrawing, withdrawn
    state: String,
    rows: i32,
    /// Rows judged so far; all of them, once it is checked.
    judged: i32,
    valid: i32,
    errors: i32,
    cpr_leading_zero_restored: i32,
    valid_total: Option<Amount>,
    /// Invoices made of it so far.
    issued: i32,
    /// The day it is issued, when that is not the day it was confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_on: Option<String>,
    /// Invoices of it that were taken back so far.
    withdrawn: i32,
    created_at: Option<String>,
}

impl From<invoicing::Upload> for Upload {
    fn from(upload: invoicing::Upload) -> Upload {
        let state = word("UPLOAD_STATE_", upload.state().as_str_name());
        Upload {
            upload_id: upload.upload_id,
            file_name: upload.file_name,
            sha256: upload.sha256,
            encoding: upload.encoding,
            delimiter: filled(upload.delimiter),
            state,
            rows: upload.rows,
            judged: upload.judged,
            valid: upload.valid,
            errors: upload.errors,
            cpr_leading_zero_restored: upload.cpr_leading_zero_restored,
            valid_total: upload.valid_total.map(Amount::from),
            issued: upload.issued,
            issue_on: filled(upload.issue_on),
            withdrawn: upload.withdrawn,
            created_at: moment(upload.created_at),
        }
    }
}

/// A valid row, as the bill it will be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewRow {
    /// As the spreadsheet numbers it; the header is 1.
    row: i32,
    reference: String,
    service: String,
    payer: String,
    total: Option<Amount>,
    due_date: String,
    /// How the amount comes about.
    steps: Vec<Text>,
}

impl From<invoicing::PreviewRow> for PreviewRow {
    fn from(row: invoicing::PreviewRow) -> PreviewRow {
        PreviewRow {
            row: row.row,
            reference: row.reference,
            service: row.service_code,
            payer: row.payer_masked,
            total: row.total.map(Amount::from),
            due_date: row.due_date,
            steps: row.steps.into_iter().map(Text::from).collect(),
        }
    }
}

/// What is wrong in one cell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UploadError {
    /// As the spreadsheet numbers it; the header is 1.
    row: i32,
    column: i32,
    code: String,
    message: Option<Text>,
}

impl From<invoicing::UploadError> for UploadError {
    fn from(error: invoicing::UploadError) -> UploadError {
        let message = error.message.map(Text::from);
        UploadError { row: error.row, column: error.column, code: error.code, message }
    }
}

/// An invoice; without personal data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invoice {
    invoice_number: String,
    bill_reference: String,
    service: String,
    reference: String,
    fee: Option<Amount>,
    vat: Option<Amount>,
    total: Option<Amount>,
    /// The reason code of the reduction that was claimed, and what it took off the fee.
    #[serde(skip_serializing_if = "String::is_empty")]
    reduction: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reduced: Option<Amount>,
    paid: Option<Amount>,
    due_date: String,
    /// The parts it may be paid in, each with its day; absent when it is paid at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instalments: Vec<Instalment>,
    /// What being late has added so far, inside fee and total.
    #[serde(skip_serializing_if = "Option::is_none")]
    penalty: Option<Amount>,
    /// The day being late makes it cost more; absent: no day will.
    #[serde(skip_serializing_if = "Option::is_none")]
    penalty_on: Option<String>,
    /// The last day it can be paid, unless something of it is; absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    payable_until: Option<String>,
    /// issued, partially_paid, paid, cancelled, written_off, expired
    state: String,
    issued_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_id: Option<String>,
}

impl From<invoicing::Invoice> for Invoice {
    fn from(invoice: invoicing::Invoice) -> Invoice {
        let state = word("INVOICE_STATE_", invoice.state().as_str_name());
        Invoice {
            invoice_number: invoice.invoice_number,
            bill_reference: invoice.bill_reference,
            service: invoice.service_code,
            reference: invoice.reference,
            fee: invoice.fee.map(Amount::from),
            vat: invoice.vat.map(Amount::from),
            total: invoice.total.map(Amount::from),
            reduction: invoice.reduction,
            reduced: invoice.reduced.map(Amount::from),
            paid: invoice.paid.map(Amount::from),
            due_date: invoice.due_date,
            penalty: invoice.penalty.map(Amount::from),
            penalty_on: filled(invoice.penalty_on),
            payable_until: filled(invoice.payable_until),
            instalments: invoice.instalments.into_iter().map(Instalment::from).collect(),
            state,
            issued_at: moment(invoice.issued_at),
            upload_id: filled(invoice.upload_id),
        }
    }
}

/// An invoice that a second person approves before it is issued; without personal data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceDraft {
    draft_id: String,
    /// draft, approved, issued, discarded, failed
    state: String,
    service: String,
    /// Of the first invoice; `/2`, `/3` … behind it of the others.
    reference: String,
    /// As priced when it was made.
    total: Option<Amount>,
    /// The day of the next invoice.
    issue_on: String,
    /// 0: once.
    every_months: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Invoices made of it.
    issued: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_invoice_number: Option<String>,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    /// Why it was refused on its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    created_at: Option<String>,
}

impl From<invoicing::InvoiceDraft> for InvoiceDraft {
    fn from(draft: invoicing::InvoiceDraft) -> InvoiceDraft {
        InvoiceDraft {
            state: word("INVOICE_DRAFT_STATE_", draft.state().as_str_name()),
            draft_id: draft.draft_id,
            service: draft.service_code,
            reference: draft.reference,
            total: draft.total.map(Amount::from),
            issue_on: draft.issue_on,
            every_months: draft.every_months,
            until: filled(draft.until),
            issued: draft.issued,
            last_invoice_number: filled(draft.last_invoice_number),
            created_by: draft.created_by,
            approved_by: filled(draft.approved_by),
            failure: filled(draft.failure),
            created_at: moment(draft.created_at),
        }
    }
}

/// What amending or cancelling took off an invoice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditNote {
    credit_note_number: String,
    invoice_number: String,
    fee: Option<Amount>,
    vat: Option<Amount>,
    total: Option<Amount>,
    reason: String,
    issued_at: Option<String>,
}

impl From<invoicing::CreditNote> for CreditNote {
    fn from(note: invoicing::CreditNote) -> CreditNote {
        CreditNote {
            credit_note_number: note.credit_note_number,
            invoice_number: note.invoice_number,
            fee: note.fee.map(Amount::from),
            vat: note.vat.map(Amount::from),
            total: note.total.map(Amount::from),
            reason: note.reason,
            issued_at: moment(note.issued_at),
        }
    }
}

/// A part of a bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Instalment {
    due_date: String,
    due: Option<Amount>,
}

impl From<invoicing::Instalment> for Instalment {
    fn from(part: invoicing::Instalment) -> Instalment {
        Instalment { due_date: part.due_date, due: part.due.map(Amount::from) }
    }
}

/// One way of paying one bill, once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payment {
    payment_id: String,
    bill_reference: String,
    /// wallet, kiosk_cash, …
    channel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    amount: Option<Amount>,
    /// created, action_required, processing, authorised, captured, partially_refunded, refunded, failed, expired, cancelled, late
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextAction>,
    /// declined, expired, amount_mismatch, not_sent
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_number: Option<String>,
    /// Part of the money that is the payer's credit.
    #[serde(skip_serializing_if = "Option::is_none")]
    credited: Option<Amount>,
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<String>,
    version: i64,
}

/// What the payer must do now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextAction {
    redirect_url: String,
    qr_payload: String,
}

impl From<payments::Payment> for Payment {
    fn from(payment: payments::Payment) -> Payment {
        let state = word("PAYMENT_STATE_", payment.state().as_str_name());
        let channel = word("CHANNEL_", payment.channel().as_str_name());
        let next_action = payment
            .next_action
            .filter(|next| !next.redirect_url.is_empty() || !next.qr_payload.is_empty())
            .map(|next| NextAction { redirect_url: next.redirect_url, qr_payload: next.qr_payload });
        Payment {
            payment_id: payment.payment_id,
            bill_reference: payment.bill_reference,
            channel,
            provider: filled(payment.provider),
            amount: payment.amount.map(Amount::from),
            state,
            next_action,
            failure: filled(payment.failure),
            receipt_number: filled(payment.receipt_number),
            credited: payment.credited.filter(|credit| credit.minor_units != 0).map(Amount::from),
            created_at: moment(payment.created_at),
            captured_at: moment(payment.captured_at),
            version: payment.version,
        }
    }
}

/// Where an agency is told of its payments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookEndpoint {
    endpoint_id: String,
    url: String,
    enabled: bool,
    /// Signs every call (Standard Webhooks); shown in this answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    created_at: Option<String>,
}

impl WebhookEndpoint {
    pub fn new(endpoint: notifications::WebhookEndpoint, secret: String) -> WebhookEndpoint {
        WebhookEndpoint {
            endpoint_id: endpoint.endpoint_id,
            url: endpoint.url,
            enabled: endpoint.enabled,
            secret: filled(secret),
            created_at: moment(endpoint.created_at),
        }
    }
}

/// One event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    /// The `webhook-id` header.
    delivery_id: String,
    endpoint_id: String,
    event_type: String,
    /// pending, delivered, failed
    state: String,
    tries: i32,
    /// HTTP status of the last answer; 0 when none came.
    last_answer: i32,
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<String>,
}

impl From<notifications::Delivery> for Delivery {
    fn from(delivery: notifications::Delivery) -> Delivery {
        let state = word("DELIVERY_STATE_", delivery.state().as_str_name());
        Delivery {
            delivery_id: delivery.delivery_id,
            endpoint_id: delivery.endpoint_id,
            event_type: delivery.event_type,
            state,
            tries: delivery.tries,
            last_answer: delivery.last_answer,
            created_at: moment(delivery.created_at),
            delivered_at: moment(delivery.delivered_at),
        }
    }
}

/// Money that came in through one channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collection {
    channel: String,
    payments: i64,
    collected: Option<Amount>,
    credited: Option<Amount>,
    suspense: Option<Amount>,
}

impl From<payments::Collection> for Collection {
    fn from(collection: payments::Collection) -> Collection {
        Collection {
            channel: word("CHANNEL_", collection.channel().as_str_name()),
            payments: collection.payments,
            collected: collection.collected.map(Amount::from),
            credited: collection.credited.map(Amount::from),
            suspense: collection.suspense.map(Amount::from),
        }
    }
}

/// Inputs of a fee, by name.
pub(crate) type Inputs = BTreeMap<String, String>;
