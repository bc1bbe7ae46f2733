use super::{DataError, OK};

/// What a note acceptor says when polled. A channel is one denomination of its data set, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// F1: it has started, and remembers no escrow.
    SlaveReset,
    /// EF 00: a note is moving in; its value is not known yet.
    Reading,
    /// EF: a note is in escrow. Not money: the next poll takes it, [`super::Command::RejectNote`] gives it back.
    ReadNote {
        /// Its denomination.
        channel: u8,
    },
    /// EE: the note can no longer be taken back by the payer. From here on it is money.
    CreditNote {
        /// Its denomination.
        channel: u8,
    },
    /// ED: a note is on its way back.
    Rejecting,
    /// EC: the note is back with the payer.
    Rejected,
    /// CC: a note is on its way into the cash box.
    Stacking,
    /// EB: the note is in the cash box.
    Stacked,
    /// E8: it takes no notes.
    Disabled,
    /// E7: the cash box is full.
    StackerFull,
    /// E1: at start a note was found and given back at the front. Not money, unless credited before.
    ClearedFromFront {
        /// Its denomination; 0 if the acceptor does not know.
        channel: u8,
    },
    /// E2: at start a note was found and moved into the cash box. It is money, unless credited before.
    ClearedToCashbox {
        /// Its denomination; 0 if the acceptor does not know.
        channel: u8,
    },
    /// An event this codec does not know. Its length is not known either, so it holds all that followed.
    Other {
        /// The event's code.
        code: u8,
        /// All bytes behind the code.
        rest: Vec<u8>,
    },
}

/// Reads the answer to a poll, oldest event first.
///
/// # Errors
/// `NotOk` if the acceptor did not understand; `Short` if it is cut.
pub fn parse_poll(data: &[u8]) -> Result<Vec<Event>, DataError> {
    let mut rest = match data.split_first() {
        None => return Err(DataError::Short),
        Some((&OK, rest)) => rest,
        Some((other, _)) => return Err(DataError::NotOk(*other)),
    };
    let mut events = Vec::new();
    while let Some((code, after)) = rest.split_first() {
        let (event, left) = event(*code, after)?;
        events.push(event);
        rest = left;
    }
    Ok(events)
}

/// Writes the answer to a poll, as an acceptor does.
pub fn write_poll(events: &[Event]) -> Vec<u8> {
    let mut data = vec![OK];
    for event in events {
        match event {
            Event::SlaveReset => data.push(0xF1),
            Event::Reading => data.extend([0xEF, 0]),
            Event::ReadNote { channel } => data.extend([0xEF, *channel]),
            Event::CreditNote { channel } => data.extend([0xEE, *channel]),
            Event::Rejecting => data.push(0xED),
            Event::Rejected => data.push(0xEC),
            Event::Stacking => data.push(0xCC),
            Event::Stacked => data.push(0xEB),
            Event::Disabled => data.push(0xE8),
            Event::StackerFull => data.push(0xE7),
            Event::ClearedFromFront { channel } => data.extend([0xE1, *channel]),
            Event::ClearedToCashbox { channel } => data.extend([0xE2, *channel]),
            Event::Other { code, rest } => {
                data.push(*code);
                data.extend_from_slice(rest);
            }
        }
    }
    data
}

fn event(code: u8, after: &[u8]) -> Result<(Event, &[u8]), DataError> {
    let with_channel = || after.split_first().map(|(channel, left)| (*channel, left)).ok_or(DataError::Short);
    Ok(match code {
        0xF1 => (Event::SlaveReset, after),
        0xED => (Event::Rejecting, after),
        0xEC => (Event::Rejected, after),
        0xCC => (Event::Stacking, after),
        0xEB => (Event::Stacked, after),
        0xE8 => (Event::Disabled, after),
        0xE7 => (Event::StackerFull, after),
        0xEF => {
            let (channel, left) = with_channel()?;
            (if channel == 0 { Event::Reading } else { Event::ReadNote { channel } }, left)
        }
        0xEE => {
            let (channel, left) = with_channel()?;
            (Event::CreditNote { channel }, left)
        }
        0xE1 => {
            let (channel, left) = with_channel()?;
            (Event::ClearedFromFront { channel }, left)
        }
        0xE2 => {
            let (channel, left) = with_channel()?;
            (Event::ClearedToCashbox { channel }, left)
        }
        code => (Event::Other { code, rest: after.to_vec() }, &[]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_wire_in_order() {
        let events = vec![
            Event::SlaveReset,
            Event::ClearedFromFront { channel: 0 },
            Event::ClearedToCashbox { channel: 3 },
            Event::Reading,
            Event::ReadNote { channel: 3 },
            Event::CreditNote { channel: 0x7F },
            Event::Stacking,
            Event::Stacked,
            Event::Rejecting,
            Event::Rejected,
            Event::StackerFull,
            Event::Disabled,
            Event::Other { code: 0xCB, rest: vec![1, 2] },
        ];
        assert_eq!(parse_poll(&write_poll(&events)), Ok(events));
    }

    #[test]
    fn the_frames_of_the_vectors_tell_of_notes() {
        assert_eq!(parse_poll(&[0xF0, 0xEF, 0x03]), Ok(vec![Event::ReadNote { channel: 3 }]));
        assert_eq!(parse_poll(&[0xF0, 0xEE, 0x7F]), Ok(vec![Event::CreditNote { channel: 0x7F }]));
        assert_eq!(parse_poll(&[0xF0]), Ok(vec![]));
    }

    #[test]
    fn cut_answers_and_refusals_are_errors() {
        assert_eq!(parse_poll(&[]), Err(DataError::Short));
        assert_eq!(parse_poll(&[0xF0, 0xEE]), Err(DataError::Short));
        assert_eq!(parse_poll(&[0xF2]), Err(DataError::NotOk(0xF2)));
    }
}
