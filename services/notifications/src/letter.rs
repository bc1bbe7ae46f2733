//! What a payer gets by e-mail, in the payer's language: receipts, notices of bills, reminders.

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

use crate::store::message::{About, Kind};

/// What a letter says, whatever it is about.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub bill_reference: &'a str,
    pub agency: &'a str,
    /// Paid, or to be paid.
    pub amount: Money,
    pub about: &'a About,
}

/// A letter, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes letters. Clones share the sentences.
#[derive(Clone, Debug)]
pub struct Letters(Arc<Texts>);

/// The parts of one.
struct Parts {
    subject: String,
    title: String,
    lines: Vec<Line>,
    advice: String,
    no_reply: String,
}

/// One label and its value, which is isolated: a machine token reads the same inside Arabic.
struct Line {
    label: String,
    /// `ltr` for a machine token, `auto` for a name.
    dir: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Page<'a> {
    lang: Lang,
    parts: &'a Parts,
}

/// Bahrain has no summer time.
const BAHRAIN_HOURS: i8 = 3;
const MINUTE: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute]");

impl Letters {
    /// With the sentences of `locales/`.
    ///
    /// # Errors
    /// They do not parse, or a language lacks one.
    pub fn load() -> Result<Letters, locale::Error> {
        let texts = Texts::load(&[
            (Lang::En, include_str!("../../../locales/en/notifications.ftl")),
            (Lang::Ar, include_str!("../../../locales/ar/notifications.ftl")),
        ])?;
        texts.same_keys()?;
        Ok(Letters(Arc::new(texts)))
    }

    /// The letter of `facts` in `lang`, as text and as HTML.
    ///
    /// # Errors
    /// The HTML cannot be written: a mistake of ours.
    pub fn write(&self, lang: Lang, facts: Facts<'_>) -> Result<Written, askama::Error> {
        let parts = self.parts(lang, facts);
        let lines: Vec<String> =
            parts.lines.iter().map(|line| format!("{}: {}", line.label, line.value)).collect();
        let Parts { title, advice, no_reply, .. } = &parts;
        let text = format!("{title}\n\n{}\n\n{advice}\n\n{no_reply}\n", lines.join("\n"));
        let html = Page { lang, parts: &parts }.render()?;
        Ok(Written { subject: parts.subject, text, html })
    }

    fn parts(&self, lang: Lang, facts: Facts<'_>) -> Parts {
        let say = |key: &str| self.0.say(lang, key, &[]);
        let line = |key: &str, dir, value| Line { label: say(key), dir, value };
        let amount = facts.amount.page(lang.into());
        let (agency, bill) = (facts.agency.to_owned(), facts.bill_reference.to_owned());
        let of_bill = [("bill", facts.bill_reference.into())];
        match facts.about {
            About::Receipt { receipt_number, paid_at, .. } => Parts {
                subject: self.0.say(lang, "receipt-subject", &[("number", receipt_number.as_str().into())]),
                title: say("receipt-paid"),
                lines: vec![
                    line("receipt-number", "ltr", receipt_number.clone()),
                    line("receipt-amount", "ltr", amount),
                    line("receipt-agency", "auto", agency),
                    line("receipt-bill", "ltr", bill),
                    line("receipt-paid-at", "ltr", bahrain(*paid_at)),
                ],
                advice: self.0.say(lang, "receipt-verify", &of_bill),
                no_reply: say("receipt-no-reply"),
            },
            About::Bill { kind, due_date, .. } => {
                let kind = match kind {
                    Kind::Notice => "notice",
                    Kind::Reminder => "reminder",
                };
                Parts {
                    subject: self.0.say(lang, &format!("{kind}-subject"), &of_bill),
                    title: say(&format!("{kind}-title")),
                    lines: vec![
                        line("receipt-bill", "ltr", bill),
                        line("notice-amount", "ltr", amount),
                        line("notice-agency", "auto", agency),
                        line("notice-due-date", "ltr", due_date.to_string()),
                    ],
                    advice: say("notice-how"),
                    no_reply: say("notice-no-reply"),
                }
            }
        }
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

    fn receipt() -> About {
        About::Receipt {
            payment: ids::PaymentId(uuid::Uuid::nil()),
            receipt_number: "RCP-2026-000001".to_owned(),
            paid_at: datetime!(2026-01-15 22:30:00 UTC),
        }
    }

    fn facts(about: &About) -> Facts<'_> {
        Facts { bill_reference: "TRF-1234-5678", agency: "TRF", amount: Money::fils(1_234_500), about }
    }

    #[test]
    fn a_receipt_says_what_was_paid_in_both_languages() {
        let (letters, about) = (Letters::load().unwrap(), receipt());
        for (lang, amount) in [(Lang::En, "BHD 1,234.500"), (Lang::Ar, "1,234.500 د.ب.")] {
            let written = letters.write(lang, facts(&about)).unwrap();
            for fact in ["RCP-2026-000001", "TRF-1234-5678", amount, "2026-01-16 01:30"] {
                assert!(written.text.contains(fact), "{fact} in {}", written.text);
                assert!(written.html.contains(&format!("<bdi dir=\"ltr\">{fact}</bdi>")), "{fact}");
            }
            assert!(written.html.contains(&format!("lang=\"{lang}\" dir=\"{}\"", lang.dir())));
        }
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let about = receipt();
        let facts = Facts { bill_reference: "<script>x</script>", ..facts(&about) };
        let written = Letters::load().unwrap().write(Lang::En, facts).unwrap();
        assert!(!written.html.contains("<script>"));
    }

    #[test]
    fn a_notice_says_what_is_due_by_when_and_sends_no_link() {
        let letters = Letters::load().unwrap();
        for (kind, subjects) in [
            (Kind::Notice, ["A bill to pay: TRF-1234-5678", "فاتورة للدفع: TRF-1234-5678"]),
            (Kind::Reminder, ["Reminder of a bill: TRF-1234-5678", "تذكير بفاتورة: TRF-1234-5678"]),
        ] {
            let about = About::Bill {
                kind,
                invoice: ids::InvoiceId(uuid::Uuid::nil()),
                due_date: time::macros::date!(2026 - 03 - 31),
                occasion: "issued".to_owned(),
            };
            for (lang, subject) in [Lang::En, Lang::Ar].into_iter().zip(subjects) {
                let written = letters.write(lang, facts(&about)).unwrap();
                assert_eq!(written.subject, subject);
                assert!(
                    written.text.contains("2026-03-31") && written.text.contains("1,234.500"),
                    "{}",
                    written.text
                );
                assert!(!written.html.contains("href"), "{}", written.html);
            }
        }
    }
}
