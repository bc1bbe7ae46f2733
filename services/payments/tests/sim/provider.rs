//! A provider with its own book: what really happened to money, whatever it answers.

use std::collections::BTreeMap;

use ids::Uuid;
use time::{Duration, OffsetDateTime};

/// A payer has this long to approve.
const PAYABLE_FOR: Duration = Duration::minutes(15);
/// It holds money so long.
const HELD_FOR: Duration = Duration::hours(6);
/// Until then it may not find what it has.
pub const HORIZON: Duration = Duration::minutes(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Created,
    /// The payer has approved, and the money is only held.
    Held,
    Paid,
    Declined,
    Expired,
    /// A tombstone: nothing can come of the reference any more.
    Reversed,
}

/// When the money is taken that a payer approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    AtOnce,
    WhenAsked,
}

/// What a payer will do with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    Approves,
    Declines,
    Leaves,
}

#[derive(Clone, Debug)]
pub struct Charge {
    /// What is taken or held, if anything.
    pub takes: i64,
    pub taken: Taken,
    pub state: State,
    pub reference: String,
    pub arrived: OffsetDateTime,
    pub payer: Payer,
    /// Contradicts itself, by the seed's will.
    pub lies: bool,
    /// Says once more that it was declined.
    pub takes_back: bool,
    /// It has said how it ended.
    pub told_end: bool,
}

#[derive(Clone, Debug)]
pub struct Given {
    pub attempt: Uuid,
    pub gives: i64,
    pub state: State,
    pub reference: String,
    pub lies: bool,
}

#[derive(Debug, Default)]
pub struct Provider {
    pub charges: BTreeMap<Uuid, Charge>,
    pub refunds: BTreeMap<Uuid, Given>,
    number: u64,
}

/// What a call brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    NotSent,
    NoAnswer,
    NoNews,
    Pending,
    Held(i64, String),
    Paid(i64, String),
    Declined,
    Expired,
    NotFound,
    Reversed,
    Refunded(i64, String),
}

impl Charge {
    /// The same, and its money is only held at first. Nobody has asked for a hold of another amount.
    pub fn held(self, asked: i64) -> Charge {
        let state = if self.state == State::Paid { State::Held } else { self.state };
        Charge { taken: Taken::WhenAsked, state, lies: self.lies || self.takes != asked, ..self }
    }
}

impl Provider {
    pub fn name(&mut self, of: &str) -> String {
        self.number += 1;
        format!("{of}-{}", self.number)
    }

    /// Makes the charge, or finds the one of an earlier call, or the tombstone.
    pub fn initiate(&mut self, attempt: Uuid, made: Charge, now: OffsetDateTime) -> Said {
        self.charges.entry(attempt).or_insert(made);
        self.inquire(attempt, now)
    }

    pub fn inquire(&mut self, attempt: Uuid, now: OffsetDateTime) -> Said {
        let Some(charge) = self.charges.get_mut(&attempt) else { return Said::NotFound };
        if charge.state == State::Created && now >= charge.arrived + PAYABLE_FOR {
            charge.state = State::Expired;
        }
        if charge.state == State::Held && now >= charge.arrived + HELD_FOR {
            charge.state = State::Expired;
        }
        let told = std::mem::replace(&mut charge.told_end, charge.state != State::Created);
        match charge.state {
            State::Created => Said::Pending,
            State::Held => Said::Held(charge.takes, charge.reference.clone()),
            State::Paid if told && std::mem::take(&mut charge.takes_back) => {
                charge.lies = true;
                Said::Declined
            }
            State::Paid => Said::Paid(charge.takes, charge.reference.clone()),
            State::Declined => Said::Declined,
            State::Expired => Said::Expired,
            State::Reversed => Said::Reversed,
        }
    }

    /// Takes what it holds, or less, once.
    pub fn capture(&mut self, attempt: Uuid, fils: i64, now: OffsetDateTime) -> Said {
        self.inquire(attempt, now);
        if let Some(charge) = self.charges.get_mut(&attempt)
            && charge.state == State::Held
        {
            if fils > charge.takes {
                return Said::NoNews;
            }
            (charge.takes, charge.state) = (fils, State::Paid);
        }
        self.inquire(attempt, now)
    }

    /// Lets nothing come of it any more; what is paid stays paid.
    pub fn reverse(&mut self, attempt: Uuid, now: OffsetDateTime) -> Said {
        let charge = self.charges.entry(attempt).or_insert_with(|| Charge {
            takes: 0,
            taken: Taken::AtOnce,
            state: State::Reversed,
            reference: String::new(),
            arrived: now,
            payer: Payer::Leaves,
            lies: false,
            takes_back: false,
            told_end: true,
        });
        if charge.state != State::Paid {
            charge.state = State::Reversed;
        }
        self.inquire(attempt, now)
    }

    /// The payer has decided. True when something came of it.
    pub fn decide(&mut self, attempt: Uuid, now: OffsetDateTime) -> bool {
        let Some(charge) = self.charges.get_mut(&attempt) else { return false };
        let open = charge.state == State::Created && now < charge.arrived + PAYABLE_FOR;
        if open {
            match charge.payer {
                Payer::Approves if charge.taken == Taken::WhenAsked => charge.state = State::Held,
                Payer::Approves => charge.state = State::Paid,
                Payer::Declines => charge.state = State::Declined,
                Payer::Leaves => {}
            }
        }
        open && charge.payer != Payer::Leaves
    }

    pub fn refund(&mut self, refund: Uuid, made: Given) -> Said {
        let paid = self.charges.get(&made.attempt).filter(|charge| charge.state == State::Paid);
        let back: i64 = self
            .refunds
            .values()
            .filter(|given| given.attempt == made.attempt && given.state != State::Declined)
            .map(|given| given.gives)
            .sum();
        let left = paid.map_or(0, |charge| charge.takes - back);
        let state = if made.gives <= left { made.state } else { State::Declined };
        self.refunds.entry(refund).or_insert(Given { state, ..made });
        self.inquire_refund(refund)
    }

    pub fn inquire_refund(&mut self, refund: Uuid) -> Said {
        let Some(given) = self.refunds.get(&refund) else { return Said::NotFound };
        match given.state {
            State::Created => Said::Pending,
            State::Paid => Said::Refunded(given.gives, given.reference.clone()),
            State::Held | State::Declined | State::Expired | State::Reversed => Said::Declined,
        }
    }

    /// What it took and did not give back by itself.
    pub fn took(&self, attempt: Uuid) -> i64 {
        self.charges
            .get(&attempt)
            .filter(|charge| charge.state == State::Paid)
            .map_or(0, |charge| charge.takes)
    }
}

impl Provider {
    /// A refund that was pending is paid out now.
    pub fn refund_done(&mut self, refund: Uuid) {
        if let Some(given) = self.refunds.get_mut(&refund)
            && given.state == State::Created
        {
            given.state = State::Paid;
        }
    }
}
