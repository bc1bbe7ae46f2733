//! The note acceptor: a device of its own with its own memory. It counts what is physically in the cash box, whatever the
//! host believes, and speaks SSP frames.
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use standards::ssp::{Command, Event, Frame, OK, write_poll};

use super::disk;

/// Bahraini notes by channel, in fils; channel 1 is the first.
pub const NOTES_FILS: [i64; 5] = [500, 1_000, 5_000, 10_000, 20_000];

/// The channel of a note.
pub fn channel_of(fils: i64) -> Option<u8> {
    NOTES_FILS.iter().position(|note| *note == fils).and_then(|at| u8::try_from(at + 1).ok())
}

/// The value of a channel's notes, in fils.
pub fn fils_of(channel: u8) -> Option<i64> {
    usize::from(channel).checked_sub(1).and_then(|at| NOTES_FILS.get(at)).copied()
}

/// Where a note is that the host has not been told the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Empty,
    Escrow(u8),
    /// In the cash box as its so manieth note; the host may not have heard of it.
    Cashbox {
        channel: u8,
        number: usize,
    },
}

/// The acceptor and its memory.
#[derive(Debug)]
pub struct Acceptor {
    /// One line a note in the cash box: its value in fils.
    book: PathBuf,
    /// Where the note in the path is; survives a power cut, as a note does.
    place: PathBuf,
    path: Position,
    events: Vec<Event>,
    /// The last answer told of a note in the box; the next command proves that it arrived.
    telling: bool,
}

impl Acceptor {
    /// Power comes on: a note in the path is brought to an end first. A note in the box is told until the host has
    /// heard of it, however often the power goes.
    pub fn power_on(folder: &Path) -> io::Result<Acceptor> {
        let place = folder.join("acceptor.place");
        let path = read_place(&disk::content(&place)?.unwrap_or_default());
        let (book, events) = (folder.join("acceptor.notes"), vec![Event::SlaveReset]);
        let mut acceptor = Acceptor { book, place, path, events, telling: false };
        match path {
            Position::Empty => {}
            // It had not passed the point of no return: back to the payer.
            Position::Escrow(channel) => {
                acceptor.move_to(Position::Empty)?;
                acceptor.events.push(Event::ClearedFromFront { channel });
            }
            Position::Cashbox { channel, number } => {
                acceptor.drop_into_box(channel, number)?;
                acceptor.events.push(Event::ClearedToCashbox { channel });
            }
        }
        Ok(acceptor)
    }

    /// The payer's hand: a note goes in and waits in escrow.
    pub fn insert(&mut self, channel: u8) -> io::Result<()> {
        if self.path != Position::Empty {
            return Err(io::Error::other("another note is in the path"));
        }
        self.move_to(Position::Escrow(channel))?;
        self.events.extend([Event::Reading, Event::ReadNote { channel }]);
        Ok(())
    }

    /// The mechanics move the note from escrow into the box, where it counts. Nobody was told yet.
    pub fn stack(&mut self) -> io::Result<()> {
        if let Position::Escrow(channel) = self.path {
            // Beyond this line the note falls into the box, with power or without.
            let number = disk::lines(&self.book)?.len() + 1;
            self.move_to(Position::Cashbox { channel, number })?;
            self.drop_into_box(channel, number)?;
            self.events.extend([Event::Stacking, Event::CreditNote { channel }, Event::Stacked]);
        }
        Ok(())
    }

    /// Counts the note if it is not counted yet.
    fn drop_into_box(&mut self, channel: u8, number: usize) -> io::Result<()> {
        if disk::lines(&self.book)?.len() < number {
            disk::append(&self.book, &fils_of(channel).unwrap_or_default().to_string())?;
        }
        Ok(())
    }

    /// One frame in, one frame out.
    pub fn exchange(&mut self, wire: &[u8]) -> io::Result<Vec<u8>> {
        let (frame, _) = Frame::decode(wire).map_err(io::Error::other)?;
        if std::mem::take(&mut self.telling) {
            self.move_to(Position::Empty)?;
        }
        let answer = match Command::from_data(&frame.data).map_err(io::Error::other)? {
            Command::Poll => {
                let told = std::mem::take(&mut self.events);
                self.telling = told
                    .iter()
                    .any(|event| matches!(event, Event::CreditNote { .. } | Event::ClearedToCashbox { .. }));
                write_poll(&told)
            }
            Command::RejectNote => {
                self.events.extend([Event::Rejecting, Event::Rejected]);
                self.move_to(Position::Empty)?;
                vec![OK]
            }
            Command::Reset
            | Command::SetInhibits { .. }
            | Command::HostProtocolVersion { .. }
            | Command::Disable
            | Command::Enable
            | Command::Sync
            | Command::Hold => vec![OK],
        };
        let answer = Frame { sequence: frame.sequence, address: frame.address, data: answer };
        answer.encode().map_err(io::Error::other)
    }

