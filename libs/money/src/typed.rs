use crate::{
    AmountError, Currency, Money,
    form::{is_digits, minor_units},
};

/// Signs of the dinar people put beside a number.
const DINAR: [&str; 4] = ["BHD", "BD", "د.ب.", "د.ب"];

impl Money {
    /// Reads a price in dinars as people type or paste it: European, Arabic-Indic and Persian digits, `٫` and
    /// `٬`, thousands groups, the sign of the dinar before or after, marks of direction.
    ///
    /// A comma groups thousands only beside a decimal point: `1,234` alone would be 1 dinar to one reader and
    /// 1234 to another, and is refused.
    ///
    /// # Errors
    /// Each [`AmountError`]. Zero is taken: the caller decides.
    pub fn parse_typed(typed: &str) -> Result<Self, AmountError> {
        let visible: String = typed.chars().filter(|c| !is_direction_mark(*c)).collect();
        let number = without_dinar(visible.trim());
        if number.is_empty() {
            return Err(AmountError::Empty);
        }
        if names_another_currency(number) {
            return Err(AmountError::Currency);
        }
        let latin: String = number.chars().map(latin).collect();
        match latin.strip_prefix(['-', '\u{2212}']) {
            // A minus before anything but a price is just text.
            Some(rest) => Err(price(rest).err().unwrap_or(AmountError::Negative)),
            None => price(&latin),
        }
    }
}

/// `1234.5`, `1,234.500`. The Arabic thousands separator is never a decimal one, so it may stand alone.
fn price(number: &str) -> Result<Money, AmountError> {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | THOUSANDS);
    if !number.starts_with(|c: char| c.is_ascii_digit()) || !number.chars().all(plain) {
        return Err(AmountError::Text);
    }
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(AmountError::Text),
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    if fraction.is_some_and(|f| !is_digits(f)) || (fraction.is_none() && whole.contains(',')) {
        return Err(AmountError::Separators);
    }
    let fraction = fraction.unwrap_or_default();
    let exponent = usize::from(Currency::Bhd.exponent());
    if fraction.len() > exponent {
        return Err(AmountError::Decimals);
    }
    minor_units(&format!("{}{fraction:0<exponent$}", ungrouped(whole)?), Currency::Bhd)
}

/// The digits of `1,234`; every group but the first must have three.
fn ungrouped(whole: &str) -> Result<String, AmountError> {
    let mut groups = whole.split([',', THOUSANDS]);
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    if !rest.is_empty() && (first.len() > 3 || rest.iter().any(|group| group.len() != 3)) {
        return Err(AmountError::Separators);
    }
    Ok(format!("{first}{}", rest.concat()))
}

/// U+066C, Arabic thousands separator.
const THOUSANDS: char = '٬';

/// Arabic-Indic and Persian digits and decimal separator as Latin ones; anything else as it is.
fn latin(c: char) -> char {
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

/// Marks that pages and keyboards put around numbers: LRM, RLM, ALM, embeddings, isolates, BOM.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// The text without one sign of the dinar before or after it.
fn without_dinar(text: &str) -> &str {
    DINAR
        .iter()
        .find_map(|sign| text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)))
        .map_or(text, str::trim)
}

/// Three capital letters before or after something with a digit: `12.500 USD`.
fn names_another_currency(text: &str) -> bool {
    let letters = text.trim_matches(|c: char| !c.is_ascii_alphabetic());
    let at_an_end = text.starts_with(letters) || text.ends_with(letters);
    letters.len() == 3
        && at_an_end
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && text.chars().any(|c| latin(c).is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use AmountError as E;
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../vectors/money.json")).unwrap()
    }

    #[test]
    fn what_people_type_is_read() {
        for case in vectors()["read"].as_array().unwrap() {
            let typed = case["typed"].as_str().unwrap();
            let fils = case["fils"].as_i64().unwrap();
            assert_eq!(Money::parse_typed(typed), Ok(Money::fils(fils)), "{typed}");
        }
        for (typed, fils) in
            [("BD 0", 0), ("١٬٢٣٤", 1_234_000), ("007", 7_000), ("1,234,567.5", 1_234_567_500)]
        {
            assert_eq!(Money::parse_typed(typed), Ok(Money::fils(fils)), "{typed}");
        }
    }

    #[test]
    fn what_is_doubtful_is_refused() {
        let whys = [
            ("more than three decimals", E::Decimals),
            ("separators the other way round", E::Separators),
            ("ambiguous separator", E::Separators),
            ("not a plain number", E::Text),
            ("not a number", E::Text),
            ("empty", E::Empty),
            ("negative where a price is asked", E::Negative),
            ("too large", E::Overflow),
            ("other currency", E::Currency),
        ];
        for case in vectors()["refuse"].as_array().unwrap() {
            let (typed, why) = (case["typed"].as_str().unwrap(), case["why"].as_str().unwrap());
            let (_, expected) = whys.iter().find(|(words, _)| *words == why).unwrap();
            assert_eq!(Money::parse_typed(typed), Err(*expected), "{typed}: {why}");
        }
    }

    #[test]
    fn refusals_beyond_the_vectors() {
        for (typed, why) in [
            ("  ", E::Empty),
            ("BHD", E::Empty),
            ("1,234", E::Separators),
            ("1,23.500", E::Separators),
            ("1234,567.000", E::Separators),
            ("1.2.3", E::Separators),
            ("12.", E::Text),
            (".5", E::Text),
            ("+5", E::Text),
            ("--5", E::Text),
            ("5 5", E::Text),
            ("-", E::Text),
            ("-5.0001", E::Decimals),
            ("EUR 5", E::Currency),
            ("½", E::Text),
        ] {
            assert_eq!(Money::parse_typed(typed), Err(why), "{typed}");
        }
    }

    #[test]
    fn pages_can_be_pasted_back() {
        use crate::Lang;
        for fils in [0, 1, 999, 1_234_500, 999_999_999] {
            let amount = Money::fils(fils);
            assert_eq!(Money::parse_typed(&amount.page(Lang::En)), Ok(amount));
            assert_eq!(Money::parse_typed(&amount.page(Lang::Ar)), Ok(amount));
        }
    }
}
