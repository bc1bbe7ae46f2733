//! How far an upload came.

/// A file's way: checked when it was read, issued once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Checked,
    Issued,
}

/// The upload cannot be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an upload that is {} with {valid} valid rows cannot be issued", state.name())]
pub struct WrongState {
    pub state: State,
    pub valid: i32,
}

impl State {
    /// The word in the database and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            State::Checked => "checked",
            State::Issued => "issued",
        }
    }
}

/// The state after the clerk confirmed `valid` rows.
///
/// # Errors
/// [`WrongState`]: issued before, or nothing to issue.
pub fn issue(state: State, valid: i32) -> Result<State, WrongState> {
    match state {
        State::Checked if valid > 0 => Ok(State::Issued),
        State::Checked | State::Issued => Err(WrongState { state, valid }),
    }
}

/// Every step, found by trying all of them.
pub fn arrows() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut arrows = vec![("start", State::Checked.name(), "create")];
    for state in [State::Checked, State::Issued] {
        if let Ok(after) = issue(state, 1) {
            arrows.push((state.name(), after.name(), "issue"));
        }
    }
    arrows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_issued_once_and_only_with_rows() {
        assert_eq!(issue(State::Checked, 1), Ok(State::Issued));
        assert!(issue(State::Checked, 0).is_err());
        assert!(issue(State::Issued, 1).is_err());
    }
}
