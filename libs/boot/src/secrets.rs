//! Secrets come as a value or, better, as a file that can be mounted.

use std::path::{Path, PathBuf};

use crate::{Redacted, StartError};

/// The secret of setting `name`, from its value or the file of `<name>_FILE`.
///
/// # Errors
/// [`StartError::Setting`] when both or none are given, or the file cannot be read or is empty.
pub fn read_secret(
    name: &str,
    value: Option<String>,
    file: Option<PathBuf>,
) -> Result<Redacted<String>, StartError> {
    read_optional_secret(name, value, file)?.ok_or_else(|| {
        StartError::setting(name, "is not set", format!("set {name}_FILE to a file that holds it, or {name}"))
    })
}

/// Like [`read_secret`], but the setting may be absent.
///
/// # Errors
/// [`StartError::Setting`] when both are given, or the file cannot be read or is empty.
pub fn read_optional_secret(
    name: &str,
    value: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<Redacted<String>>, StartError> {
    match (value.filter(|value| !value.is_empty()), file) {
        (Some(_), Some(_)) => {
            Err(StartError::setting(name, format!("is set, and {name}_FILE too"), "keep one of them"))
        }
        (Some(value), None) => Ok(Some(Redacted::new(value))),
        (None, Some(file)) => read_file(name, &file).map(Some),
        (None, None) => Ok(None),
    }
}

fn read_file(name: &str, file: &Path) -> Result<Redacted<String>, StartError> {
    let at = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        StartError::setting(
            format!("{name}_FILE"),
            format!("cannot read {at}: {error}"),
            "name a file this user may read",
        )
    })?;
    let text = text.trim();
    if text.is_empty() {
        return Err(StartError::setting(
            format!("{name}_FILE"),
            format!("{at} is empty"),
            "write the secret into it",
        ));
    }
    Ok(Redacted::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_value_or_a_file_and_not_both() {
        let file = std::env::temp_dir().join(format!("mizan-secret-{}", std::process::id()));
        std::fs::write(&file, "from-file\n").unwrap();

        let read = |value: Option<&str>, file| read_secret("MIZAN_X_KEY", value.map(str::to_owned), file);
        assert_eq!(read(Some("direct"), None).unwrap().expose(), "direct");
        assert_eq!(read(None, Some(file.clone())).unwrap().expose(), "from-file");
        assert_eq!(read(Some("direct"), Some(file.clone())).unwrap_err().exit_code(), 64);
        std::fs::remove_file(&file).unwrap();

        let missing = read(None, Some(file)).unwrap_err().to_string();
        assert!(missing.starts_with("MIZAN_X_KEY_FILE: cannot read"), "{missing}");
        let unset = read(None, None).unwrap_err().to_string();
        assert!(unset.contains("MIZAN_X_KEY_FILE"), "{unset}");
    }
}
