//! Secrets come as a value or, better, as a file that can be mounted.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

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

/// The query parameter of a server's URL that names the file with its password.
const PASSWORD_FILE: &str = "password_file";

/// The URL of a server (`postgres://user@host:5432/database?password_file=/run/secrets/x`), whose password may be in a file.
/// The file is read at each new connection, so that a password can be replaced while the service runs.
#[derive(Clone, Debug)]
pub struct ServerUrl {
    setting: String,
    url: Redacted<String>,
    password_file: Option<PathBuf>,
}

impl ServerUrl {
    /// Takes `password_file` out of what the setting `setting` holds.
    pub fn new(setting: &str, url: &str) -> ServerUrl {
        let (start, query) = url.split_once('?').unwrap_or((url, ""));
        let mut password_file = None;
        let others = query.split('&').filter(|pair| match pair.split_once('=') {
            Some((PASSWORD_FILE, file)) => {
                password_file = Some(PathBuf::from(file));
                false
            }
            Some(_) | None => !pair.is_empty(),
        });
        let others = others.collect::<Vec<_>>().join("&");
        let url = if others.is_empty() { start.to_owned() } else { format!("{start}?{others}") };
        ServerUrl { setting: setting.to_owned(), url: Redacted::new(url), password_file }
    }

    /// The URL without the file's name. It may hold a password itself.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// The URL with the password that the file holds now, after the user's name.
    ///
    /// # Errors
    /// As [`ServerUrl::password`]; the URL names no user.
    pub fn complete(&self) -> Result<Redacted<String>, StartError> {
        let Some(password) = self.password()? else { return Ok(self.url.clone()) };
        let Some((before, after)) = self.url().split_once('@') else {
            let todo = "write scheme://user@host before it";
            return Err(StartError::setting(
                &self.setting,
                format!("has a {PASSWORD_FILE} and no user"),
                todo,
            ));
        };
        let mut escaped = String::new();
        for byte in password.expose().bytes() {
            // Writing to a String cannot fail.
            if byte.is_ascii_alphanumeric() {
                write!(escaped, "{}", char::from(byte))
            } else {
                write!(escaped, "%{byte:02X}")
            }
            .ok();
        }
        Ok(Redacted::new(format!("{before}:{escaped}@{after}")))
    }

    /// What the file holds now; none when the URL names no file.
    ///
    /// # Errors
    /// [`StartError::Setting`] when the file cannot be read or is empty.
    pub fn password(&self) -> Result<Option<Redacted<String>>, StartError> {
        self.password_file.as_deref().map(|file| read_file(&self.setting, file)).transpose()
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
    fn a_password_file_is_no_part_of_the_url_and_is_read_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first\n").unwrap();
        let text = format!("postgres://a@db/x?sslmode=require&password_file={}", file.path().display());
        let url = ServerUrl::new("MIZAN_X_DATABASE_URL", &text);
        assert_eq!(url.url(), "postgres://a@db/x?sslmode=require");
        assert_eq!(url.password().unwrap().unwrap().expose(), "first");
        std::fs::write(file.path(), "p@ss/2").unwrap();
        assert_eq!(url.password().unwrap().unwrap().expose(), "p@ss/2");
        assert_eq!(url.complete().unwrap().expose(), "postgres://a:p%40ss%2F2@db/x?sslmode=require");

        let plain = ServerUrl::new("MIZAN_X_DATABASE_URL", "postgres://a:b@db/x");
        assert_eq!(plain.url(), "postgres://a:b@db/x");
        assert!(plain.password().unwrap().is_none());
        assert_eq!(plain.complete().unwrap().expose(), "postgres://a:b@db/x");
        let missing = ServerUrl::new("MIZAN_X_DATABASE_URL", "postgres://a@db/x?password_file=/none");
        assert_eq!(missing.password().unwrap_err().exit_code(), 64);
    }

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
