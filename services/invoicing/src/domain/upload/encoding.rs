//! From bytes to text: what the file says of itself, else what fits without doubt, else a refusal. A file is looked at piece by
//! piece as it arrives, and read piece by piece afterwards.

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1256};

use super::Refusal;

/// How the bytes of a file are read, once all of them were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `UTF-16LE with BOM`, `Windows-1256`, …
    pub name: &'static str,
    encoding: &'static Encoding,
    /// Bytes of the mark at its start.
    mark: usize,
}

type Named = (&'static Encoding, &'static str);

/// What a file without a mark may be, in the order of preference.
const UNMARKED: [Named; 2] = [(UTF_8, "UTF-8"), (WINDOWS_1256, "Windows-1256")];

/// Marks of encodings at the start of a file. UTF-32 is told apart because UTF-16LE begins alike.
const MARKS: [(&[u8], Option<Named>); 5] = [
    (b"\xFF\xFE\0\0", None),
    (b"\0\0\xFE\xFF", None),
    (b"\xEF\xBB\xBF", Some((UTF_8, "UTF-8 with BOM"))),
    (b"\xFF\xFE", Some((UTF_16LE, "UTF-16LE with BOM"))),
    (b"\xFE\xFF", Some((UTF_16BE, "UTF-16BE with BOM"))),
];

impl Reading {
    /// The reading of this name.
    pub fn named(name: &str) -> Option<Reading> {
        let marked = MARKS.into_iter().filter_map(|(mark, known)| known.map(|known| (known, mark.len())));
        let all = UNMARKED.into_iter().map(|known| (known, 0)).chain(marked);
        all.map(|((encoding, name), mark)| Reading { name, encoding, mark })
            .find(|reading| reading.name == name)
    }
}

/// Looks at a file as its pieces come.
pub struct Detector(Vec<Candidate>);

impl Detector {
    /// Begins with the first piece, which holds the mark whole if there is one; feed it afterwards.
    ///
    /// # Errors
    /// `EncodingUnknown` for UTF-32.
    pub fn begin(first: &[u8]) -> Result<Detector, Refusal> {
        let marked = MARKS.into_iter().find(|(mark, _)| first.starts_with(mark));
        let candidate = |(encoding, name), mark| Candidate::new(Reading { name, encoding, mark });
        match marked {
            Some((_, None)) => Err(Refusal::EncodingUnknown { why: "UTF-32" }),
            Some((mark, Some(known))) => Ok(Detector(vec![candidate(known, mark.len())])),
            None => Ok(Detector(UNMARKED.map(|known| candidate(known, 0)).into())),
        }
    }

    /// The next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        for candidate in &mut self.0 {
            candidate.feed(Some(piece));
        }
    }

    /// How the whole file is read.
    ///
    /// # Errors
    /// `EncodingUnknown`: a wrong guess would print wrong names on bills. `Empty`: nothing but blanks.
    pub fn finish(mut self) -> Result<Reading, Refusal> {
        for candidate in &mut self.0 {
            candidate.feed(None);
        }
        let unknown = |why| Refusal::EncodingUnknown { why };
        let guessed = self.0.len() > 1;
        let sound = self.0.iter().find(|candidate| candidate.is_sound);
        let damaged = if guessed { "neither Unicode nor Arabic Windows-1256" } else { "damaged Unicode" };
        let found = sound.ok_or(unknown(damaged))?;
        if found.reading.encoding == WINDOWS_1256 && !found.is_plausible_arabic() {
            return Err(unknown(damaged));
        }
        if found.has_control {
            return Err(unknown("control characters"));
        }
        if found.is_blank { Err(Refusal::Empty) } else { Ok(found.reading) }
    }
}

/// One way to read the bytes, and what speaks for and against it.
struct Candidate {
    reading: Reading,
    /// Bytes of the mark that are still to come.
    skip: usize,
    decoder: Decoder,
    is_sound: bool,
    /// Control characters mean that these bytes are no text, or text in UTF-16 without a mark.
    has_control: bool,
    is_blank: bool,
    arabic: usize,
    others: usize,
}

impl Candidate {
    fn new(reading: Reading) -> Candidate {
        Candidate {
            reading,
            skip: reading.mark,
            decoder: reading.encoding.new_decoder_without_bom_handling(),
            is_sound: true,
            has_control: false,
            is_blank: true,
            arabic: 0,
            others: 0,
        }
    }

