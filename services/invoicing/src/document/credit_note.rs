//! What an amendment or a cancellation took off an invoice.

use boot::locale::Value;

use super::bill::{name, tax_account};
use super::sheet::{Fact, File, Line, Run, Sheet, Sum, money, paper};
use super::{Facts, Print, ubl};
use crate::store::credit_note::CreditNote;

/// The document, under its number.
pub fn credit_note(print: &Print<'_>, facts: &Facts<'_>, (number, note): (&str, &CreditNote)) -> Sheet {
    let credited = &note.credited;
    let invoice_number = facts.invoice.invoice_number();
    let amount = |fils| money(fils, print.lang);
    let values: [(&str, Value<'_>); 3] = [
        ("service", print.of(facts.service_name).into()),
        ("total", amount(credited.total.minor_units()).into()),
        ("invoice", invoice_number.as_str().into()),
    ];
    let line =
        |line| Line { text: name(print, facts, line), detail: Vec::new(), amount: amount(line.net_fils) };
    let sums = [
        ("net", credited.fee, false),
        ("vat-credited", credited.vat, false),
        ("total-credited", credited.total, true),
    ];
    let sum = |(key, sum, strong): (&str, money::Money, bool)| Sum {
        label: print.words(&format!("document-sum-{key}")),
        amount: amount(sum.minor_units()),
        strong,
    };
    let tax_account = tax_account(facts, &credited.lines);
    let mut said = vec![
        ("credit-note", Run::token(number)),
        ("number", Run::token(invoice_number.as_str())),
        ("issued", Run::token(boot::bahrain_date(note.issued_at).to_string())),
        ("reference", Run::token(&facts.invoice.bill_reference)),
        ("payer", Run::name(facts.payer)),
        ("reason", Run::name(&note.reason)),
    ];
    said.extend(tax_account.map(|account| ("vat-account", Run::token(account))));
    let fact =
        |(key, value): (&str, Run)| Fact { label: print.words(&format!("document-fact-{key}")), value };
    Sheet {
        lang: print.lang.code(),
        paper: paper(print.paper),
        title: print.words(match tax_account {
            Some(_) => "document-title-tax-credit-note",
            None => "document-title-credit-note",
        }),
        number: number.to_owned(),
        issuer: print.of(&facts.seller.name),
        mark: None,
        lead: print.runs("document-lead-credit-note", &values),
        facts: said.into_iter().map(fact).collect(),
        lines_head: [print.words("document-what-for"), print.words("document-amount")],
        lines: credited.lines.iter().map(line).collect(),
        sums: sums.into_iter().map(sum).collect(),
        codes: Vec::new(),
        notes: Vec::new(),
        footer: print.footer(number),
        files: vec![file(print, facts, (number, note))],
    }
}

fn file(print: &Print<'_>, facts: &Facts<'_>, note: (&str, &CreditNote)) -> File {
    let english = Print { lang: boot::Lang::En, ..*print };
    File {
        name: "credit-note.xml",
        media_type: "application/xml",
        relationship: "alternative",
        description: print.words("document-ubl"),
        content: ubl::credit_note(&english, facts, note),
    }
}
