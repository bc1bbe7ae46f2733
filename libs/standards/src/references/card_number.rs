use crate::digits;

/// First digits of card schemes, from and to, and how long their numbers are.
///
/// # Source
/// ISO/IEC 7812 and the schemes' published ranges. Wide on purpose: a text refused wrongly is typed again, a
/// card number kept is a breach.
const RANGES: [(&str, &str, std::ops::RangeInclusive<usize>); 16] = [
    ("4", "4", 13..=19),       // Visa
    ("51", "55", 16..=16),     // Mastercard
    ("2221", "2720", 16..=16), // Mastercard
    ("34", "34", 15..=15),     // American Express
    ("37", "37", 15..=15),     // American Express
    ("300", "305", 14..=19),   // Diners
    ("36", "36", 14..=19),     // Diners
    ("38", "39", 14..=19),     // Diners
    ("3528", "3589", 16..=19), // JCB
    ("50", "50", 13..=19),     // Maestro
    ("56", "58", 13..=19),     // Maestro
    ("6011", "6011", 16..=19), // Discover
    ("62", "62", 16..=19),     // UnionPay
    ("63", "63", 13..=19),     // Maestro
    ("64", "69", 13..=19),     // Discover, RuPay, Maestro
    ("81", "81", 16..=19),     // UnionPay
];

/// Whether a card number stands in free text: digits of any script, alone or in groups with a space, hyphen, dot
/// or slash between, that begin like a scheme's, have its length and fit the Luhn check.
pub fn contains_card_number(text: &str) -> bool {
    let groups = digit_groups(text);
    (0..groups.len()).filter_map(|start| groups.get(start..)).any(begins_with_card_number)
}

/// Whether the first group, or it and some that follow it, are a card number.
fn begins_with_card_number(groups: &[Group]) -> bool {
    let mut digits = String::new();
    for group in groups {
        let other_run = !digits.is_empty() && !group.follows;
        if other_run || digits.len() + group.digits.len() > LONGEST {
            return false;
        }
        digits.push_str(&group.digits);
        if is_card_number(&digits) {
            return true;
        }
    }
    false
}

/// Most digits a card number has.
const LONGEST: usize = 19;

/// So many separators may stand between two groups.
const MOST_SEPARATORS: u8 = 3;

/// Digits without anything between.
struct Group {
    digits: String,
    /// Only a separator stands between this group and the one before.
    follows: bool,
}

fn digit_groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // How many since the last digit; none once something else stood there.
    let mut separators: Option<u8> = None;
    for c in text.chars().filter(|c| !digits::is_invisible(*c)) {
        if let Some(digit) = digits::to_ascii(c) {
            let follows = separators.is_some_and(|count| count <= MOST_SEPARATORS);
            match groups.last_mut().filter(|_| separators == Some(0)) {
                Some(group) => group.digits.push(digit),
                None => groups.push(Group { digits: digit.to_string(), follows }),
            }
            separators = Some(0);
        } else {
            separators = separators.filter(|_| is_separator(c)).map(|count| count.saturating_add(1));
        }
    }
    groups
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '.' | '/' | '_' | '*' | ',')
}

fn is_card_number(digits: &str) -> bool {
    let of_a_scheme = RANGES.iter().any(|(from, to, lengths)| {
        let first = digits.get(..from.len());
        lengths.contains(&digits.len()) && first.is_some_and(|first| (*from..=*to).contains(&first))
    });
    of_a_scheme && fits_luhn(digits)
}

/// ISO/IEC 7812-1, annex B.
fn fits_luhn(digits: &str) -> bool {
    let sum = digits.chars().rev().zip([false, true].into_iter().cycle()).try_fold(0, |sum, (c, doubled)| {
        let digit = c.to_digit(10)?;
        let value = if doubled { digit * 2 } else { digit };
        Some(sum + if value > 9 { value - 9 } else { value })
    });
    sum.is_some_and(|sum| sum % 10 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_found_however_they_are_written() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "card 4111 1111 1111 1111 exp 12/28",
            "4111 1111 1111 1111 0928 123",
            "room 7, 4111.1111.1111.1111",
            "٤١١١ ١١١١ ١١١١ ١١١١",
            "۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱",
            "4111\u{200f}1111\u{a0}1111\n1111",
            "pan:5555555555554444.",
            "2223003122003222",
            "3782 822463 10005",
            "3530111333300000",
            "6011000990139424",
            "6200000000000005",
            "30569309025904",
            "x4222222222222x",
        ] {
            assert!(contains_card_number(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_not_card_numbers() {
        for text in [
            "",
            "4111111111111112",
            "BH67BMAG00001299123456",
            "RF39DEP2026100500042",
            "INV-2026-000123",
            "520202236",
            "+973 3600 1234",
            "BHD 12.500",
            "1111111111111117",
            "411111111111111111111111",
            "4111 1111 x 1111 1111",
            "0190b2c3-d4e5-7f60-8a9b-0c1d2e3f4a5b",
        ] {
            assert!(!contains_card_number(text), "{text}");
        }
    }
}
