//! How far an upload came.

/// A file's way: its rows are judged, looked at by the clerk, and become bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Received whole; its rows are being judged.
    Checking,
    Checked,
    /// Confirmed; its valid rows become invoices, part by part.
    Issuing,
    Issued,
}

/// What happens to an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Every row is judged.
    Settle,
    /// The clerk confirmed so many valid rows.
    Confirm { valid: i32 },
    /// Every part is issued.
    Finish,
}

/// The upload is not where this can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an upload that is {} cannot {}", state.name(), command.name())]
pub struct WrongState {
    pub state: State,
    pub command: Command,
}

impl State {
    /// Every one, in the order of its way.
    pub const ALL: [State; 4] = [State::Checking, State::Checked, State::Issuing, State::Issued];

    /// The word in the database and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            State::Checking => "checking",
            State::Checked => "checked",
            State::Issuing => "issuing",
            State::Issued => "issued",
        }
    }
}

impl Command {
    fn name(self) -> &'static str {
        match self {
            Command::Settle => "settle",
            Command::Confirm { .. } => "issue",
            Command::Finish => "finish",
        }
    }
}

/// The state after `command`.
///
/// # Errors
/// [`WrongState`]: issued before, nothing to issue, or still being judged.
pub fn step(state: State, command: Command) -> Result<State, WrongState> {
    match (state, command) {
        (State::Checking, Command::Settle) => Ok(State::Checked),
        (State::Checked, Command::Confirm { valid }) if valid > 0 => Ok(State::Issuing),
        (State::Issuing, Command::Finish) => Ok(State::Issued),
        (State::Checking, Command::Confirm { .. } | Command::Finish)
        | (State::Checked, Command::Settle | Command::Confirm { .. } | Command::Finish)
        | (State::Issuing, Command::Settle | Command::Confirm { .. })
        | (State::Issued, Command::Settle | Command::Confirm { .. } | Command::Finish) => {
            Err(WrongState { state, command })
        }
    }
}

/// Every step, found by trying all of them.
pub fn arrows() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut arrows = vec![("start", State::Checking.name(), "create")];
    for state in State::ALL {
        for command in [Command::Settle, Command::Confirm { valid: 1 }, Command::Finish] {
            if let Ok(after) = step(state, command) {
                arrows.push((state.name(), after.name(), command.name()));
            }
        }
    }
    arrows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_judged_confirmed_and_issued_once_and_only_with_rows() {
        use State::{Checked, Checking, Issued, Issuing};
        let confirm = Command::Confirm { valid: 1 };
        let decided =
            |state| [Command::Settle, confirm, Command::Finish].map(|command| step(state, command).ok());
        assert_eq!(decided(Checking), [Some(Checked), None, None]);
        assert_eq!(decided(Checked), [None, Some(Issuing), None]);
        assert_eq!(decided(Issuing), [None, None, Some(Issued)]);
        assert_eq!(decided(Issued), [None, None, None]);
        assert!(step(Checked, Command::Confirm { valid: 0 }).is_err());
    }
}
