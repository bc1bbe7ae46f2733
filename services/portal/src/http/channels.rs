//! Which ways of paying a bill are open, and why the others are not.
use std::time::Duration;

use boot::wire::time_from_wire;
use proto::common::v1::Channel;
use proto::payments::v1::ChannelTerms;

use crate::view::Reader;

/// A way of paying, as the page shows it.
pub(super) struct Way {
    pub name: String,
    /// `open` or `closed`.
    pub class: &'static str,
    /// Beside the name; may be empty.
    pub words: String,
    /// The day of the words; may be empty.
    pub day: String,
}

/// Every way of paying a bill. The portal itself is where the reader is.
pub(super) fn ways(reader: Reader, terms: &[ChannelTerms]) -> Vec<Way> {
    let known = terms.iter().filter_map(|terms| name(reader, terms.channel()).map(|name| (name, terms)));
    known.map(|(name, terms)| way(reader, name, terms)).collect()
}

/// Whether the reader can pay here: by these pages, and by wallet.
pub(super) fn open_here(terms: &[ChannelTerms]) -> bool {
    let closed = terms.iter().filter(|terms| !terms.open);
    closed.into_iter().all(|terms| !matches!(terms.channel(), Channel::Portal | Channel::Wallet))
}

fn way(reader: Reader, name: String, terms: &ChannelTerms) -> Way {
    let last_day = terms.open_until.as_ref().and_then(|until| {
        let until = time_from_wire("open_until", &Some(*until)).ok()?;
        Some(boot::bahrain_date(until - Duration::from_secs(1)).to_string())
    });
    let (class, words, day) = match (terms.open, last_day) {
        (true, None) => ("open", String::new(), String::new()),
        (true, Some(day)) => ("open", reader.say("channel-until"), day),
        (false, _) if terms.closed_since.is_empty() => {
            ("closed", reader.say("channel-not-taken"), String::new())
        }
        (false, _) => ("closed", reader.say("channel-closed-since"), terms.closed_since.clone()),
    };
    Way { name, class, words, day }
}

fn name(reader: Reader, channel: Channel) -> Option<String> {
    let key = match channel {
        Channel::Wallet => "channel-wallet",
        Channel::Card => "channel-card",
        Channel::Transfer => "channel-transfer",
        Channel::Pos => "channel-pos",
        Channel::KioskCash => "channel-kiosk-cash",
        Channel::CounterCash => "channel-counter-cash",
        Channel::Portal | Channel::Unspecified => return None,
    };
    Some(reader.say(key))
}
