//! The receipt a payer gets, in the payer's language.

use std::sync::Arc;

use askama::Template;
use boot::{
    Lang,
    locale::{self, Texts},
};
use money::Money;
use time::{
    OffsetDateTime, UtcOffset, format_description::StaticFormatDescription, macros::format_description,
};

/// What a receipt says.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub receipt_number: &'a str,
    pub bill_reference: &'a str,
    pub agency: &'a str,
    pub amount: Money,
    pub paid_at: OffsetDateTime,
}

/// A receipt, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes receipts. Clones share the sentences.
#[derive(Clone, Debug)]
pub struct Receipts(Arc<Texts>);

/// One label and its value, which is isolated: a machine token reads the same inside Arabic.
struct Line {
    label: String,
    /// `ltr` for a machine token, `auto` for a name.
    dir: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page<'a> {
    lang: Lang,
    title: String,
    paid: String,
    lines: &'a [Line],
    verify: String,
    no_reply: String,
}

/// Bahrain has no summer time.
const BAHRAIN_HOURS: i8 = 3;
const MINUTE: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute]");

impl Receipts {
    /// With the sentences of `locales/`.
    ///
    /// # Errors
    /// They do not parse, or a language lacks one.
    pub fn load() -> Result<Receipts, locale::Error> {
        let texts = Texts::load(&[
            (Lang::En, include_str!("../../../locales/en/notifications.ftl")),
            (Lang::Ar, include_str!("../../../locales/ar/notifications.ftl")),
        ])?;
        texts.same_keys()?;
        Ok(Receipts(Arc::new(texts)))
    }

    /// The receipt of `facts` in `lang`, as text and as HTML.
    ///
    /// # Errors
    /// The HTML cannot be written: a mistake of ours.
    pub fn write(&self, lang: Lang, facts: Facts<'_>) -> Result<Written, askama::Error> {
        let say = |key: &str| self.0.say(lang, key, &[]);
        let subject = self.0.say(lang, "receipt-subject", &[("number", facts.receipt_number.into())]);
        let line = |key: &str, dir, value| Line { label: say(key), dir, value };
        let lines = [
            line("receipt-number", "ltr", facts.receipt_number.to_owned()),
            line("receipt-amount", "ltr", facts.amount.page(lang.into())),
            line("receipt-agency", "auto", facts.agency.to_owned()),
            line("receipt-bill", "ltr", facts.bill_reference.to_owned()),
            line("receipt-paid-at", "ltr", bahrain(facts.paid_at)),
        ];
        let verify = self.0.say(lang, "receipt-verify", &[("bill", facts.bill_reference.into())]);
        let (paid, no_reply) = (say("receipt-paid"), say("receipt-no-reply"));
        let facts_text: Vec<String> =
            lines.iter().map(|line| format!("{}: {}", line.label, line.value)).collect();
        let facts_text = facts_text.join(
            "
",
        );
        let text = format!("{paid}\n\n{facts_text}\n\n{verify}\n\n{no_reply}\n");
        let html = Page { lang, title: subject.clone(), paid, lines: &lines, verify, no_reply }.render()?;
        Ok(Written { subject, text, html })
    }
}

/// Minutes in Bahrain.
fn bahrain(at: OffsetDateTime) -> String {
    let offset = UtcOffset::from_hms(BAHRAIN_HOURS, 0, 0).unwrap_or(UtcOffset::UTC);
    at.to_offset(offset).format(&MINUTE).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const FACTS: Facts<'_> = Facts {
        receipt_number: "RCP-2026-000001",
        bill_reference: "TRF-1234-5678",
        agency: "TRF",
        amount: Money::fils(1_234_500),
        paid_at: datetime!(2026-01-15 22:30:00 UTC),
    };

    #[test]
    fn a_receipt_says_what_was_paid_in_both_languages() {
        let receipts = Receipts::load().unwrap();
        for (lang, amount) in [(Lang::En, "BHD 1,234.500"), (Lang::Ar, "1,234.500 د.ب.")] {
            let written = receipts.write(lang, FACTS).unwrap();
            for fact in ["RCP-2026-000001", "TRF-1234-5678", amount, "2026-01-16 01:30"] {
                assert!(written.text.contains(fact), "{fact} in {}", written.text);
                assert!(written.html.contains(&format!("<bdi dir=\"ltr\">{fact}</bdi>")), "{fact}");
            }
            assert!(written.html.contains(&format!("lang=\"{lang}\" dir=\"{}\"", lang.dir())));
        }
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let facts = Facts { bill_reference: "<script>x</script>", ..FACTS };
        let written = Receipts::load().unwrap().write(Lang::En, facts).unwrap();
        assert!(!written.html.contains("<script>"));
    }
}
