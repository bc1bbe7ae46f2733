//! What a document says, ready to be set in type by `sheet.typ`. Every word is in the document's language.

use boot::Lang;
use serde::Serialize;

use crate::domain::document::Paper;

/// One document.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    pub lang: &'static str,
    pub paper: &'static str,
    pub title: String,
    /// The number or reference it is filed under.
    pub number: String,
    pub issuer: String,
    /// Paid, cancelled: what the reader must see first.
    pub mark: Option<String>,
    pub lead: Vec<Run>,
    pub facts: Vec<Fact>,
    /// The heads of the two columns of `lines`.
    pub lines_head: [String; 2],
    pub lines: Vec<Line>,
    pub sums: Vec<Sum>,
    pub codes: Vec<Code>,
    pub notes: Vec<Note>,
    pub footer: Vec<Run>,
    pub files: Vec<File>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    pub text: String,
    /// Which way it is read, whatever stands around it; none: as its line.
    pub dir: Option<Dir>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dir {
    Ltr,
    Rtl,
}

#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    pub label: String,
    pub value: Run,
}

/// Something to pay for, and how its amount came about.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub text: String,
    pub detail: Vec<String>,
    pub amount: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Sum {
    pub label: String,
    pub amount: String,
    pub strong: bool,
}

/// A QR code.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    pub svg: String,
    /// For those who do not see it.
    pub alt: String,
    pub caption: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Note {
    pub title: String,
    pub lines: Vec<Vec<Run>>,
}

/// A file inside the PDF.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    pub name: &'static str,
    pub media_type: &'static str,
    /// ISO 32000-2, AFRelationship: `alternative`, `supplement`.
    pub relationship: &'static str,
    pub description: String,
    pub content: String,
}

/// Opens and closes a value in a sentence of `locales/*/documents.ftl`: U+2068 and U+2069.
pub(super) const VALUE: [char; 2] = ['\u{2068}', '\u{2069}'];

impl Run {
    /// A number, reference, date or address.
    pub fn token(text: impl Into<String>) -> Run {
        Run { text: text.into(), dir: Some(Dir::Ltr) }
    }

    pub fn words(text: impl Into<String>) -> Run {
        Run { text: text.into(), dir: None }
    }

    /// What people are called, in the direction of its own letters.
    pub fn name(text: &str) -> Run {
        let arabic = text.chars().any(|c| matches!(c, '\u{600}'..='\u{6ff}'));
        Run { text: text.to_owned(), dir: Some(if arabic { Dir::Rtl } else { Dir::Ltr }) }
    }

    /// The pieces of a sentence whose values are marked. A value of words is no token: it flows with the line.
    pub fn of_sentence(sentence: &str) -> Vec<Run> {
        let pieces = sentence.split(VALUE).enumerate().filter(|(_, piece)| !piece.is_empty());
        let piece = |(at, text): (usize, &str)| {
            if at % 2 == 1 && is_token(text) { Run::token(text) } else { Run::words(text) }
        };
        pieces.map(piece).collect()
    }
}

/// Amounts, dates, references, addresses; not names.
fn is_token(value: &str) -> bool {
    let has_digit = value.chars().any(|c| c.is_ascii_digit());
    value.starts_with(|c: char| c.is_ascii()) && (has_digit || value.contains("://"))
}

/// As the template names them.
pub fn paper(paper: Paper) -> &'static str {
    match paper {
        Paper::A4 => "a4",
        Paper::Thermal => "thermal",
    }
}

/// The amount as it is printed.
pub fn money(fils: i64, lang: Lang) -> String {
    money::Money::fils(fils).page(lang.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_sentence_are_tokens_unless_they_are_words() {
        let runs = Run::of_sentence("ادفع \u{2068}1.000 د.ب.\u{2069} إلى \u{2068}المرور\u{2069}.");
        let words = Run::words;
        assert_eq!(
            runs,
            [words("ادفع "), Run::token("1.000 د.ب."), words(" إلى "), words("المرور"), words(".")]
        );
    }
}
