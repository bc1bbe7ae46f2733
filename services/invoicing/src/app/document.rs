//! Documents, set in type when they are asked for: nothing of them is stored.

use boot::wire::money_from_wire;
use boot::{Call, Lang, Problem, bahrain_date};
use money::Money;
use proto::common::v1::Channel;
use proto::invoicing::v1 as pb;
use proto::payments::v1::{GetStatementRequest, Payment, PaymentState, StatementLine};
use time::OffsetDateTime;

use super::{Invoicing, blocking};
use crate::document::{
    Captured, Facts, Moved, Print, Sealed, Sheet, Statement, bill, credit_note, receipt, statement,
};
use crate::domain::document::{Kind, Paper};
use crate::domain::numbering;
use crate::store::credit_note::Page;
use crate::store::invoice::Bill;
use crate::store::privacy::What;
use crate::{Error, store};

/// How it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub lang: Lang,
    pub paper: Paper,
}

/// Who sees the payer's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Whole,
    Masked,
}

/// An invoice of the agency, for its files or to hand out. Who saw the payer's name is noted.
///
/// # Errors
/// `InvoiceUnknown`, `PressFull`.
pub async fn of_invoice(
    svc: &Invoicing,
    call: &Call,
    number: &str,
    (kind, style): (Kind, Style),
) -> Result<pb::Document, Error> {
    let agency = call.agency()?;
    let number = numbering::parse_invoice_number(agency.as_str(), number).ok_or(Error::InvoiceUnknown)?;
    let mut tx = svc.pg.begin().await?;
    let invoice = store::invoice::by_number(&mut tx, agency, number).await?;
    let bill = store::invoice::bill(&mut tx, &invoice.bill_reference).await?;
    let looked = (call.actor.as_str(), What::Print, "");
    store::privacy::note(&mut tx, (agency, invoice.party_ref), looked, svc.ctx.clock.now()).await?;
    tx.commit().await?;
    print_bill(svc, bill, Name::Whole, (kind, style)).await
}

/// A credit note of the agency. Who saw the payer's name is noted.
///
/// # Errors
/// `CreditNoteUnknown`, `PressFull`.
pub async fn of_credit_note(
    svc: &Invoicing,
    call: &Call,
    number: &str,
    style: Style,
) -> Result<pb::Document, Error> {
    let agency = call.agency()?;
    let parsed = numbering::parse_credit_note_number(agency.as_str(), number);
    let (year, at) = parsed.ok_or(Error::CreditNoteUnknown)?;
    let mut tx = svc.pg.begin().await?;
    let page = Page { invoice: None, after: (year, at - 1), limit: 1 };
    let note = store::credit_note::list(&mut tx, agency, &page).await?.pop();
    let note = note.filter(|note| (note.year, note.number) == (year, at)).ok_or(Error::CreditNoteUnknown)?;
    let bill = store::invoice::bill(&mut tx, &note.bill_reference).await?;
    let looked = (call.actor.as_str(), What::Print, "");
    store::privacy::note(&mut tx, (agency, bill.invoice.party_ref), looked, svc.ctx.clock.now()).await?;
    tx.commit().await?;
    let payer = payer(svc, &bill, Name::Whole)?;
    let sheet = credit_note(&print(svc, style), &facts(&bill, &payer), (number, &note));
    printed(svc, sheet, note.issued_at, format!("{number}.pdf")).await
}

/// A bill, for whoever holds its reference.
///
/// # Errors
/// `BillUnknown`, `PressFull`.
pub async fn of_bill(
    svc: &Invoicing,
    typed: &str,
    (kind, style): (Kind, Style),
) -> Result<pb::Document, Error> {
    let bill = bill_of(svc, typed).await?;
    print_bill(svc, bill, Name::Masked, (kind, style)).await
}

/// The receipt of a payment, for whoever holds its id.
///
/// # Errors
/// What `payments` says; `ReceiptNotReady`, `PressFull`.
pub async fn of_payment(svc: &Invoicing, payment_id: &str, style: Style) -> Result<pb::Document, Error> {
    let payment = svc.payments.payment(payment_id).await?;
    let captured = captured(&payment)?;
    let seal = svc.payments.seal(payment_id).await?;
    let sealed = Sealed { lane: seal.lane, batch: seal.batch, hash: seal.hash, json: seal.seal_json };
    let bill = bill_of(svc, &payment.bill_reference).await?;
    let payer = payer(svc, &bill, Name::Masked)?;
    let (made_at, name) = (captured.at, format!("{}.pdf", captured.receipt_number));
    let sheet = receipt(&print(svc, style), &facts(&bill, &payer), (&captured, sealed));
    printed(svc, sheet, made_at, name).await
}

