//! Which channels a bill may be paid by. `catalogue` owns the rules; here they are judged, where the money would be taken.

use std::collections::{BTreeSet, HashMap};

use ids::{AgencyId, ChannelExceptionId};
use money::Money;
use time::{Date, OffsetDateTime};

use super::receivable::Receivable;

/// How money reaches a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The national portal's pages. What the payer pays by there is a channel of its own.
    Portal,
    Wallet,
    Card,
    Transfer,
    Pos,
    KioskCash,
    CounterCash,
}

/// What every service takes, and from when on. A service without rules takes everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// Of the catalogue; 0: nothing is known.
    pub revision: i64,
    /// By agency and code of the service; by day.
    pub services: HashMap<(AgencyId, String), Vec<Rule>>,
    pub exceptions: Vec<Exception>,
}

/// What is open from a day on, until the next rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// In Bahrain; none: since ever.
    pub from: Option<Date>,
    pub channels: BTreeSet<Channel>,
}

/// A closed channel, open all the same for some days and up to an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub id: ChannelExceptionId,
    pub agency: AgencyId,
    pub service: String,
    pub channel: Channel,
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// Of one payment.
    pub most: Money,
}

/// Whether a channel may take money for a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Open,
    /// Only by this exception: its use is counted.
    ByException(ChannelExceptionId),
    Closed(Closed),
}

/// A channel that takes no money, and what does instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub channel: Channel,
    /// The first day; none: it never was open.
    pub since: Option<Date>,
    pub instead: Vec<Channel>,
}

/// How a channel stands for a bill now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub channel: Channel,
    pub verdict: Verdict,
    /// The first moment at which it is no longer open; none is known, or it is closed.
    pub until: Option<OffsetDateTime>,
}

impl Channel {
    /// All there are.
    pub const ALL: [Channel; 7] = [
        Channel::Portal,
        Channel::Wallet,
        Channel::Card,
        Channel::Transfer,
        Channel::Pos,
        Channel::KioskCash,
        Channel::CounterCash,
    ];

    /// As shown.
    pub fn name(self) -> &'static str {
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
}

impl Closed {
    /// The words of those that are open.
    pub fn alternatives(&self) -> String {
        self.instead.iter().map(|open| open.name()).collect::<Vec<_>>().join(", ")
    }
}

impl Policies {
    /// Whether `channel` may take `amount` for a bill of `service` at `at`.
    pub fn judge(&self, bill: &Receivable, channel: Channel, amount: Money, at: OffsetDateTime) -> Verdict {
        let day = boot::bahrain_date(at);
        let Some(rules) = self.rules(bill) else { return Verdict::Open };
        let Some((rule, before)) = in_force(rules, day) else { return Verdict::Open };
        if rule.channels.contains(&channel) {
            return Verdict::Open;
        }
        let fits = |exception: &&Exception| {
            exception.agency == bill.agency
                && exception.service == bill.service_code
                && exception.channel == channel
                && (exception.from..=exception.until).contains(&day)
                && amount.minor_units() <= exception.most.minor_units()
        };
        if let Some(exception) = self.exceptions.iter().find(fits) {
            return Verdict::ByException(exception.id);
        }
        let closed_since = before.iter().rev().take_while(|rule| !rule.channels.contains(&channel)).last();
        let since = closed_since.unwrap_or(rule).from;
        Verdict::Closed(Closed { channel, since, instead: rule.channels.iter().copied().collect() })
    }

    /// How every channel stands for what is due on a bill.
    pub fn terms(&self, bill: &Receivable, due: Money, at: OffsetDateTime) -> Vec<Terms> {
        let terms = |channel| {
            let verdict = self.judge(bill, channel, due, at);
            let until = match &verdict {
                Verdict::Open => self.closes(bill, channel, boot::bahrain_date(at)),
                Verdict::ByException(id) => {
                    let exception = self.exceptions.iter().find(|exception| exception.id == *id);
                    exception.and_then(|exception| exception.until.next_day())
                }
                Verdict::Closed(_) => None,
            };
            Terms { channel, verdict, until: until.map(boot::bahrain_midnight) }
        };
        Channel::ALL.into_iter().map(terms).collect()
    }

    /// The first day after `day` on which an open channel is closed.
    fn closes(&self, bill: &Receivable, channel: Channel, day: Date) -> Option<Date> {
        let later = self.rules(bill)?.iter().filter(|rule| rule.from.is_some_and(|from| from > day));
        later.into_iter().find(|rule| !rule.channels.contains(&channel))?.from
    }

    fn rules(&self, bill: &Receivable) -> Option<&[Rule]> {
        let known = self.services.get(&(bill.agency.clone(), bill.service_code.clone()));
        known.map(Vec::as_slice)
    }
}

/// The rule of a day, and those until it, itself included.
fn in_force(rules: &[Rule], day: Date) -> Option<(&Rule, &[Rule])> {
    let begun = rules.partition_point(|rule| rule.from.is_none_or(|from| from <= day));
    let before = rules.get(..begun)?;
    before.last().map(|rule| (rule, before))
}

#[cfg(test)]
mod tests;
