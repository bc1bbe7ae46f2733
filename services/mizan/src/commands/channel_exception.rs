//! Closed channels, open all the same for some days: by two persons.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ids::ChannelExceptionId;
use prost::Message as _;
use proto::catalogue::v1::channel_policy_service_client::ChannelPolicyServiceClient;
use proto::catalogue::v1::{
    ApproveChannelExceptionRequest, ChannelException as Known, EndChannelExceptionRequest,
    ListChannelExceptionsRequest, RejectChannelExceptionRequest, RequestChannelExceptionRequest,
};
use proto::common::v1::{Channel, Money};

use super::end;
use super::officer::{By, Catalogue, amount, answered, call, channel, channels, dinars, fresh_id, word};

/// A closed channel, open all the same for some days and up to an amount: one person asks, another agrees.
#[derive(Debug, Args)]
pub struct ChannelException {
    #[command(flatten)]
    catalogue: Catalogue,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Asks for it; nothing opens yet.
    Request {
        #[arg(long)]
        agency: String,
        #[arg(long)]
        service: String,
        /// portal, wallet, card, transfer, pos, kiosk_cash or counter_cash.
        #[arg(long, value_parser = channel)]
        channel: Channel,
        /// The first day, in Bahrain.
        #[arg(long)]
        from: String,
        /// The last day; at most 92 days in all.
        #[arg(long)]
        until: String,
        /// The most of one payment, in dinars with three decimals.
        #[arg(long, value_parser = amount)]
        most: Money,
        /// Why; no personal data.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Opens the channel; by another person than who asked.
    Approve(Decided),
    /// Refuses it, or takes it back.
    Reject(Decided),
    /// Closes the channel again before its last day.
    End(Decided),
    /// All exceptions of an agency, or of every agency, newest first.
    List {
        #[arg(long, default_value = "")]
        agency: String,
    },
}

#[derive(Debug, Args)]
struct Decided {
    #[arg(long)]
    exception: String,
    /// Who decides.
    #[arg(long)]
    actor: String,
}

/// Runs a verb against the service.
pub async fn run(exception: ChannelException) -> ExitCode {
    end(answer(exception).await)
}

async fn answer(exception: ChannelException) -> Result<String, String> {
    let mut policies = ChannelPolicyServiceClient::new(exception.catalogue.channel()?);
    let shown = match exception.verb {
        Verb::Request { agency, service, channel, from, until, most, reason, by } => {
            let mut request = RequestChannelExceptionRequest {
                channel_exception_id: String::new(),
                agency_id: agency,
                service_code: service,
                channel: channel.into(),
                from,
                until,
                most: Some(most),
                reason,
            };
            let id = fresh_id(&by, &request.encode_to_vec());
            request.channel_exception_id = ChannelExceptionId(id).to_string();
            answered(policies.request_channel_exception(by.call(request)?).await)?.channel_exception
        }
        Verb::Approve(Decided { exception, actor }) => {
            let request = ApproveChannelExceptionRequest { channel_exception_id: exception };
            answered(policies.approve_channel_exception(call(&actor, request)?).await)?.channel_exception
        }
        Verb::Reject(Decided { exception, actor }) => {
            let request = RejectChannelExceptionRequest { channel_exception_id: exception };
            answered(policies.reject_channel_exception(call(&actor, request)?).await)?.channel_exception
        }
        Verb::End(Decided { exception, actor }) => {
            let request = EndChannelExceptionRequest { channel_exception_id: exception };
            answered(policies.end_channel_exception(call(&actor, request)?).await)?.channel_exception
        }
        Verb::List { agency } => {
            let request = ListChannelExceptionsRequest { agency_id: agency };
            let listed = answered(policies.list_channel_exceptions(request).await)?;
            return Ok(listed.channel_exceptions.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
    };
    Ok(shown.as_ref().map(line).unwrap_or_default())
}

fn line(exception: &Known) -> String {
    let state = word(exception.state().as_str_name(), "CHANNEL_EXCEPTION_STATE_");
    let Known { channel_exception_id, agency_id, service_code, from, until, .. } = exception;
    let (channel, most) = (channels(&[exception.channel]), dinars(exception.most.as_ref()));
    format!(
        "{channel_exception_id} {state} {agency_id} {service_code} {channel} {from} to {until}, at most {most}"
    )
}
