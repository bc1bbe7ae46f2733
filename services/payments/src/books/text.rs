//! Documents that are signed, or lead to something signed, as JSON. Each has one form: what reads as it but is written
//! otherwise is refused, so that no byte of it can be changed unseen.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads a document.
///
/// # Errors
/// What is wrong with it, for people.
pub fn read<T: Serialize + DeserializeOwned>(text: &str) -> Result<T, String> {
    let value: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let given: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match serde_json::to_value(&value) {
        Ok(written) if written == given => Ok(value),
        Ok(_) | Err(_) => Err("it is not in the form in which mizan writes it".to_owned()),
    }
}

/// Writes a document.
pub fn write<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("texts, numbers and lists are JSON");
    text.push('\n');
    text
}
