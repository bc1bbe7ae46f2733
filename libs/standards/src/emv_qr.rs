//! The QR code of a bill: tag, length, value; lengths count characters, the checksum runs over UTF-8 bytes.
//!
//! # Source
//! EMVCo, EMV QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1.

use std::collections::BTreeSet;

/// Most characters of a whole payload.
const MOST_CHARACTERS: usize = 512;
/// BHD in ISO 4217.
const BHD: &str = "048";
const COUNTRY: &str = "BH";

/// What the code on a bill says. All texts but those of `local` are printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Our reverse domain: `bh.gov.mizan`, at most 32.
    pub guid: String,
    /// The agency, at most 32.
    pub agency: String,
    /// Four digits: 9399 for services of the state, 9222 fines, 9311 taxes.
    pub category_code: String,
    /// In dinars with three decimals: `5.250`.
    pub amount: String,
    /// Who is paid, at most 25.
    pub name: String,
    /// Where, at most 15.
    pub city: String,
    /// The bill's reference, at most 25.
    pub bill: String,
    /// Our reference for this payment, at most 25.
    pub reference: Option<String>,
    /// The kiosk or counter that shows the code, at most 25.
    pub terminal: Option<String>,
    /// Name and city once more, in the payer's language.
    pub local: Option<LocalName>,
}

/// Name and city in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalName {
    /// Two letters, as the standard writes them: `AR`.
    pub language: String,
    /// At most 25 characters.
    pub name: String,
    /// At most 15 characters.
    pub city: String,
}

/// A field that the code cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The field is empty, too long, or has characters that are not allowed there.
    #[error("{field} must have 1 to {most} characters of the allowed kind")]
    Field {
        /// The field of [`Bill`].
        field: &'static str,
        /// Most characters it may have.
        most: usize,
    },
    /// All fields together are too long for a code.
    #[error("the bill is too long for a QR code: at most {MOST_CHARACTERS} characters")]
    TooLong,
}

/// Why a scanned text is not such a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It ends inside a tag or length, or a length runs past the end.
    #[error("a length runs past the end")]
    Truncated,
    /// A tag or a length is not two digits.
    #[error("a tag or a length is not two digits")]
    NotDigits,
    /// One tag stands twice on one level.
    #[error("a tag stands twice")]
    TagTwice,
    /// It must begin with tag 00, value 01.
    #[error("it does not begin with the payload format 01")]
    FirstTag,
    /// The checksum is missing.
    #[error("the checksum is missing")]
    NoChecksum,
    /// Something follows the checksum.
    #[error("there is data after the checksum")]
    AfterChecksum,
    /// The checksum is another, or not in capitals.
    #[error("the checksum is wrong")]
    Checksum,
    /// A good code, but not of a bill of ours: this tag is missing or says something else.
    #[error("it is not a bill: tag {0} does not fit")]
    NotABill(&'static str),
}

/// A code that was read and whose checksum fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(Vec<(String, String)>);

impl Payload {
    /// The value of a top-level tag: `58`.
    pub fn get(&self, tag: &str) -> Option<&str> {
        value(&self.0, tag)
    }

    /// The bill this code asks to pay.
    ///
    /// # Errors
    /// `NotABill` if it is some other merchant's code.
    pub fn to_bill(&self) -> Result<Bill, ParseError> {
        let top = |tag: &'static str| self.get(tag).map(str::to_owned).ok_or(ParseError::NotABill(tag));
        for (tag, expected) in [("53", BHD), ("58", COUNTRY)] {
            if self.get(tag) != Some(expected) {
                return Err(ParseError::NotABill(tag));
            }
        }
        let account = objects(&top("26")?)?;
        let additional = objects(&top("62")?)?;
        let inside = |objects: &[(String, String)], tag: &str, of: &'static str| {
            value(objects, tag).map(str::to_owned).ok_or(ParseError::NotABill(of))
        };
        let local = match self.get("64").map(objects).transpose()? {
            Some(local) => Some(LocalName {
                language: inside(&local, "00", "64")?,
                name: inside(&local, "01", "64")?,
                city: inside(&local, "02", "64")?,
            }),
            None => None,
        };
        Ok(Bill {
            guid: inside(&account, "00", "26")?,
            agency: inside(&account, "01", "26")?,
            category_code: top("52")?,
            amount: top("54")?,
            name: top("59")?,
            city: top("60")?,
            bill: inside(&additional, "01", "62")?,
            reference: value(&additional, "05").map(str::to_owned),
            terminal: value(&additional, "07").map(str::to_owned),
            local,
        })
    }
}

