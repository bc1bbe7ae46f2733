use serde_json::Value;

/// The largest integer that every reader of JSON holds exactly: 2^53 - 1.
const LARGEST: u64 = 9_007_199_254_740_991;

/// A value that has no canonical form here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Not a whole number, or beyond 2^53 - 1: two readers could hold it differently.
    #[error("{0} is not a whole number within ±(2^53 - 1); amounts are whole fils")]
    Number(String),
}

/// The one spelling of `value`: no spaces, keys sorted by UTF-16, whole numbers only.
///
/// # Errors
/// `Number`.
///
/// # Source
/// RFC 8785, restricted to integers.
pub fn canonical(value: &Value) -> Result<String, CanonicalError> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            if magnitude.is_none_or(|magnitude| magnitude > LARGEST) {
                return Err(CanonicalError::Number(number.to_string()));
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (place, (key, value)) in fields.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// JSON text escapes as little as it may, as RFC 8785 asks.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{C}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<String, CanonicalError> {
        canonical(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn spaces_go_keys_are_sorted_texts_are_plain() {
        assert_eq!(
            of(r#"{ "b" : [ 1, -2, true, null ], "a" : {} }"#).unwrap(),
            r#"{"a":{},"b":[1,-2,true,null]}"#
        );
        assert_eq!(
            of(r#""\u20ac\u0007\n\u000b\u001f\u007f\/\"\\""#).unwrap(),
            "\"€\\u0007\\n\\u000b\\u001f\u{7f}/\\\"\\\\\""
        );
        // The sample of RFC 8785, 3.2.3: by UTF-16 the face (a surrogate pair) comes before U+FB33.
        let sample = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        let sorted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}";
        assert_eq!(of(sample).unwrap(), sorted);
    }

    #[test]
    fn only_whole_and_safe_numbers_pass() {
        for good in ["0", "9007199254740991", "-9007199254740991"] {
            assert_eq!(of(good).unwrap(), good);
        }
        for bad in
            ["1.5", "1.0", "1e3", "-0", "9007199254740992", "-9007199254740992", "18446744073709551615"]
        {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
