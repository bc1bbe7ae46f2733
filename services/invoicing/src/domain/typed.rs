//! Text as people type it: other digits, invisible marks, odd spaces.

/// Arabic-Indic and Persian digits as ASCII ones, `٫` as `.`; marks of direction gone, ends trimmed.
pub fn plain(text: &str) -> String {
    visible(text).chars().map(ascii_digit).collect()
}

/// Marks of direction gone, ends trimmed; everything else as it was typed.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_mark(*c)).collect::<String>().trim().to_owned()
}

/// A word as it is compared: lower case, one spelling of alef, ta marbuta and ya, no vowel signs, `_` as a space.
pub fn folded(text: &str) -> String {
    let letters: String = visible(text)
        .chars()
        .filter(|c| !is_vowel_sign(*c))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
            'ة' => 'ه',
            'ى' => 'ي',
            '_' | '-' | '\u{A0}' | '\n' | '\r' | '\t' => ' ',
            other => other,
        })
        .collect();
    letters.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn ascii_digit(c: char) -> char {
    match c {
        '٫' => '.',
        '٠' | '۰' => '0',
        '١' | '۱' => '1',
        '٢' | '۲' => '2',
        '٣' | '۳' => '3',
        '٤' | '۴' => '4',
        '٥' | '۵' => '5',
        '٦' | '۶' => '6',
        '٧' | '۷' => '7',
        '٨' | '۸' => '8',
        '٩' | '۹' => '9',
        other => other,
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{064B}'..='\u{0652}' | '\u{0670}' | '\u{0640}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_as_people_mean_them() {
        assert_eq!(folded(" Due_Date "), "due date");
        assert_eq!(folded("المَرجِع"), folded("المرجع"));
        assert_eq!(folded("تاريخ الإستحقاق"), folded("تاريخ  الاستحقاق"));
        assert_eq!(plain("\u{200F}١٧/٠٢/٢٠٣٠ "), "17/02/2030");
    }
}