    /// The next piece; none: the file ends here.
    fn feed(&mut self, piece: Option<&[u8]>) {
        if !self.is_sound {
            return;
        }
        let last = piece.is_none();
        let piece = piece.unwrap_or_default();
        let skipped = self.skip.min(piece.len());
        self.skip -= skipped;
        let piece = piece.get(skipped..).unwrap_or_default();
        let room = self.decoder.max_utf8_buffer_length_without_replacement(piece.len()).unwrap_or_default();
        let mut text = String::with_capacity(room);
        let (result, _) = self.decoder.decode_to_string_without_replacement(piece, &mut text, last);
        self.is_sound = result == DecoderResult::InputEmpty;
        for c in text.chars() {
            self.look_at(c);
        }
    }

    fn look_at(&mut self, c: char) {
        self.is_blank &= c.is_whitespace();
        if c.is_ascii() {
            self.has_control |= c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r');
            return;
        }
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
            | '”' => self.arabic += 1,
            // Windows-1256 has a letter for nearly every byte: one of the few controls means that it is something else.
            c if c.is_control() => self.others = self.others.saturating_add(usize::MAX / 2),
            c if c.is_alphanumeric() || !c.is_whitespace() => self.others = self.others.saturating_add(1),
            c => debug_assert!(c.is_whitespace(), "the only kind left"),
        }
    }

    /// Every byte is a letter in Windows-1256, so only sense decides. Of the characters beyond ASCII nine in ten must be
    /// Arabic: other code pages (also other Arabic ones) read this way give Latin accents and signs between the letters.
    fn is_plausible_arabic(&self) -> bool {
        self.arabic > 0 && self.others <= self.arabic / 9
    }
}

/// Reads a file piece by piece, once it is known how.
pub struct Text {
    skip: usize,
    decoder: Decoder,
}

impl Text {
    pub fn of(reading: Reading) -> Text {
        Text { skip: reading.mark, decoder: reading.encoding.new_decoder_without_bom_handling() }
    }

    /// The text of the next piece; a character that the piece cuts in two comes with the next one.
    pub fn next(&mut self, piece: &[u8]) -> String {
        let skipped = self.skip.min(piece.len());
        self.skip -= skipped;
        let piece = piece.get(skipped..).unwrap_or_default();
        let room = self.decoder.max_utf8_buffer_length(piece.len()).unwrap_or_default();
        let mut text = String::with_capacity(room);
        let (result, _, _) = self.decoder.decode_to_string(piece, &mut text, false);
        debug_assert_eq!(result, CoderResult::InputEmpty, "the room was asked for");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(bytes: &[u8], piece: usize) -> Result<Reading, Refusal> {
        let mut detector = Detector::begin(bytes)?;
        for piece in bytes.chunks(piece) {
            detector.feed(piece);
        }
        detector.finish()
    }

    fn name(bytes: &[u8]) -> Result<&'static str, Refusal> {
        let whole = reading(bytes, bytes.len()).map(|found| found.name);
        assert_eq!(reading(bytes, 1).map(|found| found.name), whole, "however the file is cut");
        whole
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
        let refused = |bytes: &[u8]| matches!(name(bytes), Err(Refusal::EncodingUnknown { .. }));
        assert!(refused(b"\xFF\xFE\0\0a\0\0\0"), "UTF-32");
        assert!(refused(b"\xFF\xFEa\0;"), "half a character");
        assert!(refused(b"a\0;\0b\0"), "UTF-16 without its mark");
        assert!(refused(b"Jos\xE9;M\xFCller"), "a Western code page");
        // المرجع والخدمة in ISO-8859-6, which Windows-1256 would read as other letters.
        assert!(refused(b"\xC7\xE4\xE5\xD1\xCC\xD9 \xE8\xC7\xE4\xCE\xCF\xE5\xC9 \xE8\xEA"), "ISO-8859-6");
        assert!(refused(&(0..=255_u8).rev().cycle().take(999).collect::<Vec<_>>()), "noise");
        assert_eq!(name(b"\xEF\xBB\xBF \r\n"), Err(Refusal::Empty));
    }

    #[test]
    fn a_text_is_the_same_however_it_is_cut() {
        for bytes in ["\u{FEFF}المرجع;aé".as_bytes(), b"\xFF\xFE\x27\x06;\0\n\0", b"\xC7\xE1\xE3;x"] {
            let found = reading(bytes, 1).unwrap();
            assert_eq!(Reading::named(found.name), Some(found));
            let read = |piece: usize| {
                let mut text = Text::of(found);
                bytes.chunks(piece).map(|piece| text.next(piece)).collect::<String>()
            };
            assert_eq!(read(1), read(bytes.len()));
            assert!(read(1).contains([';']) && !read(1).contains('\u{FEFF}'));
        }
    }
}
