//! The cells every bill has.

use std::collections::HashMap;

use standards::references::bahrain_phone;

use super::{Code, Fault, Field, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_REFERENCE_CHARS};
use crate::domain::fee_service::FeeService;
use crate::domain::payer::{Language, PayerNumber};
use crate::domain::typed::{folded, plain, visible};
use crate::domain::upload::Cell;

/// A CPR has this many digits.
const CPR_DIGITS: usize = 9;
/// Year `00` and a month below `10` eat three zeros; a fourth cannot stand there, as months begin with 01.
const CPR_DIGITS_LEFT: usize = 6;

/// The text of a cell, after what no cell may hold.
pub fn text(cell: Option<&Cell>, field: &Field) -> Result<String, Fault> {
    match cell {
        None | Some(Cell::Empty) => Ok(String::new()),
        Some(Cell::Error(word)) => {
            Err(Fault::new(field.clone(), Code::CellError).with("value", word.clone()))
        }
        Some(cell @ (Cell::Text(_) | Cell::Number(_) | Cell::Date(_))) => Ok(visible(&cell.shown())),
    }
}

/// Free text: no card number, not too long.
fn free_text(cell: Option<&Cell>, field: &Field, max: usize) -> Result<String, Fault> {
    let text = text(cell, field)?;
    no_card_number(cell, field)?;
    if text.chars().count() > max {
        return Err(Fault::new(field.clone(), Code::TextTooLong).with("limit", max.to_string()));
    }
    Ok(text)
}

/// Card numbers stay out, wherever a clerk may put one.
pub fn no_card_number(cell: Option<&Cell>, field: &Field) -> Result<(), Fault> {
    if cell.is_some_and(Cell::has_card_number) {
        return Err(Fault::new(field.clone(), Code::CardNumberInText));
    }
    Ok(())
}

/// The reason code of a reduction, or nothing. Whether the fee has it, the catalogue knows.
pub fn reduction(cell: Option<&Cell>) -> Result<String, Fault> {
    let field = Field::Reduction;
    let code = plain(&text(cell, &field)?).to_ascii_lowercase();
    no_card_number(cell, &field)?;
    if code.chars().count() > MAX_REFERENCE_CHARS {
        return Err(Fault::new(field, Code::ReductionUnknown));
    }
    Ok(code)
}

pub fn reference(cell: Option<&Cell>) -> Result<String, Fault> {
    let field = Field::Reference;
    let reference = plain(&text(cell, &field)?);
    if reference.is_empty() {
        return Err(Fault::new(field, Code::ReferenceMissing));
    }
    no_card_number(cell, &field)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'.' | b'_');
    if reference.len() > MAX_REFERENCE_CHARS || !reference.bytes().all(allowed) {
        let fault = Fault::new(field, Code::ReferenceInvalid);
        return Err(fault.with("limit", MAX_REFERENCE_CHARS.to_string()));
    }
    Ok(reference)
}

pub fn service<'a>(
    cell: Option<&Cell>,
    services: &'a HashMap<String, FeeService>,
) -> Result<&'a FeeService, Fault> {
    let code = text(cell, &Field::Service)?;
    services.get(&code).ok_or_else(|| {
        let mut known: Vec<&str> = services.keys().map(String::as_str).collect();
        known.sort_unstable();
        Fault::new(Field::Service, Code::ServiceUnknown).with("allowed", known.join(", "))
    })
}

pub fn name(cell: Option<&Cell>) -> Result<String, Fault> {
    let name = free_text(cell, &Field::Name, MAX_NAME_CHARS)?;
    if name.is_empty() { Err(Fault::new(Field::Name, Code::NameMissing)) } else { Ok(name) }
}

pub fn note(cell: Option<&Cell>) -> Result<String, Fault> {
    free_text(cell, &Field::Note, MAX_NOTE_CHARS)
}

/// The CPR or CR, and whether zeros of a CPR were put back. Only a number of a spreadsheet can have lost them; a text of eight digits
/// was typed that way.
pub fn number(cell: Option<&Cell>) -> Result<(PayerNumber, bool), Fault> {
    let typed = text(cell, &Field::Cpr)?;
    if typed.is_empty() {
        return Err(Fault::new(Field::Cpr, Code::CprMissing));
    }
    let eaten = matches!(cell, Some(Cell::Number(_))) && (CPR_DIGITS_LEFT..CPR_DIGITS).contains(&typed.len());
    let digits = if eaten { format!("{typed:0>CPR_DIGITS$}") } else { typed };
    let number = PayerNumber::read(&digits).ok().ok_or_else(|| Fault::new(Field::Cpr, Code::CprLength))?;
    Ok((number, eaten))
}

/// `+973` and eight digits, or nothing.
pub fn phone(cell: Option<&Cell>) -> Result<String, Fault> {
    let typed = text(cell, &Field::Phone)?;
    if typed.is_empty() {
        return Ok(typed);
    }
    bahrain_phone(&typed).ok().ok_or_else(|| Fault::new(Field::Phone, Code::PhoneInvalid))
}

/// The longest address. RFC 5321: a path has 256 octets, its angle brackets included.
const MAX_EMAIL: usize = 254;

/// An address that a mail server may take, or nothing.
pub fn email(cell: Option<&Cell>) -> Result<String, Fault> {
    let typed = text(cell, &Field::Email)?;
    let printable = typed.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = typed.split_once('@').is_some_and(|(local, domain)| {
        let host = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
        !local.is_empty() && host && !domain.contains('@')
    });
    if typed.is_empty() || (printable && fits && typed.len() <= MAX_EMAIL) {
        return Ok(typed);
    }
    Err(Fault::new(Field::Email, Code::EmailInvalid))
}

/// How clerks name a language, as [`folded`] leaves it.
const ARABIC: [&str; 3] = ["ar", "arabic", "العربيه"];
const ENGLISH: [&str; 3] = ["en", "english", "الانجليزيه"];

/// Arabic, unless another is named.
pub fn language(cell: Option<&Cell>) -> Result<Language, Fault> {
    let typed = folded(&text(cell, &Field::Language)?);
    if typed.is_empty() || ARABIC.contains(&typed.as_str()) {
        Ok(Language::Ar)
    } else if ENGLISH.contains(&typed.as_str()) {
        Ok(Language::En)
    } else {
        Err(Fault::new(Field::Language, Code::LanguageUnknown))
    }
}
