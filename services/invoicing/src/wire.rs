//! Our things as the contract has them.

use boot::Problem;
use boot::wire::{money_to_wire, time_to_wire};
use ids::AgencyId;
use proto::common::v1 as common;
use proto::invoicing::v1 as pb;
use time::{Date, macros::format_description};
use tonic::Code;

use crate::domain::calendar::{Calendar, Holiday};
use crate::domain::fee_service::{LocalText, Share};
use crate::domain::instalment::Instalment;
use crate::domain::invoice::{Invoice, State};
use crate::domain::invoice_draft::{InvoiceDraft, State as DraftState};
use crate::domain::numbering;
use crate::domain::upload::{self, Upload};
use crate::store::credit_note::CreditNote;

pub fn local(text: &LocalText) -> common::LocalText {
    common::LocalText { en: text.en.clone(), ar: text.ar.clone() }
}

pub fn upload(upload: &Upload) -> pb::Upload {
    let state = match upload.state {
        upload::State::Checking => pb::UploadState::Checking,
        upload::State::Checked => pb::UploadState::Checked,
        upload::State::Issuing => pb::UploadState::Issuing,
        upload::State::Issued => pb::UploadState::Issued,
        upload::State::Scheduled => pb::UploadState::Scheduled,
        upload::State::Withdrawing => pb::UploadState::Withdrawing,
        upload::State::Withdrawn => pb::UploadState::Withdrawn,
    };
    pb::Upload {
        upload_id: upload.id.to_string(),
        agency_id: upload.agency.to_string(),
        file_name: upload.file_name.clone(),
        sha256: hex::encode(upload.sha256),
        encoding: upload.encoding.clone(),
        delimiter: upload.delimiter.clone(),
        rows: upload.rows,
        valid: upload.valid,
        cpr_leading_zero_restored: upload.restored,
        valid_total: Some(money_to_wire(upload.valid_total)),
        state: state.into(),
        errors: upload.errors,
        created_at: Some(time_to_wire(upload.created_at)),
        issued: upload.issued,
        judged: upload.judged,
        issue_on: upload.issue_on.map(|day| day.to_string()).unwrap_or_default(),
        withdrawn: upload.withdrawn,
    }
}

fn beneficiary(share: &Share) -> pb::Beneficiary {
    pb::Beneficiary {
        code: share.beneficiary.clone(),
        due: Some(money_to_wire(money::Money::fils(share.due_fils))),
    }
}

fn instalment(part: &Instalment) -> pb::Instalment {
    let due = Some(money_to_wire(money::Money::fils(part.due_fils)));
    pb::Instalment { due_date: part.due_date.to_string(), due }
}

pub fn invoice(invoice: &Invoice) -> pb::Invoice {
    let state = match invoice.state {
        State::Issued => pb::InvoiceState::Issued,
        State::PartiallyPaid { .. } => pb::InvoiceState::PartiallyPaid,
        State::Paid => pb::InvoiceState::Paid,
        State::Cancelled => pb::InvoiceState::Cancelled,
        State::WrittenOff { .. } => pb::InvoiceState::WrittenOff,
        State::Expired => pb::InvoiceState::Expired,
    };
    pb::Invoice {
        invoice_id: invoice.id.to_string(),
        agency_id: invoice.agency.to_string(),
        invoice_number: invoice.invoice_number(),
        bill_reference: invoice.bill_reference.clone(),
        service_code: invoice.service_code.clone(),
        reference: invoice.reference.clone(),
        party_ref: invoice.party_ref.to_string(),
        fee: Some(money_to_wire(invoice.fee)),
        vat: Some(money_to_wire(invoice.vat)),
        total: Some(money_to_wire(invoice.total)),
        paid: Some(money_to_wire(invoice.paid())),
        due_date: invoice.due.date.to_string(),
        state: state.into(),
        issued_at: Some(time_to_wire(invoice.issued_at)),
        upload_id: invoice.upload_id.map(|id| id.to_string()).unwrap_or_default(),
        version: invoice.version,
        reduction: invoice.reduced.code.clone(),
        reduced: Some(money::Money::fils(invoice.reduced.fils))
            .filter(|reduced| reduced.is_positive())
            .map(money_to_wire),
        beneficiaries: invoice.breakdown.shares.iter().map(beneficiary).collect(),
        instalments: invoice.instalments.iter().map(instalment).collect(),
        penalty: Some(invoice.penalty()).filter(|penalty| penalty.is_positive()).map(money_to_wire),
        penalty_on: invoice.penalty_on.map(|day| day.to_string()).unwrap_or_default(),
        payable_until: invoice.payable_until.map(|day| day.to_string()).unwrap_or_default(),
        calendar_revision: invoice.due.calendar_revision.unwrap_or_default(),
    }
}