/// What came to the agency and went from it, out of the books.
///
/// # Errors
/// What `payments` or the catalogue says; `PressFull`.
pub async fn statement_of(
    svc: &Invoicing,
    call: &Call,
    (from, to): (String, String),
    style: Style,
) -> Result<pb::Document, Error> {
    let agency = call.agency()?;
    let asked = GetStatementRequest { from: from.clone(), to: to.clone() };
    let (said, seller) =
        futures::try_join!(svc.payments.statement(agency, asked), svc.catalogue.seller(agency))?;
    let of_books = Statement {
        name: format!("{agency}-{from}-{to}"),
        seller: &seller,
        period: [from, to],
        account: said.account,
        opening: money_from_wire("opening", &said.opening)?,
        lines: said.lines.into_iter().map(moved).collect::<Result<_, _>>()?,
        closing: money_from_wire("closing", &said.closing)?,
    };
    let sheet = statement(&print(svc, style), of_books);
    let name = format!("{}.pdf", sheet.number);
    printed(svc, sheet, svc.ctx.clock.now(), name).await
}

fn moved(line: StatementLine) -> Result<Moved, Problem> {
    let by = channel(line.channel());
    let came = money_from_wire("came", &line.came)?;
    let owed = came.checked_sub(money_from_wire("went", &line.went)?).map_err(Problem::internal)?;
    Ok(Moved { day: line.business_date, kind: line.kind, by, entries: line.entries, owed })
}

async fn bill_of(svc: &Invoicing, typed: &str) -> Result<Bill, Error> {
    let mut tx = svc.pg.read().await?;
    let bill = store::invoice::bill(&mut tx, &numbering::typed_reference(typed)).await?;
    tx.commit().await?;
    Ok(bill)
}

fn print(svc: &Invoicing, style: Style) -> Print<'_> {
    Print {
        texts: &svc.document_texts,
        lang: style.lang,
        paper: style.paper,
        portal_url: &svc.portal_url,
        today: bahrain_date(svc.ctx.clock.now()),
    }
}

fn facts<'a>(bill: &'a Bill, payer: &'a str) -> Facts<'a> {
    Facts {
        invoice: &bill.invoice,
        seller: &bill.seller,
        service_name: &bill.service_name,
        steps: &bill.steps,
        payer,
    }
}

/// Empty for a person who was erased: the bill stays.
fn payer(svc: &Invoicing, bill: &Bill, name: Name) -> Result<String, Error> {
    let facts = super::bill::payer(svc, bill)?;
    let name = facts.map(|facts| match name {
        Name::Whole => facts.name,
        Name::Masked => facts.masked_name(),
    });
    Ok(name.unwrap_or_default())
}

async fn print_bill(
    svc: &Invoicing,
    found: Bill,
    name: Name,
    (kind, style): (Kind, Style),
) -> Result<pb::Document, Error> {
    let payer = payer(svc, &found, name)?;
    let sheet = bill(&print(svc, style), kind, &facts(&found, &payer));
    let file_name = match kind {
        Kind::Invoice => format!("{}.pdf", sheet.number),
        Kind::Notice | Kind::Reminder => format!("{}-{}.pdf", sheet.number, kind.word()),
    };
    printed(svc, sheet, found.invoice.issued_at, file_name).await
}

async fn printed(
    svc: &Invoicing,
    sheet: Sheet,
    made_at: OffsetDateTime,
    file_name: String,
) -> Result<pb::Document, Error> {
    let room = svc.press_room.clone().try_acquire_owned();
    let _room = room.ok().ok_or(Error::PressFull)?;
    let press = svc.press.clone();
    let content = blocking(move || press.print(&sheet, made_at)).await??;
    Ok(pb::Document { file_name, media_type: "application/pdf".to_owned(), content })
}

/// The payment, if its money is there.
fn captured(payment: &Payment) -> Result<Captured, Error> {
    let there = match payment.state() {
        PaymentState::Captured
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded
        | PaymentState::Late => true,
        PaymentState::Unspecified
        | PaymentState::Created
        | PaymentState::ActionRequired
        | PaymentState::Processing
        | PaymentState::Failed
        | PaymentState::Expired
        | PaymentState::Cancelled
        | PaymentState::Authorised => false,
    };
    let at = payment.captured_at.as_ref().and_then(|at| OffsetDateTime::from_unix_timestamp(at.seconds).ok());
    let Some(at) = at.filter(|_| there && !payment.receipt_number.is_empty()) else {
        let state = payment.state().as_str_name().trim_start_matches("PAYMENT_STATE_").to_lowercase();
        return Err(Error::ReceiptNotReady { state });
    };
    let credited = match &payment.credited {
        Some(_) => money_from_wire("credited", &payment.credited)?,
        None => Money::fils(0),
    };
    Ok(Captured {
        payment_id: payment.payment_id.clone(),
        receipt_number: payment.receipt_number.clone(),
        channel: channel(payment.channel()).unwrap_or("wallet"),
        provider_reference: payment.provider_reference.clone(),
        amount: money_from_wire("amount", &payment.amount)?,
        credited,
        at,
    })
}

/// The end of its sentence's key; none: money came by no channel.
fn channel(channel: Channel) -> Option<&'static str> {
    match channel {
        Channel::Unspecified => None,
        Channel::Portal | Channel::Wallet => Some("wallet"),
        Channel::Card => Some("card"),
        Channel::Transfer => Some("transfer"),
        Channel::Pos => Some("pos"),
        Channel::KioskCash => Some("kiosk-cash"),
        Channel::CounterCash => Some("counter-cash"),
    }
}
