//! `ChannelPolicyService`: converts, says who acts, calls app.
use boot::wire::{id_from_wire, money_from_wire};
use boot::{Call, Problem};
use ids::{AgencyId, ServiceCode};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::channel_policy_service_server::ChannelPolicyService;
use time::Date;
use tonic::{Request, Response, Status};

use super::caller::person;
use super::channel_wire as wire;
use crate::app::{Caller, channel_exception, channel_rules, policy};
use crate::domain::channel::Channels;
use crate::domain::channel_exception::{ChannelException, Command as OfException, State};
use crate::domain::policy::{Command as OfPolicy, MAX_REASON};
use crate::{Catalogue, Error};

pub(super) fn date(field: &'static str, text: &str) -> Result<Date, Error> {
    super::date(text).map_err(|error| Error::Field { field, detail: error.to_string() })
}

fn channels(given: &[i32]) -> Result<Channels, Error> {
    given.iter().map(|channel| wire::channel_from_wire("channels", *channel)).collect()
}

fn reason(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_REASON {
        let detail = format!("Give a reason of at most {MAX_REASON} characters");
        return Err(Error::Field { field: "reason", detail });
    }
    Ok(text.to_owned())
}

/// An id that may be left out.
pub(super) fn optional<T: std::str::FromStr<Err = ids::Invalid>>(
    field: &str,
    text: &str,
) -> Result<Option<T>, Problem> {
    if text.is_empty() { Ok(None) } else { id_from_wire(field, text).map(Some) }
}

impl Catalogue {
    async fn decide_policy(&self, caller: Caller, id: &str, command: OfPolicy) -> Result<pb::Policy, Status> {
        let id = id_from_wire("policy_id", id)?;
        let decided = self.tasks.run(policy::decide(self.clone(), caller, id, command)).await;
        Ok(wire::policy(&decided.map_err(Error::from)??))
    }

    async fn decide_exception(
        &self,
        caller: Caller,
        id: &str,
        command: OfException,
    ) -> Result<pb::ChannelException, Status> {
        let id = id_from_wire("channel_exception_id", id)?;
        let decided = self.tasks.run(channel_exception::decide(self.clone(), caller, id, command)).await;
        Ok(wire::exception(&decided.map_err(Error::from)??))
    }
}

