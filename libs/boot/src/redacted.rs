//! A value that no line and no span can show.

use std::{convert::Infallible, fmt, str::FromStr};

/// Personal data or a secret. It has no `Display`, and `Debug` shows nothing of it: to use it, say so with
/// [`Redacted::expose`].
#[derive(Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Hides `value`.
    pub fn new(value: T) -> Redacted<T> {
        Redacted(value)
    }

    /// The value, in the clear.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, in the clear.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Redacted<T> {
        Redacted(value)
    }
}

impl FromStr for Redacted<String> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Redacted<String>, Infallible> {
        Ok(Redacted(text.to_owned()))
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let cpr: Redacted<String> = "900101123".parse().unwrap();
        assert_eq!(format!("{cpr:?}"), "[redacted]");
        assert_eq!(cpr.expose(), "900101123");
    }
}
