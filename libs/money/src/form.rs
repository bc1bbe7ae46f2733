use crate::{AmountError, Currency, Error, Money};

/// A way to write an amount for a machine. All but DE 4 and 9F02 carry a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Public JSON and providers' messages: `12.500`, exactly the currency's decimals, no other spelling.
    Json,
    /// ISO 8583 data element 4: 12 digits of minor units.
    Iso8583De4,
    /// EMV tag 9F02 (n 12, packed decimal), shown as its 12 hexadecimal digits.
    Emv9f02,
    /// nexo Retailer 3.1 `SimpleCurrencyAmount`: a JSON number, so without trailing zeros: `12.5`.
    Nexo,
    /// ISO 20022 (camt, pain): `12.500`; fewer decimals are read.
    Camt,
    /// SWIFT MT940: `12,500`; the comma always stands, fewer decimals are read.
    Mt940,
}

/// How many decimals a reader takes.
#[derive(Clone, Copy)]
enum Decimals {
    Exactly,
    UpTo,
}

/// Digits of a form that has no decimal point.
const FIXED_DIGITS: usize = 12;

impl Money {
    /// `12.500`: public JSON.
    pub fn to_json_amount(self) -> String {
        self.with_point('.')
    }

    /// Reads what [`Self::to_json_amount`] writes, and only that: no spaces, no `+`, no leading zero.
    ///
    /// # Errors
    /// `Empty`, `Text`, `Decimals` (not exactly the currency's), `Overflow`.
    pub fn from_json_amount(text: &str, currency: Currency) -> Result<Self, AmountError> {
        read_with_point(text, '.', Decimals::Exactly, currency)
    }

    /// The amount in `form`.
    ///
    /// # Errors
    /// `Form` if the form has no sign for a negative amount, or too few digits.
    pub fn write(self, form: Form) -> Result<String, Error> {
        match form {
            Form::Json | Form::Camt => Ok(self.with_point('.')),
            Form::Mt940 => Ok(self.with_point(',')),
            Form::Nexo => Ok(self.with_point('.').trim_end_matches('0').trim_end_matches('.').to_owned()),
            Form::Iso8583De4 | Form::Emv9f02 => {
                let digits = format!("{:0>FIXED_DIGITS$}", self.minor_units());
                if self.is_negative() || digits.len() > FIXED_DIGITS {
                    return Err(Error::Form(form));
                }
                Ok(digits)
            }
        }
    }

    /// Reads an amount written in `form`.
    ///
    /// # Errors
    /// `Empty`, `Text`, `Decimals`, `Overflow`.
    pub fn read(form: Form, text: &str, currency: Currency) -> Result<Self, AmountError> {
        match form {
            Form::Json => Self::from_json_amount(text, currency),
            Form::Nexo | Form::Camt => read_with_point(text, '.', Decimals::UpTo, currency),
            Form::Mt940 if text.contains(',') => {
                // `12,` is how the bank writes a whole number.
                read_with_point(text.trim_end_matches(','), ',', Decimals::UpTo, currency)
            }
            Form::Mt940 => Err(if text.is_empty() { AmountError::Empty } else { AmountError::Text }),
            Form::Iso8583De4 | Form::Emv9f02 => {
                if text.is_empty() {
                    return Err(AmountError::Empty);
                }
                if text.len() != FIXED_DIGITS || !is_digits(text) {
                    return Err(AmountError::Text);
                }
                minor_units(text, currency)
            }
        }
    }

    fn with_point(self, point: char) -> String {
        let sign = if self.is_negative() { "-" } else { "" };
        let (whole, decimals) = self.digits();
        format!("{sign}{whole}{point}{decimals}")
    }

    /// The digits before and after the point, without sign.
    pub(crate) fn digits(self) -> (String, String) {
        let exponent = usize::from(self.currency().exponent());
        let digits = format!("{:0>1$}", self.minor_units().unsigned_abs(), exponent.saturating_add(1));
        let (whole, decimals) = digits.split_at(digits.len().saturating_sub(exponent));
        (whole.to_owned(), decimals.to_owned())
    }
}