/// The text of the QR code of `bill`; draw it with error correction M or better.
///
/// # Errors
/// [`BuildError`], naming the field.
pub fn build(bill: &Bill) -> Result<String, BuildError> {
    check(bill)?;
    let account = object("00", &bill.guid) + &object("01", &bill.agency);
    let additional =
        [("01", Some(&bill.bill)), ("05", bill.reference.as_ref()), ("07", bill.terminal.as_ref())]
            .into_iter()
            .filter_map(|(tag, value)| Some(object(tag, value?)))
            .collect::<String>();
    let mut text = object("00", "01") + &object("01", "12");
    for (tag, value) in [
        ("26", account.as_str()),
        ("52", &bill.category_code),
        ("53", BHD),
        ("54", &bill.amount),
        ("58", COUNTRY),
        ("59", &bill.name),
        ("60", &bill.city),
        ("62", &additional),
    ] {
        text.push_str(&object(tag, value));
    }
    if let Some(local) = &bill.local {
        let inside = object("00", &local.language) + &object("01", &local.name) + &object("02", &local.city);
        text.push_str(&object("64", &inside));
    }
    text.push_str("6304");
    let text = format!("{text}{:04X}", crc16(text.as_bytes()));
    if text.chars().count() > MOST_CHARACTERS { Err(BuildError::TooLong) } else { Ok(text) }
}

/// Reads a scanned text, and its templates, and checks its checksum.
///
/// # Errors
/// A [`ParseError`].
pub fn parse(text: &str) -> Result<Payload, ParseError> {
    let objects = objects(text)?;
    if objects.first().is_none_or(|(tag, value)| tag != "00" || value != "01") {
        return Err(ParseError::FirstTag);
    }
    match objects.iter().position(|(tag, _)| tag == "63") {
        None => return Err(ParseError::NoChecksum),
        Some(place) if place + 1 != objects.len() => return Err(ParseError::AfterChecksum),
        Some(_) => {}
    }
    for (_, inside) in objects.iter().filter(|(tag, _)| is_template(tag)) {
        self::objects(inside)?;
    }
    let stated = value(&objects, "63").ok_or(ParseError::NoChecksum)?;
    let covered = text.strip_suffix(stated).ok_or(ParseError::Checksum)?;
    if stated == format!("{:04X}", crc16(covered.as_bytes())) {
        Ok(Payload(objects))
    } else {
        Err(ParseError::Checksum)
    }
}

fn check(bill: &Bill) -> Result<(), BuildError> {
    let ascii = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let amount = |text: &str| {
        text.split_once('.').is_some_and(|(whole, rest)| {
            !whole.is_empty() && digits(whole) && rest.len() == 3 && digits(rest)
        })
    };
    let any = |text: &str| !text.chars().any(char::is_control);
    let fits = |field, text: &str, most, allowed: &dyn Fn(&str) -> bool| {
        let length = text.chars().count();
        if (1..=most).contains(&length) && allowed(text) {
            Ok(())
        } else {
            Err(BuildError::Field { field, most })
        }
    };
    fits("guid", &bill.guid, 32, &ascii)?;
    fits("agency", &bill.agency, 32, &ascii)?;
    fits("category_code", &bill.category_code, 4, &|text| text.len() == 4 && digits(text))?;
    fits("amount", &bill.amount, 13, &amount)?;
    fits("name", &bill.name, 25, &ascii)?;
    fits("city", &bill.city, 15, &ascii)?;
    fits("bill", &bill.bill, 25, &ascii)?;
    fits("reference", bill.reference.as_deref().unwrap_or("-"), 25, &ascii)?;
    fits("terminal", bill.terminal.as_deref().unwrap_or("-"), 25, &ascii)?;
    if let Some(local) = &bill.local {
        fits("language", &local.language, 2, &|text| text.bytes().all(|b| b.is_ascii_uppercase()))?;
        fits("local name", &local.name, 25, &any)?;
        fits("local city", &local.city, 15, &any)?;
    }
    Ok(())
}

fn object(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.chars().count())
}

fn value<'a>(objects: &'a [(String, String)], tag: &str) -> Option<&'a str> {
    objects.iter().find(|(name, _)| name == tag).map(|(_, value)| value.as_str())
}

/// Merchant accounts, additional data, local names and the unreserved ones hold objects themselves.
fn is_template(tag: &str) -> bool {
    matches!(tag.parse::<u8>(), Ok(26..=51 | 62 | 64 | 80..=99))
}

