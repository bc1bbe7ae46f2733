//! The receipt of one payment.

use boot::locale::Value;
use money::Money;
use time::OffsetDateTime;

use super::sheet::{Code, Fact, File, Line, Run, Sheet, Sum, money, paper};
use super::{Facts, Print, code};

/// A payment whose money is there.
pub struct Captured {
    pub payment_id: String,
    pub receipt_number: String,
    /// The word of the channel: `wallet`, `kiosk-cash`.
    pub channel: &'static str,
    /// The provider's own, empty for cash.
    pub provider_reference: String,
    pub amount: Money,
    /// What of it became the payer's credit.
    pub credited: Money,
    pub at: OffsetDateTime,
}

/// Where its money is sealed in the books.
pub struct Sealed {
    pub lane: i32,
    pub batch: i64,
    /// 64 hexadecimal digits.
    pub hash: String,
    /// The same for `mizan receipt verify`.
    pub json: String,
}

/// Digits of the hash that are printed; the file inside has all.
const HASH_SHOWN: usize = 16;

/// The document.
pub fn receipt(print: &Print<'_>, facts: &Facts<'_>, (paid, sealed): (&Captured, Sealed)) -> Sheet {
    let service = print.of(facts.service_name);
    let amount = money(paid.amount.minor_units(), print.lang);
    let values: [(&str, Value<'_>); 2] =
        [("service", service.as_str().into()), ("amount", amount.as_str().into())];
    // Whoever scans it sees what the books say, on the portal's own page.
    let verify = format!("{}/{}/payments/{}", print.portal_url, print.lang.code(), paid.payment_id);
    let scan = code(&verify).map(|svg| Code {
        svg,
        alt: print.words("document-verify-alt"),
        caption: print.words("document-verify-caption"),
    });
    let shown: String = sealed.hash.chars().take(HASH_SHOWN).collect();
    let place = format!("{}/{}", sealed.lane, sealed.batch);
    let checked: [(&str, Value<'_>); 4] = [
        ("verify", verify.into()),
        ("number", paid.receipt_number.as_str().into()),
        ("place", place.into()),
        ("hash", shown.into()),
    ];
    Sheet {
        lang: print.lang.code(),
        paper: paper(print.paper),
        title: print.words("document-title-receipt"),
        number: paid.receipt_number.clone(),
        issuer: print.of(&facts.seller.name),
        mark: Some(print.words("document-mark-received")),
        lead: print.runs("document-lead-receipt", &values),
        facts: receipt_facts(print, facts, paid),
        lines_head: [print.words("document-what-for"), print.words("document-amount")],
        lines: vec![Line { text: service, detail: Vec::new(), amount: amount.clone() }],
        sums: sums(print, paid, amount),
        codes: scan.into_iter().collect(),
        notes: vec![print.note(
            "document-verify-title",
            &checked,
            &["document-verify-how", "document-verify-seal", "document-verify-proof"],
        )],
        footer: print.footer(&paid.receipt_number),
        files: vec![File {
            name: "ledger-seal.json",
            media_type: "application/json",
            relationship: "supplement",
            description: print.words("document-seal-file"),
            content: sealed.json,
        }],
    }
}

fn receipt_facts(print: &Print<'_>, facts: &Facts<'_>, paid: &Captured) -> Vec<Fact> {
    let at = paid.at.to_offset(time::macros::offset!(+3));
    let moment = format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute());
    let mut said = vec![
        ("receipt", Run::token(&paid.receipt_number)),
        ("reference", Run::token(&facts.invoice.bill_reference)),
        ("paid-at", Run::token(moment)),
        ("channel", Run::words(print.words(&format!("document-channel-{}", paid.channel)))),
        ("payer", Run::name(facts.payer)),
        ("number", Run::token(facts.invoice.invoice_number())),
    ];
    if !paid.provider_reference.is_empty() {
        said.push(("provider-reference", Run::token(&paid.provider_reference)));
    }
    let fact =
        |(key, value): (&str, Run)| Fact { label: print.words(&format!("document-fact-{key}")), value };
    said.into_iter().map(fact).collect()
}

fn sums(print: &Print<'_>, paid: &Captured, amount: String) -> Vec<Sum> {
    let mut sums = vec![Sum { label: print.words("document-sum-received"), amount, strong: true }];
    if paid.credited.is_positive() {
        let amount = money(paid.credited.minor_units(), print.lang);
        sums.push(Sum { label: print.words("document-sum-credited"), amount, strong: false });
    }
    sums
}
