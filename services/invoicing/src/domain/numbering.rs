//! Numbers and references of invoices.

/// Crockford's base 32: no I, L, O, U, so nothing is read wrongly from paper.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// Random characters at the end of a bill reference: 25 bits that nobody guesses at a page that limits its visitors.
pub const SECRET_CHARS: usize = 5;

/// `TRF-2026-000123`. From the millionth on the number grows longer.
pub fn invoice_number(agency: &str, year: i32, number: i64) -> String {
    format!("{agency}-{year}-{number:06}")
}

/// Which numbers: each series of an agency and year is gapless by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    Invoice,
    CreditNote,
}

impl Series {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Series::Invoice => "invoice",
            Series::CreditNote => "credit_note",
        }
    }
}

/// What stands between agency and year in the number of a credit note.
const CREDIT_NOTE: &str = "CN";

/// `TRF-CN-2026-000001`.
pub fn credit_note_number(agency: &str, year: i32, number: i64) -> String {
    invoice_number(&format!("{agency}-{CREDIT_NOTE}"), year, number)
}

/// Year and number of `TRF-CN-2026-000001`, if it is one of this agency.
pub fn parse_credit_note_number(agency: &str, text: &str) -> Option<(i32, i64)> {
    parse_invoice_number(&format!("{agency}-{CREDIT_NOTE}"), text)
}

/// What the payer types: `TRF-2026-000123-K7QM4`.
pub fn bill_reference(invoice_number: &str, random: [u8; SECRET_CHARS]) -> String {
    // Only the lower five bits count: 256 is a multiple of 32, so each character is as likely as the other.
    let secret: String = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).collect();
    format!("{invoice_number}-{secret}")
}

/// Year and number of `TRF-2026-000123`, if it is one of this agency.
pub fn parse_invoice_number(agency: &str, text: &str) -> Option<(i32, i64)> {
    let (year, number) = text.strip_prefix(agency)?.strip_prefix('-')?.split_once('-')?;
    let (year, number) = (year.parse::<i32>().ok()?, number.parse::<i64>().ok()?);
    // One invoice has one spelling, and no number is below one.
    (number > 0 && invoice_number(agency, year, number) == text).then_some((year, number))
}

/// A bill reference as somebody typed it from paper, in the form it is stored.
pub fn typed_reference(text: &str) -> String {
    let typed = super::typed::plain(text).to_ascii_uppercase();
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    match typed.rsplit_once('-') {
        // Letters that the alphabet leaves out, read for what they look like.
        Some((number, secret)) => format!("{number}-{}", secret.replace('O', "0").replace(['I', 'L'], "1")),
        None => typed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_references_have_one_form() {
        let number = invoice_number("TRF", 2026, 123);
        assert_eq!(number, "TRF-2026-000123");
        assert_eq!(parse_invoice_number("TRF", &number), Some((2026, 123)));
        assert_eq!(parse_invoice_number("TRF", "TRF-2026-1234567"), Some((2026, 1_234_567)));
        for bad in ["", "TRF-2026-123", "MUN-2026-000123", "TRF-2026-000123-K7QM4", "TRF-2026--00123"] {
            assert_eq!(parse_invoice_number("TRF", bad), None, "{bad}");
        }
        let note = credit_note_number("TRF", 2026, 1);
        assert_eq!(note, "TRF-CN-2026-000001");
        assert_eq!(parse_credit_note_number("TRF", &note), Some((2026, 1)));
        assert_eq!(
            (parse_credit_note_number("TRF", &number), parse_invoice_number("TRF", &note)),
            (None, None)
        );
        assert_eq!(bill_reference(&number, [0, 31, 32, 255, 10]), "TRF-2026-000123-0Z0ZA");
    }

    #[test]
    fn a_reference_from_paper_is_found() {
        assert_eq!(typed_reference(" trf-٢٠٢٦-000123-k7qo4 "), "TRF-2026-000123-K7Q04");
        assert_eq!(typed_reference("nonsense"), "NONSENSE");
    }
}
