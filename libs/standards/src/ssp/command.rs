use super::DataError;

/// What the host tells the acceptor; the data of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Start as after power-up.
    Reset,
    /// Which channels (bit 0 is channel 1) are taken.
    SetInhibits {
        /// A set bit takes notes of that channel.
        channels: u16,
    },
    /// Speak this version of the protocol.
    HostProtocolVersion {
        /// The version.
        version: u8,
    },
    /// What happened? While a note is in escrow, a poll also says: take it.
    Poll,
    /// Give the note in escrow back.
    RejectNote,
    /// Take no notes.
    Disable,
    /// Take notes.
    Enable,
    /// Sets the sequence bit; the first command of a session.
    Sync,
    /// Keep the note in escrow for another while.
    Hold,
}

impl Command {
    /// The data of the frame.
    pub fn to_data(self) -> Vec<u8> {
        match self {
            Self::Reset => vec![0x01],
            Self::SetInhibits { channels } => {
                let [low, high] = channels.to_le_bytes();
                vec![0x02, low, high]
            }
            Self::HostProtocolVersion { version } => vec![0x06, version],
            Self::Poll => vec![0x07],
            Self::RejectNote => vec![0x08],
            Self::Disable => vec![0x09],
            Self::Enable => vec![0x0A],
            Self::Sync => vec![0x11],
            Self::Hold => vec![0x18],
        }
    }

    /// Reads the data of a frame from the host.
    ///
    /// # Errors
    /// `Short`; `Command` for one this codec does not know.
    pub fn from_data(data: &[u8]) -> Result<Self, DataError> {
        match data {
            [] | [0x02 | 0x06] | [0x02, _] => Err(DataError::Short),
            [0x01] => Ok(Self::Reset),
            [0x02, low, high, ..] => Ok(Self::SetInhibits { channels: u16::from_le_bytes([*low, *high]) }),
            [0x06, version] => Ok(Self::HostProtocolVersion { version: *version }),
            [0x07] => Ok(Self::Poll),
            [0x08] => Ok(Self::RejectNote),
            [0x09] => Ok(Self::Disable),
            [0x0A] => Ok(Self::Enable),
            [0x11] => Ok(Self::Sync),
            [0x18] => Ok(Self::Hold),
            [code, ..] => Err(DataError::Command(*code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_the_wire() {
        use Command as C;
        for command in [
            C::Reset,
            C::SetInhibits { channels: 0x012F },
            C::HostProtocolVersion { version: 6 },
            C::Poll,
            C::RejectNote,
            C::Disable,
            C::Enable,
            C::Sync,
            C::Hold,
        ] {
            assert_eq!(C::from_data(&command.to_data()), Ok(command));
        }
        assert_eq!(C::SetInhibits { channels: 0x012F }.to_data(), [0x02, 0x2F, 0x01]);
        assert_eq!(C::from_data(&[]), Err(DataError::Short));
        assert_eq!(C::from_data(&[0x02, 1]), Err(DataError::Short));
        assert_eq!(C::from_data(&[0x4A]), Err(DataError::Command(0x4A)));
    }
}
