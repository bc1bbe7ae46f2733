//! How money reaches a bill.
use std::collections::BTreeSet;

/// A channel that a policy opens or closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The national portal's pages. What the payer pays by there is a channel of its own.
    Portal,
    Wallet,
    Card,
    Transfer,
    Pos,
    KioskCash,
    /// At an agency's own counter.
    CounterCash,
}

/// Those that are open. Sorted, and none twice.
pub type Channels = BTreeSet<Channel>;

impl Channel {
    pub const ALL: [Channel; 7] = [
        Channel::Portal,
        Channel::Wallet,
        Channel::Card,
        Channel::Transfer,
        Channel::Pos,
        Channel::KioskCash,
        Channel::CounterCash,
    ];

    /// As stored and typed.
    pub fn word(self) -> &'static str {
        match self {
            Channel::Portal => "portal",
            Channel::Wallet => "wallet",
            Channel::Card => "card",
            Channel::Transfer => "transfer",
            Channel::Pos => "pos",
            Channel::KioskCash => "kiosk_cash",
            Channel::CounterCash => "counter_cash",
        }
    }

    /// The channel of a word.
    pub fn from_word(word: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Every channel there is.
pub fn all() -> Channels {
    Channel::ALL.into_iter().collect()
}

/// Whether a payer can pay at all: the portal's pages take no money by themselves.
pub fn take_money(channels: &Channels) -> bool {
    channels.iter().any(|channel| *channel != Channel::Portal)
}

/// How far cash is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cash {
    /// Counters take it.
    Taken,
    /// Kiosks alone take it: partly electronic only.
    KioskOnly,
    /// Nobody takes it: electronic only.
    None,
}

impl Cash {
    /// What `channels` say of cash.
    pub fn of(channels: &Channels) -> Cash {
        if channels.contains(&Channel::CounterCash) {
            Cash::Taken
        } else if channels.contains(&Channel::KioskCash) {
            Cash::KioskOnly
        } else {
            Cash::None
        }
    }
}
