//! `Agency`: who charges, and where its money goes.
use std::sync::Arc;

use kube::{CustomResource, KubeSchema};
use proto::catalogue::v1 as pb;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Active, DriftPolicy, Kind, Name, Origin, Status, Way, rules, two_persons};
use crate::catalogue::Catalogue;
use crate::error::Error;

/// An agency of the platform. Its accounts are not changed by an object: the platform refuses that, and the object says so.
#[derive(Clone, Debug, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "mizan.gov",
    version = "v1alpha1",
    kind = "Agency",
    plural = "agencies",
    shortname = "ag",
    category = "mizan",
    doc = "An agency of the platform.",
    namespaced,
    status = "Status"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::four_eyes())]
pub struct AgencySpec {
    /// Its code: 2 to 8 letters A-Z.
    #[schemars(length(max = 8))]
    #[x_kube(validation = rules::agency(), validation = rules::immutable())]
    pub agency: String,
    pub name: Name,
    /// Its own system calls the public API; else it works in the portal.
    #[serde(default)]
    pub own_it_system: bool,
    /// 1 to 20 digits.
    #[schemars(length(max = 20))]
    #[x_kube(validation = rules::revenue_account())]
    pub revenue_account: String,
    /// Of Bahrain: 22 characters.
    #[schemars(length(max = 22))]
    #[x_kube(validation = rules::iban())]
    pub settlement_iban: String,
    /// Of an agency that is registered for VAT: 15 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 15))]
    #[x_kube(validation = rules::vat_account())]
    pub vat_account: Option<String>,
    /// Who wrote it, by the name in git.
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::person())]
    pub requested_by: String,
    /// Who reviewed it.
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::person())]
    pub approved_by: String,
    #[serde(default)]
    pub drift_policy: DriftPolicy,
}

/// The same shape for what is wanted and what the API says.
fn canonical(agency: &pb::Agency) -> Value {
    let name = agency.name.clone().unwrap_or_default();
    json!({
        "agency": agency.agency_id,
        "name": { "en": name.en, "ar": name.ar },
        "ownItSystem": agency.own_it_system,
        "revenueAccount": agency.revenue_account,
        "settlementIban": agency.settlement_iban,
        "vatAccount": agency.vat_account,
    })
}

impl AgencySpec {
    fn message(&self) -> pb::Agency {
        pb::Agency {
            agency_id: self.agency.clone(),
            name: Some((&self.name).into()),
            own_it_system: self.own_it_system,
            revenue_account: self.revenue_account.clone(),
            settlement_iban: self.settlement_iban.clone(),
            vat_account: self.vat_account.clone().unwrap_or_default(),
        }
    }
}

impl Kind for Agency {
    const NAME: &'static str = "Agency";
    const ON_DELETE: &'static str =
        "The object is gone; the agency stays, with its services, bills and books.";

    fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    fn drift_policy(&self) -> DriftPolicy {
        self.spec.drift_policy
    }

    fn wanted(&self) -> Result<Value, Error> {
        two_persons(&self.spec.requested_by, &self.spec.approved_by)?;
        Ok(canonical(&self.spec.message()))
    }

    async fn active(&self, api: &Catalogue, _all: &[Arc<Agency>]) -> Result<Option<Active>, Error> {
        let found = api.agency(&self.spec.agency).await?;
        Ok(found.map(|agency| Active {
            says: canonical(&agency),
            version: None,
            since: None,
            origin: Origin::Elsewhere,
        }))
    }

    async fn publish(&self, api: &Catalogue, _way: Way<'_>) -> Result<(), Error> {
        api.add_agency(&self.spec.approved_by, self.spec.message()).await
    }
}