    fn move_to(&mut self, path: Position) -> io::Result<()> {
        self.path = path;
        let text = match path {
            Position::Empty => "empty".to_owned(),
            Position::Escrow(channel) => format!("escrow {channel}"),
            Position::Cashbox { channel, number } => format!("cashbox {channel} {number}"),
        };
        disk::replace(&self.place, text.as_bytes())
    }
}

fn read_place(text: &[u8]) -> Position {
    let text = String::from_utf8_lossy(text);
    let words: Vec<&str> = text.split(' ').collect();
    let read = match words.as_slice() {
        ["escrow", channel] => channel.parse().ok().map(Position::Escrow),
        ["cashbox", channel, number] => channel
            .parse()
            .ok()
            .zip(number.parse().ok())
            .map(|(channel, number)| Position::Cashbox { channel, number }),
        _ => None,
    };
    read.unwrap_or(Position::Empty)
}

/// The notes in the cash box: how many of each, by value in fils.
pub fn count(folder: &Path) -> io::Result<BTreeMap<i64, i64>> {
    let mut notes = BTreeMap::new();
    for line in disk::lines(&folder.join("acceptor.notes"))? {
        let fils: i64 = line.parse().map_err(io::Error::other)?;
        *notes.entry(fils).or_insert(0) += 1;
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use standards::ssp::{SequenceBit, parse_poll};

    use super::*;

    fn poll(acceptor: &mut Acceptor) -> Vec<Event> {
        let frame = Frame { sequence: SequenceBit::Zero, address: 0, data: Command::Poll.to_data() };
        let answer = acceptor.exchange(&frame.encode().unwrap()).unwrap();
        parse_poll(&Frame::decode(&answer).unwrap().0.data).unwrap()
    }

    fn counted(folder: &Path) -> i64 {
        count(folder).unwrap().iter().map(|(fils, count)| fils * count).sum()
    }

    #[test]
    fn a_note_is_counted_when_it_lies_in_the_box_and_credited_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut acceptor = Acceptor::power_on(folder.path()).unwrap();
        assert_eq!(poll(&mut acceptor), [Event::SlaveReset]);
        acceptor.insert(3).unwrap();
        assert_eq!(poll(&mut acceptor), [Event::Reading, Event::ReadNote { channel: 3 }]);
        assert_eq!(counted(folder.path()), 0, "escrow is not money");
        acceptor.stack().unwrap();
        assert_eq!(poll(&mut acceptor), [Event::Stacking, Event::CreditNote { channel: 3 }, Event::Stacked]);
        assert_eq!(counted(folder.path()), 5_000);
        let again = [Event::SlaveReset, Event::ClearedToCashbox { channel: 3 }];
        assert_eq!(poll(&mut Acceptor::power_on(folder.path()).unwrap()), again, "did the host hear?");
        let mut acceptor = Acceptor::power_on(folder.path()).unwrap();
        assert_eq!(poll(&mut acceptor), again);
        assert_eq!(poll(&mut acceptor), [], "it did");
        assert_eq!(poll(&mut Acceptor::power_on(folder.path()).unwrap()), [Event::SlaveReset]);
        assert_eq!(counted(folder.path()), 5_000);
    }

    #[test]
    fn at_power_up_a_note_in_escrow_comes_back_and_a_note_in_the_box_is_told_late() {
        let folder = tempfile::tempdir().unwrap();
        let mut acceptor = Acceptor::power_on(folder.path()).unwrap();
        acceptor.insert(1).unwrap();
        let mut acceptor = {
            drop(acceptor);
            Acceptor::power_on(folder.path()).unwrap()
        };
        assert_eq!(poll(&mut acceptor), [Event::SlaveReset, Event::ClearedFromFront { channel: 1 }]);
        assert_eq!(counted(folder.path()), 0);

        acceptor.insert(2).unwrap();
        acceptor.stack().unwrap();
        drop(acceptor);
        let mut acceptor = Acceptor::power_on(folder.path()).unwrap();
        assert_eq!(poll(&mut acceptor), [Event::SlaveReset, Event::ClearedToCashbox { channel: 2 }]);
        assert_eq!(counted(folder.path()), 1_000);
    }

    #[test]
    fn a_returned_note_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut acceptor = Acceptor::power_on(folder.path()).unwrap();
        poll(&mut acceptor);
        acceptor.insert(5).unwrap();
        poll(&mut acceptor);
        let reject = Frame { sequence: SequenceBit::One, address: 0, data: Command::RejectNote.to_data() };
        acceptor.exchange(&reject.encode().unwrap()).unwrap();
        assert_eq!(poll(&mut acceptor), [Event::Rejecting, Event::Rejected]);
        assert_eq!(counted(folder.path()), 0);
    }
}
