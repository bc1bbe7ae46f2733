//! A device's life: registered, enrolled with its own key, activated by a second person, quarantined by a fork.

use std::collections::BTreeSet;

use ids::DeviceId;
use time::OffsetDateTime;

/// The Ed25519 key of a device's journal, which is also that of its certificate.
pub type PublicKey = [u8; 32];

/// A kiosk or terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub device_id: DeviceId,
    /// Where it stands.
    pub place: String,
    /// Who made it known; never who activates it.
    pub registered_by: String,
    pub state: State,
    /// Steps so far, from 1.
    pub version: i64,
}

/// Where a device is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for its enrolment code to be used.
    Registered,
    /// Has its certificate, waits for a second person.
    Pending { key: PublicKey },
    /// Takes money.
    Active { key: PublicKey, activated_by: String },
    /// Its journal forked: no new sessions, and its records are kept apart.
    Quarantined { key: PublicKey, activated_by: String, since: OffsetDateTime },
}

/// What may happen to a device.
#[derive(Clone, Debug)]
pub enum Command {
    /// An operator registers it, again when a code was lost.
    Register { by: String },
    /// It used its one-time code.
    Enrol { key: PublicKey },
    /// A person lets it take money.
    Activate { by: String },
    /// Two journals of it are seen.
    Fork,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reregistered,
    Enrolled,
    Activated,
    Quarantined,
    /// It was so already: nothing to write.
    Repeated,
}

/// Why it cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The serial is taken by somebody's device.
    #[error("the device is known already; use another serial, or let its registrar ask for a new code")]
    Exists,
    /// Four eyes: who registers does not activate.
    #[error("who registered a device cannot activate it; ask a second person")]
    NeedsSecondPerson,
    /// Not in this state.
    #[error("a device that is {state} cannot {command}")]
    WrongState { state: &'static str, command: &'static str },
}

impl State {
    /// The word for it, here and in the database.
    pub fn name(&self) -> &'static str {
        match self {
            State::Registered => "registered",
            State::Pending { .. } => "pending",
            State::Active { .. } => "active",
            State::Quarantined { .. } => "quarantined",
        }
    }

    /// Its key, from enrolment on.
    pub fn key(&self) -> Option<&PublicKey> {
        match self {
            State::Registered => None,
            State::Pending { key } | State::Active { key, .. } | State::Quarantined { key, .. } => Some(key),
        }
    }
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Command::Register { .. } => "register",
            Command::Enrol { .. } => "enrol",
            Command::Activate { .. } => "activate",
            Command::Fork => "fork",
        }
    }
}

impl Device {
    /// A device nobody knew before.
    pub fn register(device_id: DeviceId, place: String, by: String) -> Device {
        Device { device_id, place, registered_by: by, state: State::Registered, version: 1 }
    }

    /// The device after `command`. `now` is UTC.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing has changed.
    pub fn step(&self, command: Command, now: OffsetDateTime) -> Result<(Device, Effect), Refusal> {
        use {Command as C, State as S};
        let wrong = Refusal::WrongState { state: self.state.name(), command: command.name() };
        let (state, effect) = match (self.state.clone(), command) {
            (S::Registered, C::Register { by }) => {
                // Another person's second code would make the activation by the first one a single pair of eyes.
                if by != self.registered_by {
                    return Err(Refusal::Exists);
                }
                (S::Registered, Effect::Reregistered)
            }
            (S::Pending { .. } | S::Active { .. } | S::Quarantined { .. }, C::Register { .. }) => {
                return Err(Refusal::Exists);
            }
            (S::Registered, C::Enrol { key }) => (S::Pending { key }, Effect::Enrolled),
            (S::Pending { key }, C::Activate { by }) => {
                if by == self.registered_by {
                    return Err(Refusal::NeedsSecondPerson);
                }
                (S::Active { key, activated_by: by }, Effect::Activated)
            }
            (S::Active { key, activated_by }, C::Activate { by }) => {
                if by == self.registered_by {
                    return Err(Refusal::NeedsSecondPerson);
                }
                if by != activated_by {
                    return Err(wrong);
                }
                (S::Active { key, activated_by }, Effect::Repeated)
            }
            (S::Active { key, activated_by }, C::Fork) => {
                (S::Quarantined { key, activated_by, since: now }, Effect::Quarantined)
            }
            (same @ S::Quarantined { .. }, C::Fork) => (same, Effect::Repeated),
            (S::Registered, C::Activate { .. } | C::Fork)
            | (S::Pending { .. }, C::Enrol { .. } | C::Fork)
            | (S::Active { .. }, C::Enrol { .. })
            | (S::Quarantined { .. }, C::Enrol { .. } | C::Activate { .. }) => return Err(wrong),
        };
        let version = match effect {
            Effect::Repeated => self.version,
            Effect::Reregistered | Effect::Enrolled | Effect::Activated | Effect::Quarantined => {
                self.version + 1
            }
        };
        Ok((Device { state, version, ..self.clone() }, effect))
    }
}

