//! What a file is, by its first bytes.

/// What to do with a file.
pub enum Kind {
    /// Perhaps an XLSX.
    Zip,
    /// Perhaps a CSV.
    Text,
    /// Something else, in words for the clerk.
    Other(&'static str),
}

const ZIP: &[u8] = b"PK\x03\x04";

/// First bytes and what they begin.
const OTHERS: [(&[u8], &str); 18] = [
    (b"%PDF", "a PDF"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel workbook (.xls) or one with a password"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xFF\xD8\xFF", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"BM", "an image (BMP)"),
    (b"II*\0", "an image (TIFF)"),
    (b"MM\0*", "an image (TIFF)"),
    (b"RIFF", "an image or sound"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1F\x8B", "a compressed file (gzip)"),
    (b"7z\xBC\xAF\x27\x1C", "a compressed file (7z)"),
    (b"Rar!", "a compressed file (RAR)"),
    (b"PK\x05\x06", "an empty archive"),
    (b"\x7FELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"%!PS", "a PostScript document"),
];

/// Text that is something else than a table.
const MARKUP: [(&str, &str); 4] = [
    ("<!doctype html", "a web page (HTML)"),
    ("<html", "a web page (HTML)"),
    ("<?xml", "an XML document"),
    ("<table", "a web page (HTML)"),
];

/// Looks at the first bytes.
pub fn of(bytes: &[u8]) -> Kind {
    if bytes.starts_with(ZIP) {
        return Kind::Zip;
    }
    let short_magic_fits_text = |magic: &[u8]| {
        // "BM" and "MZ" may begin a header too; in the formats a NUL follows soon.
        magic.len() > 2 || !magic.is_ascii() || bytes.iter().take(32).any(|byte| *byte == 0)
    };
    if let Some((_, what)) =
        OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic) && short_magic_fits_text(magic))
    {
        return Kind::Other(what);
    }
    let start: String =
        bytes.iter().take(64).map(|byte| char::from(*byte)).collect::<String>().to_ascii_lowercase();
    let start = start.trim_start_matches("ï»¿").trim_start();
    MARKUP
        .iter()
        .find(|(begin, _)| start.starts_with(begin))
        .map_or(Kind::Text, |(_, what)| Kind::Other(what))
}
