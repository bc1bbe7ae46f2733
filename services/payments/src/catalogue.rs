//! Which channels may take money: asked of the catalogue by revision, kept here so that a start does not depend on it.

use std::{sync::Arc, time::Duration};

use boot::{
    Clock, Problem,
    wire::{id_from_wire, money_from_wire},
};
use pg::Pg;
use prost::Message as _;
use proto::{
    catalogue::v1::{
        ChannelException, ListChannelRulesRequest, ListChannelRulesResponse, ServiceRules,
        channel_policy_service_client::ChannelPolicyServiceClient,
    },
    common::v1::Channel as Wire,
};
use time::{Date, macros::format_description};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::{
    Error,
    domain::channel::{Channel, Exception, Policies, Rule},
    metrics::Metrics,
    store,
};

/// How often we ask whether the rules have changed. Policies begin at a midnight, and are known before.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Follows the catalogue's rules.
#[derive(Debug)]
pub struct Following {
    pub catalogue: boot::grpc::Channel,
    pub pg: Pg,
    pub clock: Clock,
    pub metrics: Metrics,
    pub known: watch::Sender<Arc<Policies>>,
}

/// The rules as they were last told; none yet: every channel is open.
///
/// # Errors
/// The database; what was kept cannot be read.
pub async fn kept(pg: &Pg) -> Result<Arc<Policies>, Error> {
    let mut tx = pg.read().await?;
    let bytes = store::channel::rules(&mut tx).await?;
    tx.rollback().await?;
    let Some(bytes) = bytes else { return Ok(Arc::default()) };
    let corrupt = |_| Error::Corrupt { table: "channel_rules", id: "rules".to_owned() };
    let told = ListChannelRulesResponse::decode(bytes.as_slice()).map_err(corrupt)?;
    Ok(Arc::new(policies(&told)?))
}

impl Following {
    /// Asks until `stopping`. What cannot be had, or read, leaves the rules as they are.
    pub async fn run(self, stopping: CancellationToken) {
        let real = Clock::system();
        let (mut heard_at, mut told) = (real.monotonic(), false);
        while !stopping.is_cancelled() {
            match self.ask().await {
                Ok(()) => (heard_at, told) = (real.monotonic(), false),
                Err(problem) if !told => {
                    tracing::warn!(code = %problem.code, "the channel rules cannot be asked for; the last ones hold");
                    told = true;
                }
                Err(_) => {}
            }
            let age = real.monotonic().saturating_sub(heard_at).as_secs();
            self.metrics.channel_rules_age_seconds.set(i64::try_from(age).unwrap_or(i64::MAX));
            tokio::select! {
                () = real.sleep(ASK_EVERY) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    async fn ask(&self) -> Result<(), Problem> {
        let known_revision = self.known.borrow().revision;
        let mut catalogue = ChannelPolicyServiceClient::new(self.catalogue.clone());
        let answer = catalogue.list_channel_rules(ListChannelRulesRequest { known_revision }).await;
        let told = answer.map_err(|status| Problem::from_status(&status))?.into_inner();
        if told.unchanged {
            return Ok(());
        }
        let policies = policies(&told)?;
        self.keep(&told).await.map_err(Problem::from)?;
        tracing::info!(revision = told.revision, services = told.services.len(), "channel rules");
        self.known.send_replace(Arc::new(policies));
        Ok(())
    }

    async fn keep(&self, told: &ListChannelRulesResponse) -> Result<(), Error> {
        let mut tx = self.pg.begin().await?;
        store::channel::keep_rules(&mut tx, told.revision, &told.encode_to_vec(), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn policies(told: &ListChannelRulesResponse) -> Result<Policies, Problem> {
    let mut policies = Policies { revision: told.revision, ..Policies::default() };
    for service in &told.services {
        let key = (id_from_wire("agency_id", &service.agency_id)?, service.service_code.clone());
        policies.services.insert(key, rules(service)?);
    }
    policies.exceptions = told.exceptions.iter().map(exception).collect::<Result<_, _>>()?;
    Ok(policies)
}

fn rules(service: &ServiceRules) -> Result<Vec<Rule>, Problem> {
    let rule = |rule: &proto::catalogue::v1::ChannelRule| {
        let from = if rule.from.is_empty() { None } else { Some(date(&rule.from)?) };
        Ok(Rule {
            from,
            channels: rule.channels.iter().map(|open| channel(*open)).collect::<Result<_, _>>()?,
        })
    };
    service.rules.iter().map(rule).collect()
}

fn exception(told: &ChannelException) -> Result<Exception, Problem> {
    Ok(Exception {
        id: id_from_wire("channel_exception_id", &told.channel_exception_id)?,
        agency: id_from_wire("agency_id", &told.agency_id)?,
        service: told.service_code.clone(),
        channel: channel(told.channel)?,
        from: date(&told.from)?,
        until: date(&told.until)?,
        most: money_from_wire("most", &told.most)?,
    })
}

fn date(text: &str) -> Result<Date, Problem> {
    let read = Date::parse(text, format_description!("[year]-[month]-[day]"));
    read.map_err(|error| Problem::new(Code::Internal, "internal", "A rule has no date.").caused_by(error))
}

fn channel(channel: i32) -> Result<Channel, Problem> {
    match Wire::try_from(channel) {
        Ok(Wire::Portal) => Ok(Channel::Portal),
        Ok(Wire::Wallet) => Ok(Channel::Wallet),
        Ok(Wire::Card) => Ok(Channel::Card),
        Ok(Wire::Transfer) => Ok(Channel::Transfer),
        Ok(Wire::Pos) => Ok(Channel::Pos),
        Ok(Wire::KioskCash) => Ok(Channel::KioskCash),
        Ok(Wire::CounterCash) => Ok(Channel::CounterCash),
        Ok(Wire::Unspecified) | Err(_) => {
            Err(Problem::new(Code::Internal, "internal", "A rule names a channel we do not know."))
        }
    }
}

/// A channel as a message names it.
pub fn to_wire(channel: Channel) -> Wire {
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