/// The graph of a device's states in dot: every state with every command.
pub fn graph() -> String {
    let key = [0; 32];
    let by = || "second".to_owned();
    let states = [
        State::Registered,
        State::Pending { key },
        State::Active { key, activated_by: by() },
        State::Quarantined { key, activated_by: by(), since: OffsetDateTime::UNIX_EPOCH },
    ];
    let commands = [
        Command::Register { by: "first".to_owned() },
        Command::Enrol { key },
        Command::Activate { by: by() },
        Command::Fork,
    ];
    let mut edges = BTreeSet::new();
    for (place, state) in states.iter().enumerate() {
        for command in &commands {
            let Ok(device_id) = "KSK-0001".parse() else { continue };
            let device = Device {
                state: state.clone(),
                ..Device::register(device_id, String::new(), "first".to_owned())
            };
            if let Ok((after, _)) = device.step(command.clone(), OffsetDateTime::UNIX_EPOCH)
                && after.state != device.state
            {
                edges.insert((
                    place,
                    format!("  {} -> {} [label=\"{}\"];\n", state.name(), after.state.name(), command.name()),
                ));
            }
        }
    }
    let lines: String = edges.into_iter().map(|(_, line)| line).collect();
    format!("digraph device {{\n{lines}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn device(state: State) -> Device {
        Device { state, ..Device::register("KSK-1".parse().unwrap(), "Manama".into(), "a".into()) }
    }

    #[test]
    fn who_registers_does_not_activate() {
        let pending = device(State::Pending { key: [1; 32] });
        let refused = pending.step(Command::Activate { by: "a".into() }, NOW).unwrap_err();
        assert_eq!(refused, Refusal::NeedsSecondPerson);

        let (active, effect) = pending.step(Command::Activate { by: "b".into() }, NOW).unwrap();
        assert_eq!((active.state.name(), effect, active.version), ("active", Effect::Activated, 2));
        let (same, effect) = active.step(Command::Activate { by: "b".into() }, NOW).unwrap();
        assert_eq!((same, effect), (active.clone(), Effect::Repeated));
        assert!(active.step(Command::Activate { by: "c".into() }, NOW).is_err());
    }

    #[test]
    fn a_key_never_changes_after_enrolment() {
        let (pending, _) = device(State::Registered).step(Command::Enrol { key: [1; 32] }, NOW).unwrap();
        assert_eq!(pending.state.key(), Some(&[1; 32]));
        let refused = pending.step(Command::Enrol { key: [2; 32] }, NOW).unwrap_err();
        assert_eq!(refused, Refusal::WrongState { state: "pending", command: "enrol" });
    }

    #[test]
    fn only_the_registrar_asks_for_another_code() {
        let registered = device(State::Registered);
        assert!(registered.step(Command::Register { by: "a".into() }, NOW).is_ok());
        assert_eq!(registered.step(Command::Register { by: "b".into() }, NOW).unwrap_err(), Refusal::Exists);
    }

    #[test]
    fn nothing_leads_out_of_quarantine() {
        let state = State::Quarantined { key: [1; 32], activated_by: "b".into(), since: NOW };
        let device = device(state);
        assert!(device.step(Command::Activate { by: "b".into() }, NOW).is_err());
        assert_eq!(device.step(Command::Fork, NOW).unwrap().1, Effect::Repeated);
    }
}
