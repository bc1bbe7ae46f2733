//! The channels of a service on any day: what its programme date says, and every policy that was announced.
use time::Date;

use super::channel::{self, Cash, Channel, Channels};
use super::fee_service::{ElectronicOnly, FeeService};
use super::policy::{Policy, State};

/// What is open from a day on, until the next rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// None: since ever.
    pub from: Option<Date>,
    pub channels: Channels,
}

/// By day, none twice; the first one has no beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Every channel is open until the service's electronic-only date, if it has one. From each announced policy's day on it is that policy's
    /// channels; of several for one day, and over the programme's own date, those announced last.
    pub fn of<'p>(service: &FeeService, policies: impl IntoIterator<Item = &'p Policy>) -> Rules {
        let programme = service.electronic_only.map(|(only, from)| (from, electronic(only)));
        let mut dated: Vec<_> = programme.iter().map(|(from, channels)| (*from, None, channels)).collect();
        for policy in policies {
            match &policy.state {
                State::Announced { at, .. } => dated.push((policy.valid_from, Some(*at), &policy.channels)),
                State::Planned | State::Withdrawn { .. } => {}
            }
        }
        dated.sort();
        let mut rules = vec![Rule { from: None, channels: channel::all() }];
        for (from, _, channels) in dated {
            if rules.last().is_some_and(|rule| rule.from == Some(from)) {
                rules.pop();
            }
            rules.push(Rule { from: Some(from), channels: channels.clone() });
        }
        Rules(rules)
    }

    /// All of them, by day.
    pub fn all(&self) -> &[Rule] {
        &self.0
    }

    /// The one in force on `day`.
    pub fn on(&self, day: Date) -> &Rule {
        let begun = self.0.iter().rev().find(|rule| rule.from.is_none_or(|from| from <= day));
        begun.or(self.0.first()).expect("the first rule holds since ever")
    }

    /// The next one after `day` that has other channels than its predecessor.
    pub fn next_after(&self, day: Date) -> Option<&Rule> {
        let mut open = &self.on(day).channels;
        for rule in self.0.iter().filter(|rule| rule.from.is_some_and(|from| from > day)) {
            if rule.channels != *open {
                return Some(rule);
            }
            open = &rule.channels;
        }
        None
    }

    /// Since when cash stands as it does on `day`; none: since ever.
    pub fn cash_since(&self, day: Date) -> Option<Date> {
        let cash = Cash::of(&self.on(day).channels);
        let begun = self.0.iter().rev().filter(|rule| rule.from.is_none_or(|from| from <= day));
        let same = begun.take_while(|rule| Cash::of(&rule.channels) == cash);
        same.last().and_then(|rule| rule.from)
    }
}

/// What the programme leaves open.
fn electronic(only: ElectronicOnly) -> Channels {
    let mut channels = channel::all();
    channels.remove(&Channel::CounterCash);
    match only {
        ElectronicOnly::Full => channels.remove(&Channel::KioskCash),
        ElectronicOnly::Partly => false,
    };
    channels
}

/// Where a service stands on its way to electronic only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    NotPlanned,
    /// A policy that closes counter cash waits for its second person.
    Planned,
    /// It is announced for a later day.
    Announced,
    /// Counters take no cash.
    InForce,
}

impl Progress {
    /// On `day`, by the rules and what is planned beyond them.
    pub fn on<'p>(rules: &Rules, policies: impl IntoIterator<Item = &'p Policy>, day: Date) -> Progress {
        let closes = |channels: &Channels| Cash::of(channels) != Cash::Taken;
        if closes(&rules.on(day).channels) {
            return Progress::InForce;
        }
        if rules.all().iter().any(|rule| rule.from.is_some_and(|from| from > day) && closes(&rule.channels)) {
            return Progress::Announced;
        }
        let planned = policies.into_iter().any(|policy| match policy.state {
            State::Planned => closes(&policy.channels),
            State::Announced { .. } | State::Withdrawn { .. } => false,
        });
        if planned { Progress::Planned } else { Progress::NotPlanned }
    }
}

#[cfg(test)]
mod tests;
