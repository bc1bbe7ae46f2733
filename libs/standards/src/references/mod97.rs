use super::{Invalid, normalised};

/// Reads an IBAN of Bahrain as typed or printed (groups of four, small letters), and gives its 22 characters.
///
/// # Errors
/// `Invalid` for another country, length, alphabet or check digits.
///
/// # Source
/// ISO 13616; SWIFT IBAN registry, Bahrain: `BH2!n4!a14!c`.
pub fn bahrain_iban(typed: &str) -> Result<String, Invalid> {
    let refuse =
        Invalid { what: "IBAN", expected: "BH, two check digits, four letters of the bank, 14 characters" };
    let iban: String = normalised(typed).to_uppercase().chars().filter(|c| *c != ' ').collect();
    let digits = iban.get(2..4).ok_or(refuse)?.bytes().all(|b| b.is_ascii_digit());
    let bank = iban.get(4..8).ok_or(refuse)?.bytes().all(|b| b.is_ascii_uppercase());
    if iban.len() == 22 && iban.starts_with("BH") && digits && bank && remainder(&iban) == Some(1) {
        Ok(iban)
    } else {
        Err(refuse)
    }
}

/// The creditor reference of `of`, with its check digits: what a payer writes into a transfer.
///
/// # Errors
/// `Invalid` unless `of` is 1 to 21 of A-Z and 0-9.
///
/// # Source
/// ISO 11649.
pub fn creditor_reference(of: &str) -> Result<String, Invalid> {
    let refuse = Invalid { what: "creditor reference", expected: "1 to 21 of A-Z and 0-9" };
    if !(1..=21).contains(&of.len()) || !of.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return Err(refuse);
    }
    let rest = remainder(&format!("RF00{of}")).ok_or(refuse)?;
    Ok(format!("RF{:02}{of}", 98 - rest))
}

/// Whether `text` is a creditor reference, in capitals and without spaces, and its check digits fit.
pub fn is_creditor_reference(text: &str) -> bool {
    text.strip_prefix("RF")
        .and_then(|rest| rest.get(2..))
        .is_some_and(|of| creditor_reference(of).is_ok_and(|right| right == text))
}

/// ISO 7064 mod 97-10 of what IBAN and creditor reference share: first four characters to the end, letters as
/// 10 to 35.
fn remainder(text: &str) -> Option<u32> {
    let (head, tail) = text.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0, |rest, c| {
        let value = c.to_digit(36)?;
        Some((rest * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../vectors/references.json")).unwrap()
    }

    #[test]
    fn ibans_of_the_vectors() {
        for good in vectors()["iban_good"].as_array().unwrap() {
            assert_eq!(bahrain_iban(good.as_str().unwrap()).unwrap(), good.as_str().unwrap());
        }
        for bad in vectors()["iban_bad"].as_array().unwrap() {
            assert!(bahrain_iban(bad.as_str().unwrap()).is_err(), "{bad}");
        }
        assert_eq!(bahrain_iban(" bh67 bmag 0000 1299 1234 56 ").unwrap(), "BH67BMAG00001299123456");
        for bad in ["", "BH6", "BH٦٧", "المنامة المنامة"] {
            assert!(bahrain_iban(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn creditor_references_of_the_vectors() {
        for case in vectors()["creditor_reference"].as_array().unwrap() {
            let is = case["is"].as_str().unwrap();
            assert_eq!(creditor_reference(case["of"].as_str().unwrap()).unwrap(), is);
            assert!(is_creditor_reference(is));
            assert!(!is_creditor_reference(&is.replace('0', "1").replace("RF25A", "RF26A")), "{is}");
        }
        for bad in ["", "a", "A-1", "ع", "A123456789012345678901"] {
            assert!(creditor_reference(bad).is_err(), "{bad}");
        }
        for bad in ["", "RF", "RF2", "RF25", "RF25a", "25A", "RF١"] {
            assert!(!is_creditor_reference(bad), "{bad}");
        }
    }
}
