//! `ChannelPolicy`: which channels a service takes from a day on, until the next object of the same service.
use std::sync::Arc;

use kube::{CustomResource, KubeSchema};
use proto::catalogue::v1 as pb;
use proto::common::v1::Channel as Wire;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::Date;

use super::{
    Active, DriftPolicy, Kind, Origin, Status, Way, day, day_of_api, next_after, rules, two_persons,
};
use crate::canonical;
use crate::catalogue::Catalogue;
use crate::error::Error;

/// The channels that a service takes from a day on.
#[derive(Clone, Debug, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "mizan.gov",
    version = "v1alpha1",
    kind = "ChannelPolicy",
    plural = "channelpolicies",
    shortname = "chan",
    category = "mizan",
    doc = "The channels that a service takes from a day on.",
    namespaced,
    status = "Status"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::four_eyes(), validation = rules::approved_in_time())]
pub struct ChannelPolicySpec {
    /// The agency's code.
    #[schemars(length(max = 8))]
    #[x_kube(validation = rules::agency(), validation = rules::immutable())]
    pub agency: String,
    /// The service's code.
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::service(), validation = rules::immutable())]
    pub service: String,
    /// The first day, in Bahrain.
    #[schemars(length(max = 10), extend("format" = "date"))]
    #[x_kube(validation = rules::immutable())]
    pub valid_from: String,
    /// Those that are open from then on.
    #[schemars(length(min = 1, max = 7))]
    #[x_kube(validation = rules::takes_money(), validation = rules::each_once())]
    pub channels: Vec<Channel>,
    /// The decision or law it rests on.
    #[schemars(length(min = 1, max = 400))]
    pub reason: String,
    /// Who wrote it, by the name in git.
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::person())]
    pub requested_by: String,
    /// Who reviewed it.
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::person())]
    pub approved_by: String,
    /// The day of the review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), extend("format" = "date"))]
    pub approved_on: Option<String>,
    #[serde(default)]
    pub drift_policy: DriftPolicy,
}

/// How money reaches the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Portal,
    Wallet,
    Card,
    Transfer,
    Pos,
    KioskCash,
    CounterCash,
}

impl From<Channel> for Wire {
    fn from(channel: Channel) -> Wire {
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
}

/// Their words, in one order.
fn words(channels: &[i32]) -> Vec<String> {
    let known = channels.iter().filter_map(|channel| Wire::try_from(*channel).ok());
    let mut words: Vec<String> =
        known.map(|channel| channel.as_str_name().trim_start_matches("CHANNEL_").to_lowercase()).collect();
    words.sort();
    words.dedup();
    words
}

impl ChannelPolicySpec {
    fn open(&self) -> Vec<i32> {
        self.channels.iter().map(|channel| Wire::from(*channel).into()).collect()
    }

    fn canonical(&self, channels: &[i32]) -> Value {
        json!({ "agency": self.agency, "service": self.service, "channels": words(channels) })
    }

    fn first_day(&self) -> Result<Date, Error> {
        day("spec.validFrom", &self.valid_from)
    }

    /// The rule that holds at the end of this object's days: those until the next object's begin.
    fn last_of_mine(
        &self,
        rules: Vec<pb::ChannelRule>,
        until: Option<Date>,
    ) -> Result<Option<pb::ChannelRule>, Error> {
        let from = self.first_day()?;
        let mine = rules.into_iter().filter(|rule| {
            let since = day_of_api(&rule.from);
            since.is_none_or(|since| since <= from || until.is_none_or(|until| since < until))
        });
        Ok(mine.max_by_key(|rule| day_of_api(&rule.from)))
    }
}

impl Kind for ChannelPolicy {
    const NAME: &'static str = "ChannelPolicy";
    const ON_DELETE: &'static str =
        "The object is gone; what was announced stays in force until another policy follows it.";

    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    fn drift_policy(&self) -> DriftPolicy {
        self.spec.drift_policy
    }

    fn wanted(&self) -> Result<Value, Error> {
        let spec = &self.spec;
        two_persons(&spec.requested_by, &spec.approved_by)?;
        spec.first_day()?;
        Ok(spec.canonical(&spec.open()))
    }

    async fn active(&self, api: &Catalogue, all: &[Arc<ChannelPolicy>]) -> Result<Option<Active>, Error> {
        let spec = &self.spec;
        let same = all
            .iter()
            .filter(|other| (&other.spec.agency, &other.spec.service) == (&spec.agency, &spec.service));
        let begins = same.filter_map(|other| other.spec.first_day().ok());
        let until = next_after(spec.first_day()?, begins);
        let rules = api.channel_rules(&spec.agency, &spec.service).await?;
        let Some(rule) = spec.last_of_mine(rules, until)? else { return Ok(None) };
        let (since, channels) = (day_of_api(&rule.from), rule.channels);
        let says = spec.canonical(&channels);
        let policies = api.policies(&spec.agency, &spec.service).await?;
        let made_it = policies.into_iter().rfind(|policy| {
            policy.state() == pb::PolicyState::Announced
                && day_of_api(&policy.valid_from) == since
                && words(&policy.channels) == words(&channels)
        });
        let origin = made_it.as_ref().map_or(Origin::Elsewhere, |policy| Origin::of(&policy.decided_by));
        Ok(Some(Active { says, version: made_it.map(|policy| policy.policy_id), since, origin }))
    }

    async fn publish(&self, api: &Catalogue, way: Way<'_>) -> Result<(), Error> {
        let spec = &self.spec;
        let first = spec.first_day()?;
        let from = match way {
            Way::First { .. } => first,
            Way::Over(active) => {
                [active.since.unwrap_or(first), first, api.today()].into_iter().max().unwrap_or(first)
            }
        };
        let (hash, day) = (canonical::hash(&self.wanted()?), from.to_string());
        let policy_id =
            canonical::id(&["policy", &hash, &day, &spec.requested_by, &spec.reason, way.replaced()]);
        let asked = pb::ProposePolicyRequest {
            policy_id: policy_id.clone(),
            agency_id: spec.agency.clone(),
            service_code: spec.service.clone(),
            valid_from: day,
            channels: spec.open(),
            reason: spec.reason.clone(),
        };
        api.propose(&spec.requested_by, asked).await?;
        api.announce(&spec.approved_by, policy_id).await
    }
}
