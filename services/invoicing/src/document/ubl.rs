//! The same bill for computers.

use money::Money;
use standards::ubl::{Category, Invoice, Kind, Line, Reduction, Seller, Tax, build};

use super::Print;
use super::bill::{Facts, due, name};
use crate::domain::fee_service::{self, LineKind, TaxCategory};
use crate::store::credit_note::CreditNote;

fn dinars(fils: i64) -> String {
    Money::fils(fils).to_json_amount()
}

fn category(tax: TaxCategory) -> Category {
    match tax {
        TaxCategory::O => Category::Outside,
        TaxCategory::S => Category::Standard,
    }
}

/// UBL 2.1.
pub fn ubl(print: &Print<'_>, facts: &Facts<'_>, lines: &[fee_service::Line]) -> String {
    let invoice = facts.invoice;
    build(&Invoice {
        kind: Kind::Invoice,
        number: invoice.invoice_number(),
        issue_date: boot::bahrain_date(invoice.issued_at).to_string(),
        due_date: invoice.due.date.to_string(),
        payment_reference: invoice.bill_reference.clone(),
        seller_reference: invoice.reference.clone(),
        seller: seller(print, facts),
        buyer_name: facts.payer.to_owned(),
        lines: lines.iter().map(|line| said(print, facts, line)).collect(),
        taxes: taxes(lines),
        before_vat: dinars(invoice.fee.minor_units()),
        vat: dinars(invoice.vat.minor_units()),
        total: dinars(invoice.total.minor_units()),
        paid: dinars(invoice.paid().minor_units()),
        due: dinars(due(invoice)),
    })
}

/// UBL 2.1 of a credit note.
pub fn credit_note(print: &Print<'_>, facts: &Facts<'_>, (number, note): (&str, &CreditNote)) -> String {
    let (invoice, credited) = (facts.invoice, &note.credited);
    let line = |line: &fee_service::Line| Line {
        name: name(print, facts, line),
        net: dinars(line.net_fils),
        reduction: None,
        category: category(line.tax_category),
        percent: line.vat_percent.clone(),
    };
    let total = dinars(credited.total.minor_units());
    build(&Invoice {
        kind: Kind::CreditNote { invoice_number: invoice.invoice_number() },
        number: number.to_owned(),
        issue_date: boot::bahrain_date(note.issued_at).to_string(),
        due_date: String::new(),
        payment_reference: invoice.bill_reference.clone(),
        seller_reference: invoice.reference.clone(),
        seller: seller(print, facts),
        buyer_name: facts.payer.to_owned(),
        lines: credited.lines.iter().map(line).collect(),
        taxes: taxes(&credited.lines),
        before_vat: dinars(credited.fee.minor_units()),
        vat: dinars(credited.vat.minor_units()),
        total: total.clone(),
        paid: dinars(0),
        due: total,
    })
}

fn seller(print: &Print<'_>, facts: &Facts<'_>) -> Seller {
    let vat_account = facts.seller.vat_account.clone();
    Seller { id: facts.invoice.agency.to_string(), name: print.of(&facts.seller.name), vat_account }
}

fn said(print: &Print<'_>, facts: &Facts<'_>, line: &fee_service::Line) -> Line {
    let reduced = &facts.invoice.reduced;
    let reduction = (line.kind == LineKind::Fee && reduced.fils > 0).then(|| Reduction {
        code: reduced.code.clone(),
        amount: dinars(reduced.fils),
        gross: dinars(line.net_fils.saturating_add(reduced.fils)),
    });
    Line {
        name: name(print, facts, line),
        net: dinars(line.net_fils),
        reduction,
        category: category(line.tax_category),
        percent: line.vat_percent.clone(),
    }
}

/// The VAT of each category and rate, in the order of their first line.
fn taxes(lines: &[fee_service::Line]) -> Vec<Tax> {
    let mut sums: Vec<(TaxCategory, &str, i64, i64)> = Vec::new();
    for line in lines {
        let known = sums
            .iter_mut()
            .find(|(tax, percent, ..)| *tax == line.tax_category && *percent == line.vat_percent);
        match known {
            Some((_, _, taxable, vat)) => {
                *taxable = taxable.saturating_add(line.net_fils);
                *vat = vat.saturating_add(line.vat_fils);
            }
            None => sums.push((line.tax_category, &line.vat_percent, line.net_fils, line.vat_fils)),
        }
    }
    let tax = |(tax, percent, taxable, vat): (TaxCategory, &str, i64, i64)| Tax {
        category: category(tax),
        percent: percent.to_owned(),
        taxable: dinars(taxable),
        amount: dinars(vat),
    };
    sums.into_iter().map(tax).collect()
}
