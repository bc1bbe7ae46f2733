//! The platform's API, as the kinds use it. Reads are anybody's; what changes something names its person and carries the fence.
use std::time::Duration;

use boot::grpc::Channel;
use boot::{Call, Clock, StartError};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::channel_policy_service_client::ChannelPolicyServiceClient;
use proto::catalogue::v1::fee_draft_service_client::FeeDraftServiceClient;
use proto::common::v1::LocalText;
use time::Date;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use crate::election::Fence;
use crate::error::Error;

/// How often the leader has changed.
const FENCE: &str = "mizan-fence";
/// Whom the leader writes for.
const WRITER: &str = "mizan-writer";
/// Before the name of a person who acts by git.
pub const GIT: &str = "git:";
/// A call that has no answer by then is asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Clones share the connections.
#[derive(Clone)]
pub struct Catalogue {
    agencies: CatalogueServiceClient<Channel>,
    drafts: FeeDraftServiceClient<Channel>,
    policies: ChannelPolicyServiceClient<Channel>,
    clock: Clock,
    fence: Fence,
}

impl Catalogue {
    /// The way there; nothing is sent yet.
    ///
    /// # Errors
    /// The URL is none.
    pub fn connect(url: &str, clock: Clock, fence: Fence) -> Result<Catalogue, StartError> {
        let channel = boot::grpc::channel(url)?;
        Ok(Catalogue {
            agencies: CatalogueServiceClient::new(channel.clone()),
            drafts: FeeDraftServiceClient::new(channel.clone()),
            policies: ChannelPolicyServiceClient::new(channel),
            clock,
            fence,
        })
    }

    /// The day in Bahrain.
    pub fn today(&self) -> Date {
        boot::bahrain_date(self.clock.now())
    }

    /// A call of a person, by the name in git.
    fn by<T>(&self, person: &str, key: &str, message: T) -> Result<Request<T>, Error> {
        let number = self.fence.number(self.clock.monotonic()).ok_or(Error::NotLeading)?;
        let mut request =
            Call::by(format!("{GIT}{person}")).with_key(format!("operator-{key}")).request(message)?;
        request.set_timeout(PATIENCE);
        request.metadata_mut().insert(FENCE, number.into());
        if let Ok(writer) = MetadataValue::try_from(self.fence.writer()) {
            request.metadata_mut().insert(WRITER, writer);
        }
        Ok(request)
    }

    fn answered<T>(&self, answer: Result<Response<T>, Status>) -> Result<T, Error> {
        answer.map(Response::into_inner).map_err(|status| {
            let error = Error::from(status.clone());
            if error.code() != Some("fence_stale") {
                return error;
            }
            // Whoever still holds the lease counts on from there; who does not will learn it there.
            let seen = status.metadata().get(FENCE).and_then(|seen| seen.to_str().ok());
            if let Some(seen) = seen.and_then(|seen| seen.parse().ok()) {
                self.fence.surpass(seen);
            }
            Error::NotLeading
        })
    }

