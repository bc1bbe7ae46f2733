//! Why a service did not start: one line that says what, where and what to do.

use std::{error::Error, fmt};

/// A boxed cause.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a service did not start. `Display` is one clear line with its causes: it is all an operator reads.
#[derive(Debug)]
pub enum StartError {
    /// A setting is missing or wrong.
    Setting { name: String, what: String, todo: String },
    /// Something we need does not answer.
    Dependency { name: String, setting: String, source: BoxError },
    /// A mistake of ours.
    Bug { source: BoxError },
}

impl StartError {
    /// Setting `name` is wrong: `what` is wrong, `todo` sets it right.
    pub fn setting(name: impl Into<String>, what: impl Into<String>, todo: impl Into<String>) -> StartError {
        StartError::Setting { name: name.into(), what: what.into(), todo: todo.into() }
    }

    /// `name` ("Postgres") did not answer where `setting` ("MIZAN_X_DATABASE_URL") says it is.
    pub fn dependency(
        name: impl Into<String>,
        setting: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> StartError {
        StartError::Dependency { name: name.into(), setting: setting.into(), source: source.into() }
    }

    /// Nothing the operator can set right.
    pub fn bug(source: impl Into<BoxError>) -> StartError {
        StartError::Bug { source: source.into() }
    }

    /// The process's exit code: 64 for settings, 69 for a missing dependency, 70 for a bug.
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Setting { .. } => 64,
            StartError::Dependency { .. } => 69,
            StartError::Bug { .. } => 70,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self {
            StartError::Setting { name, what, todo } => format!("{name}: {what}; {todo}"),
            StartError::Dependency { name, setting, source } => {
                format!("{name} is not usable: {}; check {setting}", chain(source.as_ref()))
            }
            StartError::Bug { source } => format!("internal error: {}", chain(source.as_ref())),
        };
        // One line, whatever the cause brought along.
        f.write_str(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl Error for StartError {}

/// An error and its causes in one line, without repeating a cause its parent already quotes.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_code_and_one_line() {
        let setting = StartError::setting("MIZAN_X_GRPC_ADDR", "not an address", "use 127.0.0.1:7101");
        assert_eq!(setting.exit_code(), 64);
        assert_eq!(setting.to_string(), "MIZAN_X_GRPC_ADDR: not an address; use 127.0.0.1:7101");

        let dependency = StartError::dependency("Postgres", "MIZAN_X_DATABASE_URL", "refused\n  by peer");
        assert_eq!(dependency.exit_code(), 69);
        assert_eq!(
            dependency.to_string(),
            "Postgres is not usable: refused by peer; check MIZAN_X_DATABASE_URL"
        );
        assert_eq!(StartError::bug("no").exit_code(), 70);
    }
}
