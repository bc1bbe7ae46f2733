//! From bytes to text: what the file says of itself, else what fits without doubt, else a refusal.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1256};

use super::Refusal;

/// A text and how its bytes were read.
pub struct Decoded {
    pub text: String,
    pub encoding: &'static str,
}

const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";
const UTF16LE_BOM: &[u8] = b"\xFF\xFE";
const UTF16BE_BOM: &[u8] = b"\xFE\xFF";
const UTF32LE_BOM: &[u8] = b"\xFF\xFE\0\0";
const UTF32BE_BOM: &[u8] = b"\0\0\xFE\xFF";

/// Reads `bytes`, which are not empty.
///
/// # Errors
/// `EncodingUnknown`: a wrong guess would print wrong names on bills.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    let unknown = |why| Refusal::EncodingUnknown { why };
    if bytes.starts_with(UTF32LE_BOM) || bytes.starts_with(UTF32BE_BOM) {
        return Err(unknown("UTF-32"));
    }
    if let Some(rest) = bytes.strip_prefix(UTF8_BOM) {
        let text = std::str::from_utf8(rest).ok().ok_or(unknown("damaged UTF-8"))?;
        return clean(text.to_owned(), "UTF-8 with BOM");
    }
    for (bom, encoding, name) in
        [(UTF16LE_BOM, UTF_16LE, "UTF-16LE with BOM"), (UTF16BE_BOM, UTF_16BE, "UTF-16BE with BOM")]
    {
        if let Some(rest) = bytes.strip_prefix(bom) {
            let text = encoding.decode_without_bom_handling_and_without_replacement(rest);
            return clean(text.ok_or(unknown("damaged UTF-16"))?.into_owned(), name);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return clean(text.to_owned(), "UTF-8");
    }
    let (text, _) = WINDOWS_1256.decode_without_bom_handling(bytes);
    if !is_plausible_arabic(&text) {
        return Err(unknown("neither Unicode nor Arabic Windows-1256"));
    }
    clean(text.into_owned(), "Windows-1256")
}

/// Control characters mean that these bytes are no text, or text in UTF-16 without a mark.
fn clean(text: String, encoding: &'static str) -> Result<Decoded, Refusal> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{80}'..='\u{9F}')) {
        return Err(Refusal::EncodingUnknown { why: "control characters" });
    }
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(Decoded { text, encoding })
}

/// Every byte is a letter in Windows-1256, so only sense decides. Of the characters beyond ASCII nine in ten must be
/// Arabic: other code pages (also other Arabic ones) read this way give Latin accents and signs between the letters.
fn is_plausible_arabic(text: &str) -> bool {
    let (mut arabic, mut others) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        match c {
            'ء'..='غ'
            | 'ـ'..='\u{0652}'
            | '،'
            | '؛'
            | '؟'
            | 'پ'
            | 'چ'
            | 'ژ'
            | 'گ'
            | '\u{A0}'
            | '\u{200C}'
            | '\u{200D}'
            | '\u{200E}'
            | '\u{200F}'
            | '–'
            | '«'
            | '»'
            | '’'
            | '“'
            | '”' => arabic += 1,
            c if c.is_control() => return false,
            c if c.is_alphanumeric() || !c.is_whitespace() => others += 1,
            c => debug_assert!(c.is_whitespace(), "the only kind left"),
        }
    }
    arabic > 0 && others <= arabic / 9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8]) -> Result<&'static str, Refusal> {
        decode(bytes).map(|decoded| decoded.encoding)
    }

    #[test]
    fn each_encoding_is_recognised() {
        assert_eq!(name("المرجع;a".as_bytes()), Ok("UTF-8"));
        assert_eq!(name(b"a;b"), Ok("UTF-8"));
        assert_eq!(name("\u{FEFF}a;b".as_bytes()), Ok("UTF-8 with BOM"));
        assert_eq!(name(b"\xFF\xFEa\0;\0"), Ok("UTF-16LE with BOM"));
        assert_eq!(name(b"\xFE\xFF\0a\0;"), Ok("UTF-16BE with BOM"));
        assert_eq!(name(b"\xC7\xE1\xE3\xD1\xCC\xDA;x"), Ok("Windows-1256"));
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        let refused = |bytes: &[u8]| matches!(decode(bytes), Err(Refusal::EncodingUnknown { .. }));
        assert!(refused(b"\xFF\xFE\0\0a\0\0\0"), "UTF-32");
        assert!(refused(b"\xFF\xFEa\0;"), "half a character");
        assert!(refused(b"a\0;\0b\0"), "UTF-16 without its mark");
        assert!(refused(b"Jos\xE9;M\xFCller"), "a Western code page");
        // المرجع والخدمة in ISO-8859-6, which Windows-1256 would read as other letters.
        assert!(refused(b"\xC7\xE4\xE5\xD1\xCC\xD9 \xE8\xC7\xE4\xCE\xCF\xE5\xC9 \xE8\xEA"), "ISO-8859-6");
        assert!(refused(&(0..=255_u8).rev().cycle().take(999).collect::<Vec<_>>()), "noise");
        assert_eq!(name(b"\xEF\xBB\xBF \r\n"), Err(Refusal::Empty));
    }
}