/// The word by which a state is stored; none for "all".
pub fn state_filter(state: pb::InvoiceState) -> Option<&'static str> {
    match state {
        pb::InvoiceState::Unspecified => None,
        pb::InvoiceState::Issued => Some("issued"),
        pb::InvoiceState::PartiallyPaid => Some("partially_paid"),
        pb::InvoiceState::Paid => Some("paid"),
        pb::InvoiceState::Cancelled => Some("cancelled"),
        pb::InvoiceState::WrittenOff => Some("written_off"),
        pb::InvoiceState::Expired => Some("expired"),
    }
}

pub fn calendar(calendar: &Calendar) -> pb::Calendar {
    let holiday = |(date, holiday): (&Date, &Holiday)| pb::Holiday {
        date: date.to_string(),
        name: Some(local(&holiday.name)),
        half_day: holiday.half_day,
    };
    pb::Calendar { revision: calendar.revision, holidays: calendar.holidays.iter().map(holiday).collect() }
}

/// A holiday and its day.
///
/// # Errors
/// `holidays_invalid`: the day is none.
pub fn holiday_from_wire(holiday: &pb::Holiday) -> Result<(Date, Holiday), Problem> {
    let date = Date::parse(&holiday.date, format_description!("[year]-[month]-[day]")).ok();
    let date = date.ok_or_else(|| {
        let written: String = holiday.date.chars().take(40).collect();
        let detail = format!("`{written}` is no date; write it like 2026-12-16.");
        Problem::new(Code::InvalidArgument, "holidays_invalid", detail).field("holidays")
    })?;
    let name = holiday.name.clone().unwrap_or_default();
    let name = LocalText { en: name.en.trim().to_owned(), ar: name.ar.trim().to_owned() };
    Ok((date, Holiday { name, half_day: holiday.half_day }))
}

pub fn credit_note(agency: &AgencyId, note: &CreditNote) -> pb::CreditNote {
    let (invoice_year, invoice_number) = note.invoice_number;
    pb::CreditNote {
        credit_note_number: numbering::credit_note_number(agency.as_str(), note.year, note.number),
        invoice_number: numbering::invoice_number(agency.as_str(), invoice_year, invoice_number),
        fee: Some(money_to_wire(note.credited.fee)),
        vat: Some(money_to_wire(note.credited.vat)),
        total: Some(money_to_wire(note.credited.total)),
        reason: note.reason.clone(),
        issued_at: Some(time_to_wire(note.issued_at)),
    }
}

pub fn invoice_draft(draft: &InvoiceDraft) -> pb::InvoiceDraft {
    let state = match draft.state {
        DraftState::Draft => pb::InvoiceDraftState::Draft,
        DraftState::Approved { .. } => pb::InvoiceDraftState::Approved,
        DraftState::Issued { .. } => pb::InvoiceDraftState::Issued,
        DraftState::Discarded { .. } => pb::InvoiceDraftState::Discarded,
        DraftState::Failed { .. } => pb::InvoiceDraftState::Failed,
    };
    let (approved_by, failure) = draft.state.facts();
    let repeat = draft.plan.repeat;
    pb::InvoiceDraft {
        draft_id: draft.id.to_string(),
        state: state.into(),
        service_code: draft.service_code.clone(),
        reference: draft.reference.clone(),
        total: Some(money_to_wire(draft.total)),
        issue_on: draft.issue_on.to_string(),
        every_months: repeat.map_or(0, |repeat| i32::from(repeat.every_months)),
        until: repeat.map(|repeat| repeat.until.to_string()).unwrap_or_default(),
        issued: i32::from(draft.issued),
        last_invoice_number: draft.last_invoice_number.clone(),
        created_by: draft.created_by.clone(),
        approved_by: approved_by.to_owned(),
        failure: failure.to_owned(),
        created_at: Some(time_to_wire(draft.created_at)),
    }
}
