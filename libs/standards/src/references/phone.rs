use super::{Invalid, normalised};

/// Reads a phone number of Bahrain as people type it, and gives `+973` and eight digits.
///
/// # Errors
/// `Invalid` for other countries and lengths.
///
/// # Source
/// ITU-T E.164; Bahrain's numbering plan: country code 973, eight digits, no area codes.
pub fn bahrain_phone(typed: &str) -> Result<String, Invalid> {
    let refuse = Invalid { what: "phone number", expected: "eight digits, with or without +973" };
    let separators = [' ', '\u{A0}', '-', '\u{2011}', '(', ')', '.'];
    let text: String = normalised(typed).chars().filter(|c| !separators.contains(c)).collect();
    let national = if text.len() == 8 {
        text.as_str()
    } else {
        ["+973", "00973", "973"].iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or(refuse)?
    };
    if national.len() == 8 && national.bytes().all(|b| b.is_ascii_digit()) {
        Ok(format!("+973{national}"))
    } else {
        Err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_all_ways_to_type_it() {
        for typed in
            ["36001234", "+973 3600 1234", "00973-36001234", "97336001234", "(973) 3600.1234", "٣٦٠٠١٢٣٤"]
        {
            assert_eq!(bahrain_phone(typed).as_deref(), Ok("+97336001234"), "{typed}");
        }
        for bad in ["", "3600123", "360012345", "+966500012345", "+97336001", "3600123x", "+9733600123٤٥"] {
            assert!(bahrain_phone(bad).is_err(), "{bad}");
        }
    }
}
