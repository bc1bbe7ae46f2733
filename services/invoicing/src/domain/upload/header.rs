//! Which column is which, in the words clerks use.

use super::{MAX_COLUMNS, Refusal};
use crate::domain::payer::Language;
use crate::domain::typed::folded;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    Reference,
    Service,
    Name,
    Cpr,
    Phone,
    /// Where notices go.
    Email,
    /// Of notices.
    Language,
    DueDate,
    Note,
    /// The reason code of a reduction.
    Reduction,
    /// What our own corrections say; nobody reads it back.
    Remark,
    /// Something a price may depend on, by its name in fee schedules.
    Input(String),
}

/// The headers our corrections add, in both languages.
pub const REMARKS: [&str; 2] = ["error (en)", "error (ar)"];

const NAMES: [(Column, &[&str]); 11] = [
    (Column::Reference, &["reference", "ref", "reference no", "reference number", "المرجع", "رقم المرجع"]),
    (Column::Service, &["service", "service code", "الخدمة", "رمز الخدمة"]),
    (Column::Name, &["name", "full name", "payer", "payer name", "الاسم", "الاسم الكامل", "اسم الدافع"]),
    (
        Column::Cpr,
        &["cpr", "cpr no", "cpr number", "personal number", "الرقم الشخصي", "الرقم السكاني", "رقم الهوية"],
    ),
    (
        Column::Phone,
        &["phone", "mobile", "phone number", "mobile number", "الهاتف", "رقم الهاتف", "الجوال", "النقال"],
    ),
    (Column::Email, &["email", "e mail", "email address", "البريد الإلكتروني", "البريد"]),
    (Column::Language, &["language", "اللغة"]),
    (Column::DueDate, &["due date", "due", "تاريخ الاستحقاق", "الاستحقاق"]),
    (Column::Note, &["note", "notes", "description", "details", "البيان", "ملاحظات", "ملاحظة", "الوصف"]),
    (Column::Reduction, &["reduction", "reduction code", "exemption", "التخفيض", "رمز التخفيض", "الإعفاء"]),
    (Column::Remark, &REMARKS),
];

/// Fee inputs in Arabic, by their name in fee schedules.
const INPUTS: [(&str, &[&str]); 13] = [
    ("amount", &["المبلغ", "القيمة المستحقة"]),
    ("pages", &["الصفحات", "عدد الصفحات"]),
    ("rent", &["الإيجار", "قيمة الإيجار"]),
    ("category", &["الفئة"]),
    ("years", &["السنوات", "عدد السنوات"]),
    ("months", &["الأشهر", "عدد الأشهر"]),
    ("area", &["المساحة"]),
    ("value", &["القيمة"]),
    ("claim", &["قيمة الدعوى"]),
    ("activities", &["الأنشطة", "عدد الأنشطة"]),
    ("documents", &["المستندات", "عدد المستندات"]),
    ("copies", &["النسخ", "عدد النسخ"]),
    ("units", &["الوحدات", "عدد الوحدات"]),
];

impl Column {
    /// One of ours, not an input of some fee schedule.
    pub fn is_fixed(&self) -> bool {
        !matches!(self, Column::Input(_))
    }
}

/// The column a header names.
pub fn column(header: &str) -> Column {
    let word = folded(header);
    let named = |names: &[&str]| names.iter().any(|name| folded(name) == word);
    if let Some((column, _)) = NAMES.iter().find(|(_, names)| named(names)) {
        return column.clone();
    }
    let input = INPUTS.iter().find(|(_, names)| named(names)).map(|(name, _)| (*name).to_owned());
    // Fee schedules write their inputs with underscores.
    Column::Input(input.unwrap_or_else(|| word.replace(' ', "_")))
}

/// What a column is called in files of ours.
pub fn title(wanted: &Column, language: Language) -> String {
    let arabic = |name: &&&str| name.chars().any(|c| matches!(c, '\u{600}'..='\u{6ff}'));
    let named = |names: &[&str]| {
        let own = match language {
            Language::Ar => names.iter().rev().find(arabic),
            Language::En => names.iter().find(|name| !arabic(name)),
        };
        own.map(|name| (*name).to_owned())
    };
    if let Column::Input(input) = wanted {
        let known = INPUTS.iter().find(|(name, _)| *name == input.as_str());
        return known.and_then(|(_, names)| named(names)).unwrap_or_else(|| input.clone());
    }
    let known = NAMES.iter().find(|(column, _)| column == wanted);
    known.and_then(|(_, names)| named(names)).unwrap_or_default()
}

/// The header's cells, without empty ones at its end.
pub fn names<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = cells.take(MAX_COLUMNS).map(|name| name.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    names
}

/// Every column that a bill cannot do without is there, and none of ours twice.
///
/// # Errors
/// `HeaderMissing`.
pub fn check(headers: &[String]) -> Result<(), Refusal> {
    let columns: Vec<Column> = headers.iter().map(|header| column(header)).collect();
    let count = |wanted: &Column| columns.iter().filter(|column| *column == wanted).count();
    let english = |names: &[&'static str]| names.first().copied().unwrap_or_default();
    let needed = [Column::Reference, Column::Service, Column::Name, Column::Cpr, Column::DueDate];
    let missing: Vec<_> = NAMES
        .iter()
        .filter(|(column, _)| needed.contains(column) && count(column) == 0)
        .map(|(_, names)| english(names))
        .collect();
    let repeated: Vec<_> = NAMES
        .iter()
        .filter(|(column, _)| *column != Column::Remark && count(column) > 1)
        .map(|(_, names)| english(names))
        .collect();
    if missing.is_empty() && repeated.is_empty() {
        Ok(())
    } else {
        Err(Refusal::HeaderMissing { missing, repeated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_in_both_languages() {
        assert_eq!(column("المرجع"), Column::Reference);
        assert_eq!(column(" Due_Date"), Column::DueDate);
        assert_eq!(column("المبلغ"), Column::Input("amount".into()));
        assert_eq!(column("pages"), Column::Input("pages".into()));
        assert_eq!(column("error (ar)"), Column::Remark);
    }

    #[test]
    fn what_is_missing_or_twice_is_named() {
        let headers = ["reference", "المرجع", "name", "cpr", "due date"].map(str::to_owned);
        let refused = check(&headers).unwrap_err();
        assert_eq!(refused, Refusal::HeaderMissing { missing: vec!["service"], repeated: vec!["reference"] });
    }
}