#[tonic::async_trait]
impl ChannelPolicyService for Catalogue {
    async fn propose_policy(
        &self,
        request: Request<pb::ProposePolicyRequest>,
    ) -> Result<Response<pb::ProposePolicyResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let proposal = policy::Proposal {
            id: id_from_wire("policy_id", &asked.policy_id)?,
            agency: id_from_wire("agency_id", &asked.agency_id)?,
            service: id_from_wire("service_code", &asked.service_code)?,
            valid_from: date("valid_from", &asked.valid_from)?,
            channels: channels(&asked.channels)?,
            reason: reason(&asked.reason)?,
        };
        let proposed = self.tasks.run(policy::propose(self.clone(), caller, proposal)).await;
        let policy = Some(wire::policy(&proposed.map_err(Error::from)??));
        Ok(Response::new(pb::ProposePolicyResponse { policy }))
    }

    async fn announce_policy(
        &self,
        request: Request<pb::AnnouncePolicyRequest>,
    ) -> Result<Response<pb::AnnouncePolicyResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = OfPolicy::Announce { by: caller.call.actor.clone() };
        let policy = self.decide_policy(caller, &asked.policy_id, command).await?;
        Ok(Response::new(pb::AnnouncePolicyResponse { policy: Some(policy) }))
    }

    async fn withdraw_policy(
        &self,
        request: Request<pb::WithdrawPolicyRequest>,
    ) -> Result<Response<pb::WithdrawPolicyResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = OfPolicy::Withdraw { by: caller.call.actor.clone() };
        let policy = self.decide_policy(caller, &asked.policy_id, command).await?;
        Ok(Response::new(pb::WithdrawPolicyResponse { policy: Some(policy) }))
    }

    async fn list_policies(
        &self,
        request: Request<pb::ListPoliciesRequest>,
    ) -> Result<Response<pb::ListPoliciesResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.into_inner();
        let agency: AgencyId = id_from_wire("agency_id", &asked.agency_id)?;
        let service: Option<ServiceCode> = optional("service_code", &asked.service_code)?;
        let found = policy::list(self, &call, &agency, service.as_ref()).await?;
        Ok(Response::new(pb::ListPoliciesResponse { policies: found.iter().map(wire::policy).collect() }))
    }

    async fn request_channel_exception(
        &self,
        request: Request<pb::RequestChannelExceptionRequest>,
    ) -> Result<Response<pb::RequestChannelExceptionResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let exception = ChannelException {
            id: id_from_wire("channel_exception_id", &asked.channel_exception_id)?,
            agency: id_from_wire("agency_id", &asked.agency_id)?,
            service: id_from_wire("service_code", &asked.service_code)?,
            channel: wire::channel_from_wire("channel", asked.channel)?,
            from: date("from", &asked.from)?,
            until: date("until", &asked.until)?,
            most: money_from_wire("most", &asked.most)?,
            reason: reason(&asked.reason)?,
            requested_by: caller.call.actor.clone(),
            state: State::Requested,
            created_at: self.clock.now(),
            version: 1,
        };
        let work = channel_exception::request(self.clone(), caller, exception);
        let requested = self.tasks.run(work).await.map_err(Error::from)??;
        let channel_exception = Some(wire::exception(&requested));
        Ok(Response::new(pb::RequestChannelExceptionResponse { channel_exception }))
    }

    async fn approve_channel_exception(
        &self,
        request: Request<pb::ApproveChannelExceptionRequest>,
    ) -> Result<Response<pb::ApproveChannelExceptionResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = OfException::Approve { by: caller.call.actor.clone() };
        let decided = self.decide_exception(caller, &asked.channel_exception_id, command).await?;
        let channel_exception = Some(decided);
        Ok(Response::new(pb::ApproveChannelExceptionResponse { channel_exception }))
    }

    async fn reject_channel_exception(
        &self,
        request: Request<pb::RejectChannelExceptionRequest>,
    ) -> Result<Response<pb::RejectChannelExceptionResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = OfException::Reject { by: caller.call.actor.clone() };
        let decided = self.decide_exception(caller, &asked.channel_exception_id, command).await?;
        let channel_exception = Some(decided);
        Ok(Response::new(pb::RejectChannelExceptionResponse { channel_exception }))
    }

    async fn end_channel_exception(
        &self,
        request: Request<pb::EndChannelExceptionRequest>,
    ) -> Result<Response<pb::EndChannelExceptionResponse>, Status> {
        let caller = person(&request)?;
        let asked = request.into_inner();
        let command = OfException::End { by: caller.call.actor.clone() };
        let decided = self.decide_exception(caller, &asked.channel_exception_id, command).await?;
        let channel_exception = Some(decided);
        Ok(Response::new(pb::EndChannelExceptionResponse { channel_exception }))
    }

    async fn list_channel_exceptions(
        &self,
        request: Request<pb::ListChannelExceptionsRequest>,
    ) -> Result<Response<pb::ListChannelExceptionsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let agency: Option<AgencyId> = optional("agency_id", &request.get_ref().agency_id)?;
        let found = channel_exception::list(self, &call, agency.as_ref()).await?;
        let channel_exceptions = found.iter().map(wire::exception).collect();
        Ok(Response::new(pb::ListChannelExceptionsResponse { channel_exceptions }))
    }

    async fn report_electronic_only(
        &self,
        request: Request<pb::ReportElectronicOnlyRequest>,
    ) -> Result<Response<pb::ReportElectronicOnlyResponse>, Status> {
        let on = &request.get_ref().on;
        let day = if on.is_empty() { boot::bahrain_date(self.clock.now()) } else { date("on", on)? };
        let standings = channel_rules::report(self, day).await?;
        let services = standings.iter().map(|standing| wire::standing(standing, day)).collect();
        Ok(Response::new(pb::ReportElectronicOnlyResponse { services }))
    }

    async fn list_channel_changes(
        &self,
        request: Request<pb::ListChannelChangesRequest>,
    ) -> Result<Response<pb::ListChannelChangesResponse>, Status> {
        let day = date("on", &request.get_ref().on)?;
        let changes = channel_rules::changes(self, day).await?;
        Ok(Response::new(wire::changes(&changes)))
    }

    async fn list_channel_rules(
        &self,
        request: Request<pb::ListChannelRulesRequest>,
    ) -> Result<Response<pb::ListChannelRulesResponse>, Status> {
        let known_revision = request.get_ref().known_revision;
        let found = channel_rules::since(self, known_revision).await?;
        Ok(Response::new(match &found {
            Some(known) => wire::rules(known),
            None => pb::ListChannelRulesResponse {
                revision: known_revision,
                unchanged: true,
                ..pb::ListChannelRulesResponse::default()
            },
        }))
    }
}
