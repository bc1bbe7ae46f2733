//! Why a change of who may be paid how was refused.
use time::Date;

use super::channel::Channel;
use super::channel_exception::MAX_DAYS;

/// Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "the policy leaves no channel to pay by; keep one of wallet, card, transfer, pos, kiosk_cash, counter_cash open"
    )]
    PolicyWithoutChannel,
    #[error("days that have been do not change; let the policy begin on {today} or later")]
    PolicyDatePast { today: Date },
    #[error("payers must hear in time that {} closes; let the policy begin on {earliest} or later", closed.word())]
    PolicyNoticeShort { closed: Channel, earliest: Date },
    #[error(
        "an exception begins today ({today}) or later, ends on its first day or later, and holds {MAX_DAYS} days at most"
    )]
    ExceptionDates { today: Date },
    #[error("the most of one payment must be above nothing and at most 100000.000 dinars")]
    ExceptionLimit,
    #[error("a second person must agree to this {}: not the one who asked for it", noun.word())]
    NeedsSecondPerson { noun: Noun },
    #[error("this {} is {state}; it cannot {command}", noun.word())]
    WrongState { noun: Noun, state: &'static str, command: &'static str },
}

/// What two persons decide about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Policy,
    ChannelException,
}

impl Noun {
    fn word(self) -> &'static str {
        match self {
            Noun::Policy => "policy",
            Noun::ChannelException => "exception",
        }
    }
}
