//! Policies, exceptions and rules as messages.
use boot::wire::money_to_wire;
use proto::catalogue::v1 as pb;
use proto::common::v1::Channel as Wire;
use time::Date;

use super::name_message;
use crate::Error;
use crate::app::channel_rules::{Changed, Changes, Governed, Known, Standing};
use crate::domain::channel::{Cash, Channel};
use crate::domain::channel_exception::{self, ChannelException};
use crate::domain::channel_rules::Progress;
use crate::domain::policy::{self, Policy};

pub fn channel_from_wire(field: &'static str, channel: i32) -> Result<Channel, Error> {
    match Wire::try_from(channel) {
        Ok(Wire::Portal) => Ok(Channel::Portal),
        Ok(Wire::Wallet) => Ok(Channel::Wallet),
        Ok(Wire::Card) => Ok(Channel::Card),
        Ok(Wire::Transfer) => Ok(Channel::Transfer),
        Ok(Wire::Pos) => Ok(Channel::Pos),
        Ok(Wire::KioskCash) => Ok(Channel::KioskCash),
        Ok(Wire::CounterCash) => Ok(Channel::CounterCash),
        Ok(Wire::Unspecified) | Err(_) => {
            let detail = format!("{channel} is no channel; send one of the words of `Channel`");
            Err(Error::Field { field, detail })
        }
    }
}

fn channel(channel: Channel) -> Wire {
    match channel {
        Channel::Portal => Wire::Portal,
        Channel::Wallet => Wire::Wallet,
        Channel::Card => Wire::Card,
        Channel::Transfer => Wire::Transfer,
        Channel::Pos => Wire::Pos,
        Channel::KioskCash => Wire::KioskCash,
        Channel::CounterCash => Wire::CounterCash,
    }
}

fn channels<'c>(open: impl IntoIterator<Item = &'c Channel>) -> Vec<i32> {
    open.into_iter().map(|open| channel(*open).into()).collect()
}

pub fn policy(policy: &Policy) -> pb::Policy {
    use policy::State as S;
    let (state, by) = match &policy.state {
        S::Planned => (pb::PolicyState::Planned, ""),
        S::Announced { by, .. } => (pb::PolicyState::Announced, by.as_str()),
        S::Withdrawn { by } => (pb::PolicyState::Withdrawn, by.as_str()),
    };
    pb::Policy {
        policy_id: policy.id.to_string(),
        agency_id: policy.agency.to_string(),
        service_code: policy.service.to_string(),
        valid_from: policy.valid_from.to_string(),
        channels: channels(&policy.channels),
        reason: policy.reason.clone(),
        state: state.into(),
        proposed_by: policy.proposed_by.clone(),
        decided_by: by.to_owned(),
        version: policy.version,
    }
}

pub fn exception(exception: &ChannelException) -> pb::ChannelException {
    use channel_exception::State as S;
    let (state, by) = match &exception.state {
        S::Requested => (pb::ChannelExceptionState::Requested, ""),
        S::Approved { by } => (pb::ChannelExceptionState::Approved, by.as_str()),
        S::Rejected { by } => (pb::ChannelExceptionState::Rejected, by.as_str()),
        S::Ended { by, .. } => (pb::ChannelExceptionState::Ended, by.as_str()),
    };
    pb::ChannelException {
        channel_exception_id: exception.id.to_string(),
        agency_id: exception.agency.to_string(),
        service_code: exception.service.to_string(),
        channel: channel(exception.channel).into(),
        from: exception.from.to_string(),
        until: exception.until.to_string(),
        most: Some(money_to_wire(exception.most)),
        reason: exception.reason.clone(),
        state: state.into(),
        requested_by: exception.requested_by.clone(),
        decided_by: by.to_owned(),
        version: exception.version,
    }
}

pub fn standing(standing: &Standing, day: Date) -> pb::ServiceReport {
    let Governed { service, rules, .. } = &standing.governed;
    let state = match standing.progress {
        Progress::NotPlanned => pb::ElectronicOnlyState::NotPlanned,
        Progress::Planned => pb::ElectronicOnlyState::Planned,
        Progress::Announced => pb::ElectronicOnlyState::Announced,
        Progress::InForce => pb::ElectronicOnlyState::InForce,
    };
    let cash = match standing.cash {
        Cash::Taken => pb::CashMode::Taken,
        Cash::KioskOnly => pb::CashMode::KioskOnly,
        Cash::None => pb::CashMode::None,
    };
    let next = rules.next_after(day);
    pb::ServiceReport {
        agency_id: service.agency.to_string(),
        service_code: service.code.to_string(),
        name: Some(name_message(&service.name)),
        state: state.into(),
        cash: cash.into(),
        since: standing.since.map(|day| day.to_string()).unwrap_or_default(),
        channels: channels(&rules.on(day).channels),
        next_from: next.and_then(|rule| rule.from).map(|day| day.to_string()).unwrap_or_default(),
        next_channels: next.map(|rule| channels(&rule.channels)).unwrap_or_default(),
        exceptions: standing.exceptions.iter().map(exception).collect(),
    }
}

pub fn changes(changes: &Changes) -> pb::ListChannelChangesResponse {
    let change = |changed: &Changed| pb::ChannelChange {
        agency_id: changed.service.agency.to_string(),
        service_code: changed.service.code.to_string(),
        name: Some(name_message(&changed.service.name)),
        opened: channels(&changed.opened),
        closed: channels(&changed.closed),
    };
    pb::ListChannelChangesResponse {
        changes: changes.services.iter().map(change).collect(),
        begins: changes.begins.iter().map(exception).collect(),
        ended: changes.ended.iter().map(exception).collect(),
    }
}

pub fn rules(known: &Known) -> pb::ListChannelRulesResponse {
    let rules = |governed: &Governed| pb::ServiceRules {
        agency_id: governed.service.agency.to_string(),
        service_code: governed.service.code.to_string(),
        rules: governed
            .rules
            .all()
            .iter()
            .map(|rule| pb::ChannelRule {
                from: rule.from.map(|day| day.to_string()).unwrap_or_default(),
                channels: channels(&rule.channels),
            })
            .collect(),
    };
    let approved = known.exceptions.iter().filter(|exception| match exception.state {
        channel_exception::State::Approved { .. } => true,
        channel_exception::State::Requested
        | channel_exception::State::Rejected { .. }
        | channel_exception::State::Ended { .. } => false,
    });
    pb::ListChannelRulesResponse {
        revision: known.revision,
        unchanged: false,
        services: known.services.iter().map(rules).collect(),
        exceptions: approved.map(exception).collect(),
    }
}
