//! The kinds of `mizan.gov`, and what each must be able to do. A new one is a file here, a line in `crds` and one in `lib.rs`.
pub mod agency;
pub mod channel_policy;
pub mod fee_schedule;
mod rules;
mod terms;

use std::sync::Arc;

use boot::{Code, Problem};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResourceExt, KubeSchema, Resource};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, macros::format_description};

use crate::catalogue::{Catalogue, GIT};
use crate::error::Error;

/// What one generic controller needs of a kind. It talks to the platform's API only.
pub trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + CustomResourceExt
    + Clone
    + std::fmt::Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// As in metrics: `FeeSchedule`.
    const NAME: &'static str;
    /// What becomes of the platform's state when an object is deleted.
    const ON_DELETE: &'static str;

    fn status(&self) -> Option<&Status>;
    fn drift_policy(&self) -> DriftPolicy;

    /// What the object wants, in canonical form: what it names and in which order it stands changes nothing.
    ///
    /// # Errors
    /// `Refused`: what the API server could not refuse.
    fn wanted(&self) -> Result<Value, Error>;

    /// What the platform's API says about the same thing now; none, if it knows nothing of it. `all` are the objects of this
    /// kind, this one among them.
    fn active(
        &self,
        api: &Catalogue,
        all: &[Arc<Self>],
    ) -> impl Future<Output = Result<Option<Active>, Error>> + Send;

    /// Makes it so. Called again after any crash it goes on where it stood.
    ///
    /// # Errors
    /// `Refused`, `Away`, `NotLeading`.
    fn publish(&self, api: &Catalogue, way: Way<'_>) -> impl Future<Output = Result<(), Error>> + Send;
}

/// From when on something is published.
#[derive(Clone, Copy, Debug)]
pub enum Way<'w> {
    /// From the object's own first day; `before`: what is said there until then.
    First { before: Option<&'w Active> },
    /// Again, as early as can be, over what has taken its place.
    Over(&'w Active),
}

impl Way<'_> {
    /// What is replaced: the same step has the same name only while this is in force.
    fn replaced(&self) -> &str {
        let active = match self {
            Way::First { before } => *before,
            Way::Over(active) => Some(*active),
        };
        active.and_then(|active| active.version.as_deref()).unwrap_or_default()
    }
}

/// What the API says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// In the same canonical form as what is wanted.
    pub says: Value,
    /// What the API calls it.
    pub version: Option<String>,
    /// Its first day.
    pub since: Option<Date>,
    pub origin: Origin,
}

/// Where what is in force comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An object brought it, perhaps one that is gone: to delete an object changes no price and closes no channel.
    Git,
    /// People or files did, beside git.
    Elsewhere,
}

impl Origin {
    /// By who decided it.
    fn of(decided_by: &str) -> Origin {
        if decided_by.starts_with(GIT) { Origin::Git } else { Origin::Elsewhere }
    }
}

/// What to do when the platform says something else than the object that was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DriftPolicy {
    /// Publish again.
    Heal,
    /// Say so, and leave it to people.
    #[default]
    Flag,
}

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct Name {
    #[schemars(length(min = 1, max = 200))]
    pub en: String,
    #[schemars(length(min = 1, max = 200))]
    pub ar: String,
}

impl From<&Name> for proto::common::v1::LocalText {
    fn from(name: &Name) -> proto::common::v1::LocalText {
        proto::common::v1::LocalText { en: name.en.trim().to_owned(), ar: name.ar.trim().to_owned() }
    }
}

/// How the object stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `Ready`: the platform says what the object says. `Drifted`: it did, and does no more.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The generation of the object that the conditions speak of.
    pub observed_generation: Option<i64>,
    /// What the platform's API calls what is in force.
    pub version: Option<String>,
    /// Of the canonical form that was last seen in force.
    pub hash: Option<String>,
}

/// The definitions of every kind, as the chart ships them. Taking the chart away leaves them, and with them the objects.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut crds =
        vec![agency::Agency::crd(), channel_policy::ChannelPolicy::crd(), fee_schedule::FeeSchedule::crd()];
    for crd in &mut crds {
        let keep = ("helm.sh/resource-policy".to_owned(), "keep".to_owned());
        crd.metadata.annotations.get_or_insert_default().extend([keep]);
        let what_it_is: &[_] = match crd.spec.names.kind.as_str() {
            agency::Agency::NAME => &[("Agency", ".spec.agency")],
            _ => &[("Agency", ".spec.agency"), ("Service", ".spec.service"), ("From", ".spec.validFrom")],
        };
        for version in &mut crd.spec.versions {
            version.additional_printer_columns = Some(columns(what_it_is));
        }
    }
    crds
}

/// What `kubectl get` shows: which object it is, and how it stands.
fn columns(what_it_is: &[(&str, &str)]) -> Vec<CustomResourceColumnDefinition> {
    let how_it_stands = [
        ("Ready", ".status.conditions[?(@.type==\"Ready\")].status"),
        ("Reason", ".status.conditions[?(@.type==\"Ready\")].reason"),
        ("Version", ".status.version"),
        ("Age", ".metadata.creationTimestamp"),
    ];
    let column = |(name, json_path): &(&str, &str)| CustomResourceColumnDefinition {
        name: (*name).to_owned(),
        type_: if *name == "Age" { "date" } else { "string" }.to_owned(),
        json_path: (*json_path).to_owned(),
        ..CustomResourceColumnDefinition::default()
    };
    what_it_is.iter().chain(&how_it_stands).map(column).collect()
}

/// What is wrong with an object that the API server took.
fn invalid(field: &str, detail: impl std::fmt::Display) -> Error {
    let problem = Problem::new(
        tonic::Code::InvalidArgument,
        Code::from("object_invalid"),
        format!("{field}: {detail}"),
    );
    Error::Refused(problem.field(field))
}

fn two_persons(requested_by: &str, approved_by: &str) -> Result<(), Error> {
    if requested_by == approved_by {
        return Err(invalid("spec.approvedBy", "who reviews it has not written it"));
    }
    Ok(())
}

fn day(field: &str, text: &str) -> Result<Date, Error> {
    let iso = format_description!("[year]-[month]-[day]");
    Date::parse(text, iso).map_err(|error| invalid(field, format!("`{text}` is no day: {error}")))
}

/// The day that the API writes; it writes them well.
fn day_of_api(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

/// The next day after `from` that another object of the same service begins on: until then, this one is what is wanted.
fn next_after(from: Date, others: impl Iterator<Item = Date>) -> Option<Date> {
    others.filter(|other| *other > from).min()
}
