//! `FeeSchedule`: what a service costs from a day on, until the next object of the same service.
use std::sync::Arc;

use boot::Problem;
use kube::{CustomResource, KubeSchema};
use proto::catalogue::v1 as pb;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::Date;

use super::terms::{self, Terms};
use super::{
    Active, DriftPolicy, Kind, Name, Origin, Status, Way, day, day_of_api, next_after, rules, two_persons,
};
use crate::canonical;
use crate::catalogue::Catalogue;
use crate::error::Error;

/// What a service costs from a day on. Once published it is never changed: a new fee is a new object with a later day.
#[derive(Clone, Debug, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "mizan.gov",
    version = "v1alpha1",
    kind = "FeeSchedule",
    plural = "feeschedules",
    shortname = "fee",
    category = "mizan",
    doc = "What a service costs from a day on.",
    namespaced,
    status = "Status"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::four_eyes(), validation = rules::approved_in_time())]
pub struct FeeScheduleSpec {
    /// The agency's code.
    #[schemars(length(max = 8))]
    #[x_kube(validation = rules::agency(), validation = rules::immutable())]
    pub agency: String,
    /// The service's code.
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::service(), validation = rules::immutable())]
    pub service: String,
    /// What a service is called that the platform does not know yet; one that it knows keeps its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<Name>,
    /// The first day, in Bahrain.
    #[schemars(length(max = 10), extend("format" = "date"))]
    #[x_kube(validation = rules::immutable())]
    pub valid_from: String,
    pub terms: Terms,
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

impl FeeScheduleSpec {
    fn canonical(&self, terms: &pb::FeeTerms) -> Value {
        json!({ "agency": self.agency, "service": self.service, "terms": terms::canonical(terms) })
    }

    fn first_day(&self) -> Result<Date, Error> {
        day("spec.validFrom", &self.valid_from)
    }

    /// The schedule that holds at the end of this object's days: those until the next object's begin.
    fn last_of_mine(
        &self,
        schedules: Vec<pb::FeeSchedule>,
        until: Option<Date>,
    ) -> Result<Option<(Date, pb::FeeSchedule)>, Error> {
        let from = self.first_day()?;
        let mine = schedules.into_iter().filter_map(|schedule| {
            let since = day_of_api(&schedule.valid_from)?;
            (since >= from && until.is_none_or(|until| since < until)).then_some((since, schedule))
        });
        Ok(mine.max_by_key(|(_, schedule)| schedule.version))
    }

    /// A draft has one name, so that whoever goes on after a crash finds it.
    fn draft_id(&self, wanted: &Value, from: Date, way: Way<'_>) -> String {
        let parts =
            ["fee_draft", &canonical::hash(wanted), &from.to_string(), &self.requested_by, way.replaced()];
        canonical::id(&parts)
    }

    async fn take_through(&self, api: &Catalogue, mut draft: pb::FeeDraft) -> Result<(), Error> {
        use pb::FeeDraftState as S;
        loop {
            draft = match draft.state() {
                S::Published => return Ok(()),
                S::Draft if draft.remark.is_empty() => api.submit(&self.requested_by, &draft).await?,
                S::Submitted => api.publish(&self.approved_by, &draft).await?,
                S::Draft => {
                    return Err(given_up("fee_draft_returned", &format!("was given back: {}", draft.remark)));
                }
                S::Withdrawn => {
                    return Err(given_up(
                        "fee_draft_withdrawn",
                        &format!("was withdrawn by {}", draft.decided_by),
                    ));
                }
                S::Unspecified => {
                    return Err(given_up("fee_draft_wrong_state", "has a state that is not known here"));
                }
            };
        }
    }
}

/// A person has decided otherwise in the platform: that is not undone by a machine.
fn given_up(code: &'static str, what: &str) -> Error {
    let detail = format!("The draft of this object {what}. Change the object to begin another.");
    Error::Refused(Problem::new(tonic::Code::FailedPrecondition, code, detail))
}

impl Kind for FeeSchedule {
    const NAME: &'static str = "FeeSchedule";
    const ON_DELETE: &'static str = "The object is gone; what was published stays in force: a fee never vanishes. Publish another with a later day to end it.";

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
        Ok(spec.canonical(&spec.terms.message()?))
    }

    async fn active(&self, api: &Catalogue, all: &[Arc<FeeSchedule>]) -> Result<Option<Active>, Error> {
        let spec = &self.spec;
        let same = all
            .iter()
            .filter(|other| (&other.spec.agency, &other.spec.service) == (&spec.agency, &spec.service));
        let begins = same.filter_map(|other| other.spec.first_day().ok());
        let until = next_after(spec.first_day()?, begins);
        let schedules = api.fee_schedules(&spec.agency, &spec.service).await?;
        let Some((since, schedule)) = spec.last_of_mine(schedules, until)? else { return Ok(None) };
        let draft = if schedule.draft_id.is_empty() { None } else { api.draft(&schedule.draft_id).await? };
        Ok(Some(Active {
            says: spec.canonical(&schedule.terms.unwrap_or_default()),
            version: Some(schedule.version.to_string()),
            since: Some(since),
            origin: draft.map_or(Origin::Elsewhere, |draft| Origin::of(&draft.decided_by)),
        }))
    }

    async fn publish(&self, api: &Catalogue, way: Way<'_>) -> Result<(), Error> {
        let spec = &self.spec;
        if let Some(name) = &spec.service_name
            && !api.knows_service(&spec.agency, &spec.service).await?
        {
            api.add_service(&spec.approved_by, (&spec.agency, &spec.service), name.into()).await?;
        }
        // What has taken its place cannot be taken back; the same terms follow it as soon as a fee may begin.
        let first = spec.first_day()?;
        let from = match way {
            Way::First { .. } => first,
            Way::Over(active) => {
                let after = [active.since.unwrap_or(first), api.today()].into_iter().max();
                after.and_then(Date::next_day).unwrap_or(Date::MAX)
            }
        };
        let id = spec.draft_id(&self.wanted()?, from, way);
        if let Some(known) = api.draft(&id).await? {
            return spec.take_through(api, known).await;
        }
        let asked = pb::PutFeeDraftRequest {
            draft_id: id,
            agency_id: spec.agency.clone(),
            service_code: spec.service.clone(),
            valid_from: from.to_string(),
            terms: Some(spec.terms.message()?),
            version: 0,
        };
        let draft = api.begin_draft(&spec.requested_by, asked).await?;
        spec.take_through(api, draft).await
    }
}
