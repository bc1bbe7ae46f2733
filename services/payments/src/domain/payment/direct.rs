//! Channels that take money by themselves.

use crate::domain::channel::Channel;

/// Channels that tell of money they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direct {
    Wallet,
    Card,
    Transfer,
    Pos,
    /// A clerk at an agency's counter.
    CounterCash,
}

impl Direct {
    /// As stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Direct::Wallet => "wallet",
            Direct::Card => "card",
            Direct::Transfer => "transfer",
            Direct::Pos => "pos",
            Direct::CounterCash => "counter_cash",
        }
    }

    /// All there are.
    pub const ALL: [Direct; 5] =
        [Direct::Wallet, Direct::Card, Direct::Transfer, Direct::Pos, Direct::CounterCash];

    /// As policies name it.
    pub fn channel(self) -> Channel {
        match self {
            Direct::Wallet => Channel::Wallet,
            Direct::Card => Channel::Card,
            Direct::Transfer => Channel::Transfer,
            Direct::Pos => Channel::Pos,
            Direct::CounterCash => Channel::CounterCash,
        }
    }

    /// Whether a clerk asks before he takes it: then a closed channel refuses. All others tell of money that is there.
    pub fn asks_first(self) -> bool {
        match self {
            Direct::CounterCash => true,
            Direct::Wallet | Direct::Card | Direct::Transfer | Direct::Pos => false,
        }
    }
}
