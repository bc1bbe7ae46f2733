//! How far an upload came.

/// A file's way: its rows are judged, looked at by the clerk, and become bills, now or on a later day. Until then it is simply
/// gone when the clerk takes it back; afterwards its unpaid bills are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Received whole; its rows are being judged.
    Checking,
    Checked,
    /// Confirmed for a later day.
    Scheduled,
    /// Confirmed; its valid rows become invoices, part by part.
    Issuing,
    Issued,
    /// Its unpaid invoices are being taken back.
    Withdrawing,
    Withdrawn,
}

/// What happens to an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Every row is judged.
    Settle,
    /// The clerk confirmed so many valid rows.
    Confirm { valid: i32, when: When },
    /// The day of its bills has come.
    Begin,
    /// Every part is issued.
    Finish,
    /// The clerk takes it back.
    Withdraw,
    /// No invoice is left that can be taken back.
    Settled,
}

/// When a confirmed file is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Now,
    Later,
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
    pub const ALL: [State; 7] = [
        State::Checking,
        State::Checked,
        State::Scheduled,
        State::Issuing,
        State::Issued,
        State::Withdrawing,
        State::Withdrawn,
    ];

    /// The word in the database and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            State::Checking => "checking",
            State::Checked => "checked",
            State::Scheduled => "scheduled",
            State::Issuing => "issuing",
            State::Issued => "issued",
            State::Withdrawing => "withdrawing",
            State::Withdrawn => "withdrawn",
        }
    }
}

impl Command {
    /// Every one; a file without valid rows is not confirmed.
    const ALL: [Command; 7] = [
        Command::Settle,
        Command::Confirm { valid: 1, when: When::Now },
        Command::Confirm { valid: 1, when: When::Later },
        Command::Begin,
        Command::Finish,
        Command::Withdraw,
        Command::Settled,
    ];

    fn name(self) -> &'static str {
        match self {
            Command::Settle => "settle",
            Command::Confirm { when: When::Now, .. } => "issue",
            Command::Confirm { when: When::Later, .. } => "schedule",
            Command::Begin => "begin",
            Command::Finish => "finish",
            Command::Withdraw => "withdraw",
            Command::Settled => "settled",
        }
    }
}

/// The state after `command`.
///
/// # Errors
/// [`WrongState`]: issued before, nothing to issue, or still at work.
pub fn step(state: State, command: Command) -> Result<State, WrongState> {
    use {Command as C, State as S};
    match (state, command) {
        (S::Checking, C::Settle) => Ok(S::Checked),
        (S::Checked, C::Confirm { valid, when: When::Now }) if valid > 0 => Ok(S::Issuing),
        (S::Checked, C::Confirm { valid, when: When::Later }) if valid > 0 => Ok(S::Scheduled),
        (S::Scheduled, C::Begin) => Ok(S::Issuing),
        (S::Issuing, C::Finish) => Ok(S::Issued),
        (S::Checking | S::Checked | S::Scheduled, C::Withdraw) | (S::Withdrawing, C::Settled) => {
            Ok(S::Withdrawn)
        }
        (S::Issued, C::Withdraw) => Ok(S::Withdrawing),
        (S::Checking, C::Confirm { .. } | C::Begin | C::Finish | C::Settled)
        | (S::Checked, C::Settle | C::Confirm { .. } | C::Begin | C::Finish | C::Settled)
        | (S::Scheduled, C::Settle | C::Confirm { .. } | C::Finish | C::Settled)
        | (S::Issuing, C::Settle | C::Confirm { .. } | C::Begin | C::Withdraw | C::Settled)
        | (S::Issued, C::Settle | C::Confirm { .. } | C::Begin | C::Finish | C::Settled)
        | (S::Withdrawing, C::Settle | C::Confirm { .. } | C::Begin | C::Finish | C::Withdraw)
        | (S::Withdrawn, C::Settle | C::Confirm { .. } | C::Begin | C::Finish | C::Withdraw | C::Settled) => {
            Err(WrongState { state, command })
        }
    }
}

/// Every step, found by trying all of them.
pub fn arrows() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut arrows = vec![("start", State::Checking.name(), "create")];
    for state in State::ALL {
        for command in Command::ALL {
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
    fn every_pair_of_state_and_command_is_decided() {
        use State::{Checked, Checking, Issued, Issuing, Scheduled, Withdrawing, Withdrawn};
        let decided = |state| Command::ALL.map(|command| step(state, command).ok());
        assert_eq!(decided(Checking), [Some(Checked), None, None, None, None, Some(Withdrawn), None]);
        let confirmed = [None, Some(Issuing), Some(Scheduled), None, None, Some(Withdrawn), None];
        assert_eq!(decided(Checked), confirmed);
        assert_eq!(decided(Scheduled), [None, None, None, Some(Issuing), None, Some(Withdrawn), None]);
        assert_eq!(decided(Issuing), [None, None, None, None, Some(Issued), None, None]);
        assert_eq!(decided(Issued), [None, None, None, None, None, Some(Withdrawing), None]);
        assert_eq!(decided(Withdrawing), [None, None, None, None, None, None, Some(Withdrawn)]);
        assert_eq!(decided(Withdrawn), [None; 7]);
        for when in [When::Now, When::Later] {
            assert!(step(Checked, Command::Confirm { valid: 0, when }).is_err());
        }
    }
}