fn read_with_point(
    text: &str,
    point: char,
    decimals: Decimals,
    currency: Currency,
) -> Result<Money, AmountError> {
    if text.is_empty() {
        return Err(AmountError::Empty);
    }
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = match unsigned.split_once(point) {
        Some((_, "")) => return Err(AmountError::Text),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading_zero || !is_digits(whole) || !is_digits(fraction) {
        return Err(AmountError::Text);
    }
    let exponent = usize::from(currency.exponent());
    let enough = match decimals {
        Decimals::Exactly => fraction.len() == exponent,
        Decimals::UpTo => fraction.len() <= exponent,
    };
    if !enough {
        return Err(AmountError::Decimals);
    }
    let amount = minor_units(&format!("{sign}{whole}{fraction:0<exponent$}"), currency)?;
    // Zero has one spelling, so that a signed text and its amount agree.
    if amount.is_zero() && !sign.is_empty() { Err(AmountError::Text) } else { Ok(amount) }
}

pub(crate) fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Digits with an optional minus: the only way left to fail is size.
pub(crate) fn minor_units(digits: &str, currency: Currency) -> Result<Money, AmountError> {
    digits.parse().ok().map(|units| Money::new(units, currency)).ok_or(AmountError::Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const FORMS: [(&str, Form); 6] = [
        ("json", Form::Json),
        ("iso8583_de4", Form::Iso8583De4),
        ("emv_9f02", Form::Emv9f02),
        ("nexo", Form::Nexo),
        ("camt", Form::Camt),
        ("mt940", Form::Mt940),
    ];

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../vectors/money.json")).unwrap()
    }

    #[test]
    fn every_form_of_the_vectors_is_written_and_read() {
        let vectors = vectors();
        let cases = vectors["forms"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let amount = Money::fils(case["fils"].as_i64().unwrap());
            for (name, form) in FORMS {
                match case[name].as_str() {
                    Some(text) => {
                        assert_eq!(amount.write(form).as_deref(), Ok(text), "{name}");
                        assert_eq!(Money::read(form, text, Currency::Bhd), Ok(amount), "{name} {text}");
                    }
                    None => assert_eq!(amount.write(form), Err(Error::Form(form)), "{name}"),
                }
            }
        }
    }

    #[test]
    fn json_takes_one_spelling() {
        let vectors = vectors();
        for text in vectors["api_strings"]["accept"].as_array().unwrap() {
            let text = text.as_str().unwrap();
            assert_eq!(Money::from_json_amount(text, Currency::Bhd).unwrap().to_json_amount(), text);
        }
        for text in vectors["api_strings"]["refuse"].as_array().unwrap() {
            let text = text.as_str().unwrap();
            assert!(Money::from_json_amount(text, Currency::Bhd).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_tells_which_kind() {
        use AmountError as E;
        let cases = [
            ("", E::Empty),
            ("12", E::Decimals),
            ("12.5", E::Decimals),
            ("12.5000", E::Decimals),
            ("12.", E::Text),
            ("-", E::Text),
            ("-0.000", E::Text),
            ("1e3", E::Text),
            ("9223372036854775.808", E::Overflow),
        ];
        for (text, why) in cases {
            assert_eq!(Money::from_json_amount(text, Currency::Bhd), Err(why), "{text}");
        }
    }

    #[test]
    fn the_bank_may_write_fewer_decimals() {
        for (form, text, fils) in [
            (Form::Mt940, "12,", 12_000),
            (Form::Mt940, "12,5", 12_500),
            (Form::Camt, "12", 12_000),
            (Form::Camt, "12.5", 12_500),
        ] {
            assert_eq!(Money::read(form, text, Currency::Bhd), Ok(Money::fils(fils)), "{text}");
        }
        assert_eq!(Money::read(Form::Mt940, "12", Currency::Bhd), Err(AmountError::Text));
        assert_eq!(Money::read(Form::Mt940, "", Currency::Bhd), Err(AmountError::Empty));
        assert_eq!(Money::read(Form::Camt, "12.5001", Currency::Bhd), Err(AmountError::Decimals));
        assert_eq!(Money::read(Form::Iso8583De4, "12500", Currency::Bhd), Err(AmountError::Text));
    }

    proptest! {
        #[test]
        fn any_amount_survives_each_form_that_carries_it(fils: i64) {
            let amount = Money::fils(fils);
            for (name, form) in FORMS {
                if let Ok(text) = amount.write(form) {
                    prop_assert_eq!(Money::read(form, &text, Currency::Bhd), Ok(amount), "{}", name);
                }
            }
        }
    }
}
