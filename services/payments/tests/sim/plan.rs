//! What happens in a run: from a seed, or what shrinking left of it.

use std::collections::BTreeSet;

use super::dice::Dice;

/// What may go wrong. A seed draws some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// COMMIT brings no answer: it was applied, or not.
    CommitLost,
    /// COMMIT fails and Postgres says so.
    CommitFails,
    /// The process dies before its COMMIT, or after it.
    CrashAtCommit,
    Crash,
    /// A process stands still, and comes back with what it knew.
    Pause,
    /// A process's clock is set forward or back.
    ClockJump,
    DropAnswer,
    DropRequest,
    NotSent,
    LateRequest,
    LateAnswer,
    /// "Not found", said before the provider's own horizon.
    NotFoundEarly,
    WrongAmount,
    /// A contradiction: money after "declined" or "expired".
    LateMoney,
    /// A contradiction: "declined" after "paid".
    TakesBack,
    /// A contradiction: two charges with one reference.
    SameReference,
    /// Lost, doubled, late.
    Callbacks,
    Forged,
    PowerLoss,
    /// The broker doubles and reorders.
    Broker,
    /// A caller asks twice at once.
    Twins,
    /// A caller uses its key for something else.
    OtherBody,
    Overload,
}

impl Fault {
    pub const ALL: [Fault; 23] = [
        Fault::CommitLost,
        Fault::CommitFails,
        Fault::CrashAtCommit,
        Fault::Crash,
        Fault::Pause,
        Fault::ClockJump,
        Fault::DropAnswer,
        Fault::DropRequest,
        Fault::NotSent,
        Fault::LateRequest,
        Fault::LateAnswer,
        Fault::NotFoundEarly,
        Fault::WrongAmount,
        Fault::LateMoney,
        Fault::TakesBack,
        Fault::SameReference,
        Fault::Callbacks,
        Fault::Forged,
        Fault::PowerLoss,
        Fault::Broker,
        Fault::Twins,
        Fault::OtherBody,
        Fault::Overload,
    ];
}

/// A rule of the parts around the domain. A test takes one away, and must see the oracle object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// An answer counts only under the newest claim.
    FencesHold,
    /// A COMMIT without answer is read back.
    UnknownIsReadBack,
    /// First answers are kept with the effect.
    AnswersAreKept,
    /// Keys are read when the rows are locked, not before.
    KeysAreReadUnderLocks,
    /// Rows are locked and their versions checked.
    RowsAreLocked,
    /// Silence is not "declined".
    SilenceIsNoAnswer,
    /// A callback is a hint.
    CallbacksAreHints,
    /// A hint that comes while the provider is asked is not lost.
    HintsWait,
    /// Events are in the transaction of their effect.
    EventsAreInTheTransaction,
    /// What cannot be written is handed in as a contradiction.
    ImpossibleIsWritten,
    /// A device's record is known by its number.
    RecordsAreNumbered,
    /// The same order again is the same order.
    OrdersKeepTheirReference,
}

impl Rule {
    pub const ALL: [Rule; 12] = [
        Rule::FencesHold,
        Rule::UnknownIsReadBack,
        Rule::AnswersAreKept,
        Rule::KeysAreReadUnderLocks,
        Rule::RowsAreLocked,
        Rule::SilenceIsNoAnswer,
        Rule::CallbacksAreHints,
        Rule::HintsWait,
        Rule::EventsAreInTheTransaction,
        Rule::ImpossibleIsWritten,
        Rule::RecordsAreNumbered,
        Rule::OrdersKeepTheirReference,
    ];
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Payer(Payer),
    Refunds(Refunds),
    Office(Office),
    Kiosk,
    Quarantine,
    Trouble(Trouble),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    Start,
    Cart,
    Instalment,
    /// Only held at first.
    Hold,
    Capture,
    Retry,
    Cancel,
    Receive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunds {
    Ask,
    PayOutCredit,
    Decide,
    BankPays,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    Dispute,
    DecideDispute,
    ApplyCredit,
    Amend,
    Withdraw,
    WriteOff,
    Move,
    SecondPerson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Crash,
    Pause,
    ClockJump,
    Forge,
}

/// How often each comes.
const SHARES: [(What, usize); 26] = [
    (What::Payer(Payer::Start), 16),
    (What::Payer(Payer::Cart), 6),
    (What::Payer(Payer::Instalment), 5),
    (What::Payer(Payer::Hold), 7),
    (What::Payer(Payer::Capture), 9),
    (What::Payer(Payer::Retry), 6),
    (What::Payer(Payer::Cancel), 5),
    (What::Payer(Payer::Receive), 9),
    (What::Refunds(Refunds::Ask), 8),
    (What::Refunds(Refunds::PayOutCredit), 4),
    (What::Refunds(Refunds::Decide), 10),
    (What::Refunds(Refunds::BankPays), 5),
    (What::Office(Office::Dispute), 4),
    (What::Office(Office::DecideDispute), 4),
    (What::Office(Office::ApplyCredit), 4),
    (What::Office(Office::Amend), 3),
    (What::Office(Office::Withdraw), 1),
    (What::Office(Office::WriteOff), 2),
    (What::Office(Office::Move), 2),
    (What::Office(Office::SecondPerson), 4),
    (What::Kiosk, 9),
    (What::Quarantine, 1),
    (What::Trouble(Trouble::Crash), 4),
    (What::Trouble(Trouble::Pause), 4),
    (What::Trouble(Trouble::ClockJump), 3),
    (What::Trouble(Trouble::Forge), 3),
];

/// One thing that somebody does, and when.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    pub at_ms: i64,
    pub what: What,
    /// Its own chance: what it is about does not depend on the acts before it.
    pub dice: u64,
}

/// A run: the same plan runs the same.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub acts: Vec<Act>,
    pub faults: BTreeSet<Fault>,
    pub without: Option<Rule>,
}

impl Plan {
    pub fn of(seed: u64, without: Option<Rule>) -> Plan {
        let mut dice = Dice::of(seed, 1);
        let faults = Fault::ALL.into_iter().filter(|_| dice.percent(45)).collect();
        let all: usize = SHARES.iter().map(|(_, share)| share).sum();
        let mut at_ms = 2_000;
        let count = dice.between(20, 60);
        // Some runs are dense, some take hours.
        let longest = dice.one(&[1_500, 20_000, 120_000, 400_000]).unwrap();
        let acts = (0..count).map(|_| {
            at_ms += dice.between(0, longest);
            let mut left = dice.below(all);
            let what = SHARES.iter().find(|(_, share)| {
                let here = left < *share;
                left = left.saturating_sub(*share);
                here
            });
            Act { at_ms, what: what.map_or(What::Kiosk, |(what, _)| *what), dice: dice.roll() }
        });
        let acts = acts.collect();
        Plan { seed, acts, faults, without }
    }

    /// The smallest plan that still fails as `fails` says, looking at most `tries` times.
    pub fn shrink(mut self, mut tries: usize, fails: impl Fn(&Plan) -> bool) -> Plan {
        let mut chunk = self.acts.len().div_ceil(2);
        while chunk > 0 && tries > 0 {
            let mut from = 0;
            while from < self.acts.len() && tries > 0 {
                let mut fewer = self.clone();
                fewer.acts.drain(from..(from + chunk).min(self.acts.len()));
                tries -= 1;
                if fails(&fewer) {
                    self = fewer;
                } else {
                    from += chunk;
                }
            }
            chunk /= 2;
        }
        for fault in Fault::ALL {
            let mut fewer = self.clone();
            if fewer.faults.remove(&fault) && fails(&fewer) {
                self = fewer;
            }
        }
        self
    }
}
