//! Invoice, notice and reminder: the same bill, for its payer. An agency with a VAT account whose bill has VAT issues a tax invoice.

use boot::Lang;
use boot::locale::Value;
use standards::{emv_qr, invoice_qr};
use time::Date;
use time::format_description::well_known::Rfc3339;

use super::sheet::{Code, Fact, File, Line, Note, Run, Sheet, Sum, money, paper};
use super::{Print, code, hijri, ubl};
use crate::domain::document::Kind;
use crate::domain::fee_service::{self, LineKind, LocalText, Seller, TaxCategory};
use crate::domain::instalment::{self, Instalment};
use crate::domain::invoice::{Invoice, State};

/// Our reverse domain in the code on a bill.
const GUID: &str = "bh.gov.mizan";
/// EMV category of services of the state.
const CATEGORY: &str = "9399";
/// The most characters of a name in an EMV code.
const EMV_NAME: usize = 25;

/// A bill, and who it names.
pub struct Facts<'a> {
    pub invoice: &'a Invoice,
    pub seller: &'a Seller,
    pub service_name: &'a LocalText,
    /// How the amount came about.
    pub steps: &'a [LocalText],
    /// In full for the agency, masked for everybody else; empty when the person was erased.
    pub payer: &'a str,
}

/// The document.
pub fn bill(print: &Print<'_>, kind: Kind, facts: &Facts<'_>) -> Sheet {
    let invoice = facts.invoice;
    let lines = invoice.lines();
    let number = invoice.invoice_number();
    let due = due(invoice);
    Sheet {
        lang: print.lang.code(),
        paper: paper(print.paper),
        title: title(print, kind, tax_account(facts, &lines)),
        issuer: print.of(&facts.seller.name),
        mark: mark(print, invoice.state),
        lead: lead(print, kind, facts),
        facts: bill_facts(print, kind, facts, (&number, &lines)),
        lines_head: [print.words("document-what-for"), print.words("document-amount")],
        lines: lines.iter().map(|line| printed(print, facts, line)).collect(),
        sums: sums(print, invoice, &lines),
        codes: codes(print, facts, (due, &lines)),
        notes: if due > 0 { notes(print, invoice) } else { Vec::new() },
        footer: print.footer(&number),
        files: vec![ubl(print, facts, &lines)],
        number,
    }
}

/// The VAT account that makes this a tax invoice.
pub fn tax_account<'a>(facts: &Facts<'a>, lines: &[fee_service::Line]) -> Option<&'a str> {
    let taxed = lines.iter().any(|line| line.tax_category == TaxCategory::S);
    facts.seller.vat_account.as_deref().filter(|_| taxed)
}

fn title(print: &Print<'_>, kind: Kind, tax_account: Option<&str>) -> String {
    match (kind, tax_account) {
        (Kind::Invoice, Some(_)) => print.words("document-title-tax-invoice"),
        (Kind::Invoice | Kind::Notice | Kind::Reminder, _) => {
            print.words(&format!("document-title-{}", kind.word()))
        }
    }
}

/// What is still to be paid, as far as events told.
pub fn due(invoice: &Invoice) -> i64 {
    match invoice.state {
        State::Issued | State::PartiallyPaid { .. } => {
            invoice.total.minor_units().saturating_sub(invoice.paid().minor_units())
        }
        State::Paid | State::Cancelled | State::WrittenOff { .. } | State::Expired => 0,
    }
}

/// What a line is called.
pub fn name(print: &Print<'_>, facts: &Facts<'_>, line: &fee_service::Line) -> String {
    match line.kind {
        LineKind::Fee => print.of(facts.service_name),
        LineKind::ServiceFee => print.words("document-service-fee"),
        LineKind::Penalty => print.words("document-penalty"),
    }
}

fn printed(print: &Print<'_>, facts: &Facts<'_>, line: &fee_service::Line) -> Line {
    let detail = match line.kind {
        LineKind::Fee => facts.steps.iter().map(|step| print.of(step)).collect(),
        LineKind::ServiceFee => Vec::new(),
        LineKind::Penalty => facts.invoice.late.iter().map(|late| print.of(&late.rule)).collect(),
    };
    Line { text: name(print, facts, line), detail, amount: money(line.net_fils, print.lang) }
}

fn mark(print: &Print<'_>, state: State) -> Option<String> {
    match state {
        State::Issued => None,
        State::PartiallyPaid { .. }
        | State::Paid
        | State::Cancelled
        | State::WrittenOff { .. }
        | State::Expired => Some(print.words(&format!("document-mark-{}", state.name().replace('_', "-")))),
    }
}

