//! The sentences clerks read, from `locales/`.

use std::{collections::BTreeMap, sync::Arc};

use boot::Lang;
use boot::locale::{Error, Texts, Value};

use crate::domain::correction::Remark;
use crate::domain::fee_service::LocalText;
use crate::domain::upload::{MAX_ROWS, Refusal};

/// Both languages.
///
/// # Errors
/// A file does not parse.
pub fn load() -> Result<Arc<Texts>, Error> {
    let en = include_str!("../../../locales/en/invoicing.ftl");
    let ar = include_str!("../../../locales/ar/invoicing.ftl");
    Texts::load(&[(Lang::En, en), (Lang::Ar, ar)]).map(Arc::new)
}

/// What is wrong with a cell and what to do, in both languages.
pub fn fault(texts: &Texts, code: &str, details: &BTreeMap<String, String>) -> LocalText {
    let values: Vec<(&str, Value<'_>)> =
        details.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str()))).collect();
    LocalText { en: texts.say(Lang::En, code, &values), ar: texts.say(Lang::Ar, code, &values) }
}

/// The same, for the clerk's corrections.
pub fn remark(texts: &Texts, error: &crate::store::upload_error::UploadError) -> Remark {
    let LocalText { en, ar } = fault(texts, &error.code, &error.details);
    let column = usize::try_from(error.column).unwrap_or_default();
    Remark { row: u32::try_from(error.row).unwrap_or_default(), column, en, ar }
}

/// Why a file is refused as a whole, in English; the code tells the page which sentence of its own to show.
pub fn refusal(texts: &Texts, refusal: &Refusal) -> String {
    let join = |names: &[&str]| names.join(", ");
    let values: Vec<(&str, Value<'_>)> = match refusal {
        Refusal::Empty => vec![],
        Refusal::TypeUnknown { looks_like } => vec![("looks_like", (*looks_like).into())],
        Refusal::EncodingUnknown { why } | Refusal::ArchiveSuspicious { why } => vec![("why", (*why).into())],
        Refusal::HeaderMissing { missing, repeated } => vec![
            ("missing", if missing.is_empty() { "none".into() } else { join(missing).into() }),
            ("repeated", if repeated.is_empty() { "none".into() } else { join(repeated).into() }),
        ],
        Refusal::TooManyRows => vec![("limit", MAX_ROWS.to_string().into())],
    };
    texts.say(Lang::En, refusal.code(), &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::upload_row::Code;

    #[test]
    fn every_code_has_its_sentence_in_both_languages() {
        let texts = load().unwrap();
        texts.same_keys().unwrap();
        for code in Code::ALL {
            assert!(texts.has(Lang::En, code.name()), "{}", code.name());
        }
        let refusals = [
            Refusal::Empty,
            Refusal::TypeUnknown { looks_like: "a PDF" },
            Refusal::EncodingUnknown { why: "UTF-32" },
            Refusal::ArchiveSuspicious { why: "damaged" },
            Refusal::HeaderMissing { missing: vec!["cpr"], repeated: vec![] },
            Refusal::TooManyRows,
        ];
        for refused in refusals {
            assert!(refusal(&texts, &refused).contains(' '), "{refused:?}");
        }
    }
}
