/// The digit people see, as 0-9: European, Arabic-Indic, Persian and full-width forms.
pub(crate) fn to_ascii(c: char) -> Option<char> {
    ['0', '٠', '۰', '０'].iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    })
}

/// Marks without a picture of their own that pages and keyboards put around numbers.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_scripts_of_digits_are_known() {
        let digits: String = "0٣۴９".chars().filter_map(to_ascii).collect();
        assert_eq!(digits, "0349");
        assert_eq!(to_ascii('x'), None);
        assert_eq!(to_ascii('½'), None);
    }
}