fn objects(mut text: &str) -> Result<Vec<(String, String)>, ParseError> {
    let mut found = Vec::new();
    let mut tags = BTreeSet::new();
    while !text.is_empty() {
        let tag = two_digits(&mut text)?;
        let length: usize = two_digits(&mut text)?.parse().ok().ok_or(ParseError::NotDigits)?;
        let value = take(&mut text, length)?;
        if !tags.insert(tag) {
            return Err(ParseError::TagTwice);
        }
        found.push((tag.to_owned(), value.to_owned()));
    }
    Ok(found)
}

fn two_digits<'a>(text: &mut &'a str) -> Result<&'a str, ParseError> {
    let two = take(text, 2)?;
    if two.bytes().all(|b| b.is_ascii_digit()) { Ok(two) } else { Err(ParseError::NotDigits) }
}

/// The first `count` characters; `text` becomes what follows them.
fn take<'a>(text: &mut &'a str, count: usize) -> Result<&'a str, ParseError> {
    let ends = text.char_indices().map(|(place, _)| place).chain([text.len()]);
    let end = ends.into_iter().nth(count).ok_or(ParseError::Truncated)?;
    let (taken, rest) = text.split_at_checked(end).ok_or(ParseError::Truncated)?;
    *text = rest;
    Ok(taken)
}

/// CRC-16, polynomial 1021, start FFFF.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../vectors/emv_qr.json")).unwrap()
    }

    fn bill() -> Bill {
        let fields = &vectors()["bill"]["fields"];
        let text = |name: &str| fields[name].as_str().unwrap().to_owned();
        Bill {
            guid: text("guid"),
            agency: text("agency"),
            category_code: "9399".into(),
            amount: text("amount"),
            name: text("name"),
            city: text("city"),
            bill: text("bill"),
            reference: Some(text("ref")),
            terminal: Some(text("terminal")),
            local: Some(LocalName { language: "AR".into(), name: text("ar_name"), city: text("ar_city") }),
        }
    }

    #[test]
    fn the_bill_of_the_vectors_is_built_and_read() {
        let payload = vectors()["bill"]["payload"].as_str().unwrap().to_owned();
        assert_eq!(build(&bill()).unwrap(), payload);
        assert_eq!(parse(&payload).unwrap().to_bill().unwrap(), bill());
        let least = Bill { reference: None, terminal: None, local: None, ..bill() };
        assert_eq!(parse(&build(&least).unwrap()).unwrap().to_bill().unwrap(), least);
    }

    #[test]
    fn published_samples_are_read_and_are_not_our_bills() {
        for sample in vectors()["published_samples"].as_array().unwrap() {
            let payload = parse(sample.as_str().unwrap()).unwrap();
            assert!(payload.get("59").is_some());
            assert_eq!(payload.to_bill(), Err(ParseError::NotABill("53")));
        }
    }

    #[test]
    fn each_bad_code_is_refused_for_its_reason() {
        let whys = [
            ("wrong checksum", ParseError::Checksum),
            ("checksum in lower case", ParseError::Checksum),
            ("Arabic length counted in bytes", ParseError::Truncated),
            ("data after the checksum", ParseError::AfterChecksum),
            ("tag twice", ParseError::TagTwice),
            ("length runs past the end", ParseError::Truncated),
            ("first tag is not 00", ParseError::FirstTag),
            ("tag is not two digits", ParseError::NotDigits),
        ];
        for case in vectors()["refuse"].as_array().unwrap() {
            let why = case["why"].as_str().unwrap();
            let (_, expected) = whys.iter().find(|(words, _)| *words == why).unwrap();
            assert_eq!(parse(case["payload"].as_str().unwrap()), Err(*expected), "{why}");
        }
        assert_eq!(parse(""), Err(ParseError::FirstTag));
        assert_eq!(parse("000201"), Err(ParseError::NoChecksum));
    }

    #[test]
    fn fields_the_code_cannot_carry_are_named() {
        let refused = |bill: Bill| match build(&bill).unwrap_err() {
            BuildError::Field { field, .. } => field,
            BuildError::TooLong => "all",
        };
        assert_eq!(refused(Bill { name: "N".repeat(26), ..bill() }), "name");
        assert_eq!(refused(Bill { city: "المنامة".into(), ..bill() }), "city");
        assert_eq!(refused(Bill { amount: "5.25".into(), ..bill() }), "amount");
        assert_eq!(refused(Bill { bill: String::new(), ..bill() }), "bill");
        assert_eq!(refused(Bill { reference: Some(String::new()), ..bill() }), "reference");
        assert_eq!(refused(Bill { category_code: "939".into(), ..bill() }), "category_code");
    }
}
