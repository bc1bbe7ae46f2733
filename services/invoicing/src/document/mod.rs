//! Documents: what they say (`bill`, `receipt`), and how they are set in type (`press`).

mod bill;
mod credit_note;
mod press;
mod receipt;
mod sheet;
mod statement;
mod ubl;

use boot::Lang;
use boot::locale::{Error, Texts, Value};

pub use bill::{Facts, bill};
pub use credit_note::credit_note;
pub use press::{Press, PressError};
pub use receipt::{Captured, Sealed, receipt};
pub use sheet::Sheet;
pub use statement::{Moved, Statement, statement};

use crate::domain::document::Paper;
use crate::domain::fee_service::LocalText;
use sheet::{Note, Run};

/// The sentences of documents, which mark their values.
///
/// # Errors
/// A file does not parse.
pub fn texts() -> Result<Texts, Error> {
    let en = include_str!("../../../../locales/en/documents.ftl");
    let ar = include_str!("../../../../locales/ar/documents.ftl");
    Ok(Texts::load(&[(Lang::En, en), (Lang::Ar, ar)])?.isolating())
}

/// Whom a document is for, and where things are looked up.
#[derive(Clone, Copy)]
pub struct Print<'a> {
    pub texts: &'a Texts,
    pub lang: Lang,
    pub paper: Paper,
    /// Where payers find the portal: `https://pay.example.bh`.
    pub portal_url: &'a str,
    /// The day it is printed, in Bahrain.
    pub today: time::Date,
}

impl Print<'_> {
    /// A sentence in pieces.
    fn runs(&self, key: &str, values: &[(&str, Value<'_>)]) -> Vec<Run> {
        Run::of_sentence(&self.texts.say(self.lang, key, values))
    }

    /// A sentence without values.
    fn words(&self, key: &str) -> String {
        self.texts.say(self.lang, key, &[])
    }

    fn of(&self, text: &LocalText) -> String {
        match self.lang {
            Lang::En => text.en.clone(),
            Lang::Ar => text.ar.clone(),
        }
    }

    fn note(&self, key: &str, values: &[(&str, Value<'_>)], lines: &[&str]) -> Note {
        let lines = lines.iter().map(|line| self.runs(line, values));
        Note { title: self.words(key), lines: lines.collect() }
    }

    fn footer(&self, number: &str) -> Vec<Run> {
        let values = [("number", number.into()), ("date", self.today.to_string().into())];
        self.runs("document-footer", &values)
    }
}

/// A day in the calendar of Umm al-Qura, as people say it; none: it is outside the calendar.
fn hijri(print: &Print<'_>, day: time::Date) -> Option<String> {
    let date = icu_calendar::Date::try_new_iso(day.year(), day.month().into(), day.day()).ok()?;
    let date = date.to_calendar(icu_calendar::cal::Hijri::new_umm_al_qura());
    let month = print.words(&format!("hijri-month-{}", date.month().ordinal));
    let (day, year) = (date.day_of_month().0.to_string(), date.year().era_year_or_related_iso().to_string());
    let values = [("day", day.into()), ("month", month.into()), ("year", year.into())];
    // It is shown whole, so its values need no marks.
    let said = print.texts.say(print.lang, "document-hijri", &values);
    Some(said.replace(sheet::VALUE, ""))
}

/// A QR code as a picture of lines, or nothing when the text does not fit into one.
fn code(text: &str) -> Option<String> {
    let code = qrcode::QrCode::new(text).ok()?;
    Some(code.render::<qrcode::render::svg::Color<'_>>().build())
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_say_the_same_things() {
        super::texts().unwrap().same_keys().unwrap();
    }
}
