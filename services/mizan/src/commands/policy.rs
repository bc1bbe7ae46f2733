//! Which channels services take, from which day on: by two persons.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ids::PolicyId;
use prost::Message as _;
use proto::catalogue::v1::channel_policy_service_client::ChannelPolicyServiceClient;
use proto::catalogue::v1::{
    AnnouncePolicyRequest, ListChannelChangesRequest, ListPoliciesRequest, Policy as Known,
    ProposePolicyRequest, ReportElectronicOnlyRequest, ServiceReport, WithdrawPolicyRequest,
};
use proto::common::v1::Channel;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::{ChannelExceptionUse, ListChannelExceptionUsesRequest};

use super::end;
use super::officer::{By, Catalogue, Payments, answered, call, channel, channels, dinars, fresh_id, word};

/// Which channels services take, from which day on: one person proposes, another announces.
#[derive(Debug, Args)]
pub struct Policy {
    #[command(flatten)]
    catalogue: Catalogue,
    #[command(flatten)]
    payments: Payments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Plans which channels a service takes from a day on; nothing changes yet.
    Propose {
        #[arg(long)]
        agency: String,
        #[arg(long)]
        service: String,
        /// The first day, in Bahrain: 2027-01-01.
        #[arg(long)]
        from: String,
        /// Those that are open then, with commas: portal,wallet,card,transfer,pos,kiosk_cash,counter_cash.
        #[arg(long, value_delimiter = ',', value_parser = channel, required = true)]
        channels: Vec<Channel>,
        /// The decision or law it rests on.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Makes it hold from its day on; by another person than who proposed it.
    Announce {
        #[arg(long)]
        policy: String,
        /// Who announces it.
        #[arg(long)]
        actor: String,
    },
    /// Takes a plan back that is not announced.
    Withdraw {
        #[arg(long)]
        policy: String,
        /// Who takes it back.
        #[arg(long)]
        actor: String,
    },
    /// Policies of an agency, by service and day.
    List {
        #[arg(long)]
        agency: String,
        #[arg(long, default_value = "")]
        service: String,
    },
    /// Where each service stands on its way to electronic only: planned, announced, in force; exceptions and their use.
    Report {
        /// The day, in Bahrain; today if left out.
        #[arg(long, default_value = "")]
        on: String,
    },
    /// What a day changes: channels that open and close, exceptions that begin and have ended.
    Changes {
        #[arg(long)]
        on: String,
    },
}

/// Runs a verb against the service.
pub async fn run(policy: Policy) -> ExitCode {
    end(answer(policy).await)
}

async fn answer(policy: Policy) -> Result<String, String> {
    let Policy { catalogue, payments, verb } = policy;
    let mut policies = ChannelPolicyServiceClient::new(catalogue.channel()?);
    match verb {
        Verb::Propose { agency, service, from, channels, reason, by } => {
            let mut request = ProposePolicyRequest {
                policy_id: String::new(),
                agency_id: agency,
                service_code: service,
                valid_from: from,
                channels: channels.into_iter().map(i32::from).collect(),
                reason,
            };
            request.policy_id = PolicyId(fresh_id(&by, &request.encode_to_vec())).to_string();
            let proposed = answered(policies.propose_policy(by.call(request)?).await)?;
            Ok(proposed.policy.as_ref().map(line).unwrap_or_default())
        }
        Verb::Announce { policy, actor } => {
            let request = call(&actor, AnnouncePolicyRequest { policy_id: policy })?;
            let announced = answered(policies.announce_policy(request).await)?;
            Ok(announced.policy.as_ref().map(line).unwrap_or_default())
        }
        Verb::Withdraw { policy, actor } => {
            let request = call(&actor, WithdrawPolicyRequest { policy_id: policy })?;
            let withdrawn = answered(policies.withdraw_policy(request).await)?;
            Ok(withdrawn.policy.as_ref().map(line).unwrap_or_default())
        }
        Verb::List { agency, service } => {
            let request = ListPoliciesRequest { agency_id: agency, service_code: service };
            let listed = answered(policies.list_policies(request).await)?;
            Ok(listed.policies.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Verb::Report { on } => {
            let report = answered(policies.report_electronic_only(ReportElectronicOnlyRequest { on }).await)?;
            let mut payments = PaymentServiceClient::new(payments.channel()?);
            let uses = payments.list_channel_exception_uses(ListChannelExceptionUsesRequest {}).await;
            let uses = answered(uses)?.uses;
            Ok(report.services.iter().map(|service| standing(service, &uses)).collect::<Vec<_>>().join("\n"))
        }
        Verb::Changes { on } => {
            let changes = answered(policies.list_channel_changes(ListChannelChangesRequest { on }).await)?;
            let mut lines: Vec<String> = Vec::new();
            for change in changes.changes {
                let (opened, closed) = (channels(&change.opened), channels(&change.closed));
                let parts = [("opens", opened), ("closes", closed)];
                let said = parts.iter().filter(|(_, channels)| !channels.is_empty());
                let said: Vec<String> = said.map(|(verb, channels)| format!("{verb} {channels}")).collect();
                lines.push(format!("{} {} {}", change.agency_id, change.service_code, said.join(", ")));
            }
            for (word, exceptions) in [("begins", &changes.begins), ("has ended", &changes.ended)] {
                lines.extend(exceptions.iter().map(|exception| {
                    let of = (&exception.agency_id, &exception.service_code);
                    let channel = channels(&[exception.channel]);
                    format!(
                        "{} {} exception {} for {channel} {word}",
                        of.0, of.1, exception.channel_exception_id
                    )
                }));
            }
            Ok(if lines.is_empty() { "nothing changes".to_owned() } else { lines.join("\n") })
        }
    }
}

fn line(policy: &Known) -> String {
    let state = word(policy.state().as_str_name(), "POLICY_STATE_");
    let Known { policy_id, agency_id, service_code, valid_from, .. } = policy;
    format!(
        "{policy_id} {state} {agency_id} {service_code} from {valid_from}: {}",
        channels(&policy.channels)
    )
}

fn standing(service: &ServiceReport, all: &[ChannelExceptionUse]) -> String {
    let state = word(service.state().as_str_name(), "ELECTRONIC_ONLY_STATE_");
    let cash = word(service.cash().as_str_name(), "CASH_MODE_");
    let since = if service.since.is_empty() { String::new() } else { format!(" since {}", service.since) };
    let mut parts =
        vec![format!("{} {} {state}, cash {cash}{since}", service.agency_id, service.service_code)];
    if !service.next_from.is_empty() {
        parts.push(format!("from {}: {}", service.next_from, channels(&service.next_channels)));
    }
    for exception in &service.exceptions {
        let used = all.iter().find(|of| of.channel_exception_id == exception.channel_exception_id);
        let (count, sum) = used.map_or((0, None), |used| (used.payments, used.amount.as_ref()));
        let (channel, until) = (channels(&[exception.channel]), &exception.until);
        parts.push(format!("exception for {channel} until {until}: {count} payments, {}", dinars(sum)));
    }
    parts.join("; ")
}
