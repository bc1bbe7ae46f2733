//! What came to an agency and went from it, out of the books.

use boot::locale::Value;
use money::Money;

use super::Print;
use super::sheet::{self, Fact, Line, Run, Sheet, Sum, money, paper};
use crate::domain::document::Paper;
use crate::domain::fee_service::Seller;

/// What an agency was owed before, what changed it, and what it is owed after.
pub struct Statement<'a> {
    /// What it is filed under.
    pub name: String,
    pub seller: &'a Seller,
    /// The first and the last day.
    pub period: [String; 2],
    /// In the ledger.
    pub account: String,
    pub opening: Money,
    pub lines: Vec<Moved>,
    pub closing: Money,
}

/// What one kind of journal changed on one day.
pub struct Moved {
    pub day: String,
    /// As docs/ledger.md names it.
    pub kind: String,
    /// The word of the channel that money came by.
    pub by: Option<&'static str>,
    pub entries: i64,
    /// What the agency is owed more; below zero: less.
    pub owed: Money,
}

/// Kinds that bring a payer's money: they are called by its channel.
const PAYMENTS: [&str; 3] = ["cash_committed", "wallet_captured", "payment_recorded"];
/// The others that touch what an agency is owed.
const OTHERS: [&str; 6] =
    ["refund_reserved", "refund_released", "credit_applied", "dispute_opened", "dispute_won", "adjusted"];

/// The document.
pub fn statement(print: &Print<'_>, statement: Statement<'_>) -> Sheet {
    let Statement { name, seller, period: [from, to], account, opening, lines, closing } = statement;
    let amount = |sum: Money| money(sum.minor_units(), print.lang);
    let agency = print.of(&seller.name);
    let values: [(&str, Value<'_>); 5] = [
        ("agency", agency.as_str().into()),
        ("from", from.as_str().into()),
        ("to", to.as_str().into()),
        ("opening", amount(opening).into()),
        ("closing", amount(closing).into()),
    ];
    let word = |key: &str| print.words(&format!("document-statement-{key}"));
    let sum = |key: &str, sum: Money, strong| Sum { label: word(key), amount: amount(sum), strong };
    let said = [("from", &from), ("to", &to), ("account", &account)];
    let fact = |(key, value): (&str, &String)| Fact { label: word(key), value: Run::token(value) };
    Sheet {
        lang: print.lang.code(),
        paper: paper(Paper::A4),
        title: print.words("document-title-statement"),
        issuer: agency.clone(),
        mark: None,
        lead: print.runs("document-lead-statement", &values),
        facts: said.into_iter().map(fact).collect(),
        lines_head: [print.words("document-what-for"), print.words("document-amount")],
        lines: lines.iter().map(|moved| line(print, moved)).collect(),
        sums: vec![sum("opening", opening, false), sum("closing", closing, true)],
        codes: Vec::new(),
        notes: vec![print.note("document-statement-title", &values, &["document-statement-how"])],
        footer: print.footer(&name),
        files: Vec::new(),
        number: name,
    }
}

fn line(print: &Print<'_>, moved: &Moved) -> Line {
    let kind = moved.kind.as_str();
    let text = match moved.by {
        Some(channel) if PAYMENTS.contains(&kind) => print.words(&format!("document-channel-{channel}")),
        Some(_) | None if OTHERS.contains(&kind) => {
            print.words(&format!("document-statement-{}", kind.replace('_', "-")))
        }
        Some(_) | None => kind.to_owned(),
    };
    let counted = [("day", moved.day.as_str().into()), ("count", moved.entries.into())];
    let entries = print.texts.say(print.lang, "document-statement-entries", &counted);
    let amount = money(moved.owed.minor_units(), print.lang);
    Line { text, detail: vec![entries.replace(sheet::VALUE, "")], amount }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_what_an_agency_is_owed_has_its_words() {
        let ledger = include_str!("../../../../docs/ledger.md");
        let pending = ["authorised", "authorisation_released"];
        let rows = ledger.lines().filter(|row| row.starts_with("| ") && row.contains("`agency_payable:TRF`"));
        let kinds: Vec<&str> = rows
            .filter_map(|row| row.split('|').nth(1))
            .map(str::trim)
            .filter(|kind| !pending.contains(kind) && !kind.contains(' '))
            .collect();
        assert!(kinds.len() > 5, "{kinds:?}");
        for kind in kinds {
            assert!(PAYMENTS.contains(&kind) || OTHERS.contains(&kind), "{kind}");
        }
    }
}
