//! The definitions, and what canonical form makes of objects.
use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};

use crate::canonical::{differences, hash};
use crate::kinds::agency::Agency;
use crate::kinds::channel_policy::ChannelPolicy;
use crate::kinds::fee_schedule::FeeSchedule;
use crate::kinds::{Kind, crds};
use crate::{Error, crd_files};

const FILES: &str = "../../charts/mizan/files/crds";

fn object<K: Kind>(spec: &Value) -> K {
    serde_json::from_value(json!({
        "apiVersion": "mizan.gov/v1alpha1", "kind": K::NAME, "metadata": { "name": "x" }, "spec": spec,
    }))
    .unwrap()
}

fn fee(terms: &Value) -> FeeSchedule {
    object(&json!({
        "agency": "TRF", "service": "PLATE", "validFrom": "2026-02-01", "terms": terms,
        "requestedBy": "fatima", "approvedBy": "yusuf",
    }))
}

#[test]
fn the_charts_files_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILES);
    let mut stale = Vec::new();
    for (name, text) in crd_files::files().unwrap() {
        if std::fs::read_to_string(folder.join(&name)).ok() != Some(text) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?}: run `mizan operator --operator-write-crds charts/mizan/files/crds`"
    );
}

/// Every rule of a schema, with the path it stands at.
fn rules(path: &str, schema: &JSONSchemaProps, found: &mut Vec<String>) {
    for rule in schema.x_kubernetes_validations.iter().flatten() {
        assert!(rule.message.is_some(), "{path}: `{}` says what to write", rule.rule);
        found.push(format!("{path} {}", rule.rule));
    }
    for (name, property) in schema.properties.iter().flatten() {
        rules(&format!("{path}.{name}"), property, found);
    }
    if let Some(
        k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrArray::Schema(
            items,
        ),
    ) = &schema.items
    {
        rules(&format!("{path}[]"), items, found);
    }
}

#[test]
fn the_api_server_refuses_what_it_can() {
    let mut found = Vec::new();
    for crd in crds() {
        assert_eq!(crd.metadata.annotations.unwrap()["helm.sh/resource-policy"], "keep");
        let version = &crd.spec.versions[0];
        assert!(version.subresources.as_ref().unwrap().status.is_some());
        let columns: Vec<_> =
            version.additional_printer_columns.iter().flatten().map(|column| column.name.as_str()).collect();
        assert!(columns.ends_with(&["Ready", "Reason", "Version", "Age"]), "{columns:?}");
        assert_eq!(crd.spec.names.categories.unwrap(), ["mizan"]);
        let schema = version.schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
        rules(&crd.spec.names.kind, schema, &mut found);
    }
    for kind in ["Agency", "ChannelPolicy", "FeeSchedule"] {
        let own: Vec<_> = found.iter().filter(|rule| rule.starts_with(&format!("{kind}."))).collect();
        let has = |text: &str| own.iter().any(|rule| rule.contains(text));
        assert!(has(".spec self.requestedBy != self.approvedBy"), "four eyes: {own:#?}");
        assert!(has(".spec.agency self == oldSelf"), "identity: {own:#?}");
    }
    for wanted in [
        "FeeSchedule.spec.validFrom self == oldSelf",
        "FeeSchedule.spec.service self == oldSelf",
        "FeeSchedule.spec.terms.minimum self.matches",
        "FeeSchedule.spec.terms.reductions[].amount self.matches",
        "FeeSchedule.spec.terms.currency self == 'BHD'",
        "FeeSchedule.spec !has(self.approvedOn)",
        "ChannelPolicy.spec.channels self.exists(channel, channel != 'portal')",
        "Agency.spec.settlementIban self.matches",
    ] {
        assert!(found.iter().any(|rule| rule.starts_with(wanted)), "{wanted}: {found:#?}");
    }
}

#[test]
fn what_means_the_same_has_one_hash() {
    let short = fee(&json!({ "fee": "fixed:5.000" })).wanted().unwrap();
    let long = json!({ "tax": "outside", "fee": " fixed:5.000 ", "currency": "BHD", "splits": [], "reductions": [] });
    assert_eq!(hash(&short), hash(&fee(&long).wanted().unwrap()));

    let dearer = fee(&json!({ "fee": "fixed:5.000", "minimum": "1.000" })).wanted().unwrap();
    assert_ne!(hash(&short), hash(&dearer));
    assert_eq!(differences(&short, &dearer), ["terms.minimum: null in the object, \"BHD 1.000\" in force"]);

    let policy = |channels: &Value| {
        let spec = json!({
            "agency": "TRF", "service": "PLATE", "validFrom": "2026-02-01", "channels": channels, "reason": "Decision 4",
            "requestedBy": "fatima", "approvedBy": "yusuf",
        });
        object::<ChannelPolicy>(&spec).wanted().unwrap()
    };
    assert_eq!(hash(&policy(&json!(["wallet", "portal"]))), hash(&policy(&json!(["portal", "wallet"]))));
    assert_ne!(hash(&policy(&json!(["wallet", "portal"]))), hash(&policy(&json!(["wallet"]))));
}

#[test]
fn an_older_api_server_is_not_trusted_with_money() {
    let refused = |terms: &Value| match fee(terms).wanted() {
        Err(Error::Refused(problem)) => format!("{} {}", problem.code, problem.field.unwrap_or_default()),
        other => unreachable!("{other:?}"),
    };
    for (terms, said) in [
        (json!({ "fee": "given", "minimum": "1.5" }), "object_invalid spec.terms.minimum"),
        (json!({ "fee": "given", "maximum": "1,500" }), "object_invalid spec.terms.maximum"),
        (json!({ "fee": "given", "late": { "legalReference": "Law 1" } }), "object_invalid spec.terms.late"),
        (
            json!({ "fee": "given", "reductions": [
                { "code": "a", "name": { "en": "A", "ar": "أ" }, "legalReference": "Law 1", "percent": 5, "all": true }] }),
            "object_invalid spec.terms.reductions",
        ),
    ] {
        assert_eq!(refused(&terms), said);
    }
    let one_person: Agency = object(&json!({
        "agency": "NEW", "name": { "en": "New", "ar": "جديد" }, "revenueAccount": "1", "settlementIban": "BH67BMAG00001299123456",
        "requestedBy": "fatima", "approvedBy": "fatima",
    }));
    assert!(
        matches!(one_person.wanted(), Err(Error::Refused(problem)) if problem.field.as_deref() == Some("spec.approvedBy"))
    );
}