fn lead(print: &Print<'_>, kind: Kind, facts: &Facts<'_>) -> Vec<Run> {
    let invoice = facts.invoice;
    // Of a bill in parts the next one counts.
    let part = instalment::next(&invoice.instalments, invoice.paid());
    let next = part.unwrap_or(Instalment { due_date: invoice.due.date, due_fils: due(invoice) });
    let key = match (invoice.state, kind) {
        (State::Paid, _) => "document-lead-paid",
        (State::Cancelled, _) => "document-lead-cancelled",
        (State::WrittenOff { .. }, _) => "document-lead-written-off",
        (State::Expired, _) => "document-lead-expired",
        (State::Issued | State::PartiallyPaid { .. }, Kind::Invoice | Kind::Notice) if part.is_some() => {
            "document-lead-instalment"
        }
        (State::Issued | State::PartiallyPaid { .. }, Kind::Invoice | Kind::Notice) => "document-lead-open",
        (State::Issued | State::PartiallyPaid { .. }, Kind::Reminder) if print.today > next.due_date => {
            "document-lead-overdue"
        }
        (State::Issued | State::PartiallyPaid { .. }, Kind::Reminder) => "document-lead-reminder",
    };
    let service = print.of(facts.service_name);
    let values: [(&str, Value<'_>); 5] = [
        ("service", service.into()),
        ("due", money(next.due_fils, print.lang).into()),
        ("whole", money(due(invoice), print.lang).into()),
        ("total", money(invoice.total.minor_units(), print.lang).into()),
        ("date", next.due_date.to_string().into()),
    ];
    print.runs(key, &values)
}

fn bill_facts(
    print: &Print<'_>,
    kind: Kind,
    facts: &Facts<'_>,
    (number, lines): (&str, &[fee_service::Line]),
) -> Vec<Fact> {
    let invoice = facts.invoice;
    let issued_on: Date = boot::bahrain_date(invoice.issued_at);
    let mut said = vec![
        ("number", Run::token(number)),
        ("reference", Run::token(&invoice.bill_reference)),
        ("issued", Run::token(issued_on.to_string())),
        ("due-date", Run::token(invoice.due.date.to_string())),
    ];
    let of_the_moon = match kind {
        Kind::Invoice => None,
        Kind::Notice | Kind::Reminder => hijri(print, invoice.due.date),
    };
    said.extend(of_the_moon.map(|day| ("due-date-hijri", Run::name(&day))));
    if due(invoice) > 0 {
        said.extend(invoice.payable_until.map(|day| ("payable-until", Run::token(day.to_string()))));
    }
    said.extend([("payer", Run::name(facts.payer)), ("agency-reference", Run::token(&invoice.reference))]);
    said.extend(tax_account(facts, lines).map(|account| ("vat-account", Run::token(account))));
    if !invoice.reduced.code.is_empty() {
        said.push(("reduction", Run::token(&invoice.reduced.code)));
    }
    let fact =
        |(key, value): (&str, Run)| Fact { label: print.words(&format!("document-fact-{key}")), value };
    said.into_iter().map(fact).collect()
}

fn sums(print: &Print<'_>, invoice: &Invoice, lines: &[fee_service::Line]) -> Vec<Sum> {
    let sum = |label: String, fils, strong| Sum { label, amount: money(fils, print.lang), strong };
    let mut sums = vec![sum(print.words("document-sum-net"), invoice.fee.minor_units(), false)];
    let rate = lines.iter().find(|line| line.tax_category == TaxCategory::S).map(|line| &line.vat_percent);
    let vat = match rate {
        Some(percent) => {
            let said =
                print.texts.say(print.lang, "document-sum-vat", &[("percent", percent.as_str().into())]);
            Run::of_sentence(&said).into_iter().map(|run| run.text).collect()
        }
        None => print.words("document-sum-no-vat"),
    };
    sums.push(sum(vat, invoice.vat.minor_units(), false));
    sums.push(sum(print.words("document-sum-total"), invoice.total.minor_units(), true));
    let paid = invoice.paid().minor_units();
    if paid > 0 {
        sums.push(sum(print.words("document-sum-paid"), paid, false));
        sums.push(sum(print.words("document-sum-due"), due(invoice), true));
    }
    sums
}

/// The codes of a bill: to pay what is due, and what a tax invoice says.
fn codes(print: &Print<'_>, facts: &Facts<'_>, (due_fils, lines): (i64, &[fee_service::Line])) -> Vec<Code> {
    let pay = (due_fils > 0).then(|| scan(print, facts, due_fils)).flatten();
    let tax = tax_account(facts, lines).and_then(|account| tax_code(print, facts, account));
    pay.into_iter().chain(tax).collect()
}

/// The code of a tax invoice: seller, VAT account, moment, total and VAT. A name that does not fit into one goes without.
fn tax_code(print: &Print<'_>, facts: &Facts<'_>, vat_account: &str) -> Option<Code> {
    let invoice = facts.invoice;
    let payload = invoice_qr::build(&invoice_qr::InvoiceCode {
        seller: facts.seller.name.ar.clone(),
        vat_account: vat_account.to_owned(),
        issued_at: invoice.issued_at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()?,
        total: invoice.total.to_json_amount(),
        vat: invoice.vat.to_json_amount(),
    });
    Some(Code {
        svg: code(&payload.ok()?)?,
        alt: print.words("document-tax-code-alt"),
        caption: print.words("document-tax-code-caption"),
    })
}

/// The code that a wallet or a bank's app reads. A bill whose names do not fit into one goes without.
fn scan(print: &Print<'_>, facts: &Facts<'_>, due_fils: i64) -> Option<Code> {
    let short = |text: &str| text.chars().take(EMV_NAME).collect::<String>().trim().to_owned();
    let payload = emv_qr::build(&emv_qr::Bill {
        guid: GUID.to_owned(),
        agency: facts.invoice.agency.to_string(),
        category_code: CATEGORY.to_owned(),
        amount: money::Money::fils(due_fils).to_json_amount(),
        name: short(&facts.seller.name.en),
        city: "Manama".to_owned(),
        bill: facts.invoice.bill_reference.clone(),
        reference: None,
        terminal: None,
        local: Some(emv_qr::LocalName {
            language: "AR".to_owned(),
            name: short(&facts.seller.name.ar),
            city: "المنامة".to_owned(),
        }),
    });
    let svg = payload.ok().and_then(|payload| code(&payload));
    let said = |svg| Code {
        svg,
        alt: print.words("document-code-alt"),
        caption: print.words("document-code-caption"),
    };
    svg.map(said)
}

fn notes(print: &Print<'_>, invoice: &Invoice) -> Vec<Note> {
    let plan = (!invoice.instalments.is_empty()).then(|| plan(print, invoice));
    // What a penalty is for stands with its line.
    let warned = invoice.late.as_ref().filter(|_| invoice.penalty().is_zero());
    let late = warned.map(|late| Note {
        title: print.words("document-late-title"),
        lines: vec![vec![Run::words(print.of(&late.rule))]],
    });
    plan.into_iter().chain(late).chain(how_to_pay(print, invoice)).collect()
}

/// The parts of the bill, each with its day.
fn plan(print: &Print<'_>, invoice: &Invoice) -> Note {
    let line = |(at, part): (usize, &Instalment)| {
        let values: [(&str, Value<'_>); 3] = [
            ("number", (at + 1).to_string().into()),
            ("date", part.due_date.to_string().into()),
            ("amount", money(part.due_fils, print.lang).into()),
        ];
        print.runs("document-instalment", &values)
    };
    let lines = invoice.instalments.iter().enumerate().map(line).collect();
    Note { title: print.words("document-instalments-title"), lines }
}

fn how_to_pay(print: &Print<'_>, invoice: &Invoice) -> Vec<Note> {
    let page = format!("{}/{}/", print.portal_url, print.lang.code());
    let values: [(&str, Value<'_>); 2] =
        [("reference", invoice.bill_reference.as_str().into()), ("portal", page.into())];
    vec![
        print.note("document-pay-title", &values, &["document-pay-how", "document-pay-late"]),
        print.note("document-genuine-title", &values, &["document-genuine-how"]),
    ]
}

fn ubl(print: &Print<'_>, facts: &Facts<'_>, lines: &[fee_service::Line]) -> File {
    // Computers compare names: they stand in English whatever the paper says.
    let english = Print { lang: Lang::En, ..*print };
    File {
        name: "invoice.xml",
        media_type: "application/xml",
        relationship: "alternative",
        description: print.words("document-ubl"),
        content: ubl::ubl(&english, facts, lines),
    }
}