    /// None: the platform knows none of this code.
    ///
    /// # Errors
    /// As every call here: `Refused`, `Away`.
    pub async fn agency(&self, agency: &str) -> Result<Option<pb::Agency>, Error> {
        let asked = read(pb::GetAgencyRequest { agency_id: agency.to_owned() });
        let found =
            absent(self.answered(self.agencies.clone().get_agency(asked).await), &["agency_unknown"])?;
        Ok(found.and_then(|found| found.agency))
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn add_agency(&self, by: &str, agency: pb::Agency) -> Result<(), Error> {
        let key = agency.agency_id.clone();
        let asked = self.by(by, &key, pb::AddAgencyRequest { agency: Some(agency) })?;
        self.answered(self.agencies.clone().add_agency(asked).await).map(drop)
    }

    /// # Errors
    /// As every call here.
    pub async fn knows_service(&self, agency: &str, service: &str) -> Result<bool, Error> {
        let asked =
            pb::GetFeeServiceRequest { agency_id: agency.to_owned(), service_code: service.to_owned() };
        let found = self.answered(self.agencies.clone().get_fee_service(read(asked)).await);
        Ok(absent(found, &["service_unknown"])?.is_some())
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn add_service(
        &self,
        by: &str,
        (agency, service): (&str, &str),
        name: LocalText,
    ) -> Result<(), Error> {
        let message = pb::PutFeeServiceRequest {
            agency_id: agency.to_owned(),
            service_code: service.to_owned(),
            name: Some(name),
        };
        let asked = self.by(by, &format!("{agency}-{service}"), message)?;
        self.answered(self.agencies.clone().put_fee_service(asked).await).map(drop)
    }

    /// None of a service that the platform does not know.
    ///
    /// # Errors
    /// As every call here.
    pub async fn fee_schedules(&self, agency: &str, service: &str) -> Result<Vec<pb::FeeSchedule>, Error> {
        let asked =
            pb::ListFeeSchedulesRequest { agency_id: agency.to_owned(), service_code: service.to_owned() };
        let found = self.answered(self.drafts.clone().list_fee_schedules(read(asked)).await);
        let found = absent(found, &["agency_unknown", "service_unknown"])?;
        Ok(found.map(|found| found.fee_schedules).unwrap_or_default())
    }

    /// # Errors
    /// As every call here.
    pub async fn draft(&self, id: &str) -> Result<Option<pb::FeeDraft>, Error> {
        let asked = read(pb::GetFeeDraftRequest { draft_id: id.to_owned() });
        let found =
            absent(self.answered(self.drafts.clone().get_fee_draft(asked).await), &["fee_draft_unknown"])?;
        Ok(found.and_then(|found| found.fee_draft))
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn begin_draft(&self, by: &str, asked: pb::PutFeeDraftRequest) -> Result<pb::FeeDraft, Error> {
        let key = asked.draft_id.clone();
        let asked = self.by(by, &key, asked)?;
        let begun = self.answered(self.drafts.clone().put_fee_draft(asked).await)?;
        Ok(begun.fee_draft.unwrap_or_default())
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn submit(&self, by: &str, draft: &pb::FeeDraft) -> Result<pb::FeeDraft, Error> {
        let message = pb::SubmitFeeDraftRequest { draft_id: draft.draft_id.clone(), version: draft.version };
        let asked = self.by(by, &draft.draft_id, message)?;
        let submitted = self.answered(self.drafts.clone().submit_fee_draft(asked).await)?;
        Ok(submitted.fee_draft.unwrap_or_default())
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn publish(&self, by: &str, draft: &pb::FeeDraft) -> Result<pb::FeeDraft, Error> {
        let message = pb::PublishFeeDraftRequest { draft_id: draft.draft_id.clone(), version: draft.version };
        let asked = self.by(by, &draft.draft_id, message)?;
        let published = self.answered(self.drafts.clone().publish_fee_draft(asked).await)?;
        Ok(published.fee_draft.unwrap_or_default())
    }

    /// By day; none of a service that the platform does not know.
    ///
    /// # Errors
    /// As every call here.
    pub async fn channel_rules(&self, agency: &str, service: &str) -> Result<Vec<pb::ChannelRule>, Error> {
        let asked = read(pb::ListChannelRulesRequest { known_revision: 0 });
        let all = self.answered(self.policies.clone().list_channel_rules(asked).await)?;
        let of = all.services.into_iter().find(|of| of.agency_id == agency && of.service_code == service);
        Ok(of.map(|of| of.rules).unwrap_or_default())
    }

    /// # Errors
    /// As every call here.
    pub async fn policies(&self, agency: &str, service: &str) -> Result<Vec<pb::Policy>, Error> {
        let asked =
            pb::ListPoliciesRequest { agency_id: agency.to_owned(), service_code: service.to_owned() };
        Ok(self.answered(self.policies.clone().list_policies(read(asked)).await)?.policies)
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn propose(&self, by: &str, asked: pb::ProposePolicyRequest) -> Result<(), Error> {
        let key = asked.policy_id.clone();
        let asked = self.by(by, &key, asked)?;
        self.answered(self.policies.clone().propose_policy(asked).await).map(drop)
    }

    /// # Errors
    /// As every call here; `NotLeading`, nothing was sent.
    pub async fn announce(&self, by: &str, policy_id: String) -> Result<(), Error> {
        let key = policy_id.clone();
        let asked = self.by(by, &key, pb::AnnouncePolicyRequest { policy_id })?;
        self.answered(self.policies.clone().announce_policy(asked).await).map(drop)
    }
}

fn read<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

/// What is not there is no mistake where it is asked for.
fn absent<T>(answer: Result<T, Error>, codes: &[&str]) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code().is_some_and(|code| codes.contains(&code)) => Ok(None),
        Err(error) => Err(error),
    }
}
