//! What a fee schedule says, as it stands in an object, on the wire and in canonical form.
use kube::KubeSchema;
use money::{Currency, Money};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::fee_reduction::Takes;
use proto::catalogue::v1::late_penalty::Adds;
use proto::common::v1 as common;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Name, invalid, rules};
use crate::error::Error;

/// What a fee is, and what it says beyond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::bounds(), validation = rules::splits_leave_a_part())]
pub struct Terms {
    /// As in services.csv: `fixed:5.000`, `per_unit:pages*0.250`, `formula:max(0.500, rent*0.10)`.
    #[schemars(length(min = 1, max = 4000))]
    pub fee: String,
    /// Whether VAT is due.
    #[serde(default)]
    pub tax: Tax,
    /// Of every amount here.
    #[serde(default = "bhd")]
    #[schemars(length(max = 3))]
    #[x_kube(validation = rules::currency())]
    pub currency: String,
    /// The fee is never less, before reductions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::amount())]
    pub minimum: Option<String>,
    /// The fee is never more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::amount())]
    pub maximum: Option<String>,
    /// Who pays less, and by which law.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = rules::MAX_REDUCTIONS))]
    pub reductions: Vec<Reduction>,
    /// What each bill costs beside the fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_fee: Option<ServiceFee>,
    /// Who gets a part of the fee; the rest is the agency's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = rules::MAX_SPLITS))]
    pub splits: Vec<Split>,
    /// What a bill costs more when it is paid late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// A bill that nobody has paid ends so many days after its due date; left out: it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub expires_after_days: Option<i32>,
}

fn bhd() -> String {
    "BHD".to_owned()
}

/// Whether VAT is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tax {
    /// A fee of the state.
    #[default]
    Outside,
    /// The standard rate.
    Standard,
}

/// Who pays less, and by which law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_reduction())]
pub struct Reduction {
    /// The reason code on the invoice.
    #[schemars(length(max = 40))]
    #[x_kube(validation = rules::reduction_code())]
    pub code: String,
    pub name: Name,
    /// The article it rests on.
    #[schemars(length(min = 1, max = 200))]
    pub legal_reference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 99))]
    pub percent: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::amount())]
    pub amount: Option<String>,
    /// The whole fee: an exemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// For the handling of a bill, beside what the agency charges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceFee {
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::amount())]
    pub amount: String,
    #[serde(default)]
    pub tax: Tax,
    /// Who gets it; left out: the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::beneficiary())]
    pub beneficiary: Option<String>,
}

/// A receiver's part of the fee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::beneficiary())]
    pub beneficiary: String,
    /// 100 are one percent.
    #[schemars(range(min = 1, max = 9999))]
    pub basis_points: i32,
}

/// What a bill costs more when it is paid late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::one_penalty(), validation = rules::penalty_ends())]
pub struct Late {
    /// After the due date, in which nothing happens.
    #[serde(default)]
    #[schemars(range(min = 0, max = 365))]
    pub grace_days: i32,
    /// Of the fee; 100 are one percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub basis_points: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::amount())]
    pub amount: Option<String>,
    /// Once more after so many days; left out: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 365))]
    pub every_days: Option<i32>,
    /// All penalties together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = rules::amount())]
    pub maximum: Option<String>,
    /// The article it rests on.
    #[schemars(length(min = 1, max = 200))]
    pub legal_reference: String,
}

impl From<Tax> for pb::TaxCategory {
    fn from(tax: Tax) -> pb::TaxCategory {
        match tax {
            Tax::Outside => pb::TaxCategory::Outside,
            Tax::Standard => pb::TaxCategory::Standard,
        }
    }
}

fn amount(field: &str, text: &str) -> Result<common::Money, Error> {
    let amount = Money::from_json_amount(text, Currency::Bhd).map_err(|error| invalid(field, error))?;
    Ok(boot::wire::money_to_wire(amount))
}

fn optional(field: &str, text: Option<&String>) -> Result<Option<common::Money>, Error> {
    text.map(|text| amount(field, text)).transpose()
}

impl Terms {
    /// As the API takes them.
    ///
    /// # Errors
    /// `Refused`: an amount is none.
    pub fn message(&self) -> Result<pb::FeeTerms, Error> {
        let service_fee = self.service_fee.as_ref().map(ServiceFee::message).transpose()?;
        let split = |split: &Split| pb::FeeSplit {
            beneficiary: split.beneficiary.clone(),
            basis_points: split.basis_points,
        };
        Ok(pb::FeeTerms {
            fee: self.fee.trim().to_owned(),
            tax_category: pb::TaxCategory::from(self.tax).into(),
            minimum: optional("spec.terms.minimum", self.minimum.as_ref())?,
            maximum: optional("spec.terms.maximum", self.maximum.as_ref())?,
            reductions: self.reductions.iter().map(Reduction::message).collect::<Result<_, _>>()?,
            service_fee,
            splits: self.splits.iter().map(split).collect(),
            late: self.late.as_ref().map(Late::message).transpose()?,
            expires_after_days: self.expires_after_days.unwrap_or_default(),
        })
    }
}

impl ServiceFee {
    fn message(&self) -> Result<pb::FeeServiceFee, Error> {
        Ok(pb::FeeServiceFee {
            amount: Some(amount("spec.terms.serviceFee.amount", &self.amount)?),
            tax_category: pb::TaxCategory::from(self.tax).into(),
            beneficiary: self.beneficiary.clone().unwrap_or_default(),
        })
    }
}

impl Reduction {
    fn message(&self) -> Result<pb::FeeReduction, Error> {
        let takes = match (self.percent, &self.amount, self.all) {
            (Some(percent), None, None | Some(false)) => Takes::Percent(percent),
            (None, Some(text), None | Some(false)) => {
                Takes::Amount(amount("spec.terms.reductions.amount", text)?)
            }
            (None, None, Some(true)) => Takes::All(true),
            (None, None, None | Some(false))
            | (Some(_), Some(_), _)
            | (Some(_), _, Some(true))
            | (_, Some(_), Some(true)) => {
                return Err(invalid(
                    "spec.terms.reductions",
                    format!("`{}` takes one of: percent, amount, all", self.code),
                ));
            }
        };
        Ok(pb::FeeReduction {
            code: self.code.clone(),
            name: Some((&self.name).into()),
            legal_reference: self.legal_reference.clone(),
            takes: Some(takes),
        })
    }
}

impl Late {
    fn message(&self) -> Result<pb::LatePenalty, Error> {
        let adds = match (self.basis_points, &self.amount) {
            (Some(points), None) => Adds::BasisPoints(points),
            (None, Some(text)) => Adds::Amount(amount("spec.terms.late.amount", text)?),
            (None, None) | (Some(_), Some(_)) => {
                return Err(invalid("spec.terms.late", "say how much: basisPoints, or an amount"));
            }
        };
        Ok(pb::LatePenalty {
            grace_days: self.grace_days,
            adds: Some(adds),
            every_days: self.every_days.unwrap_or_default(),
            maximum: optional("spec.terms.late.maximum", self.maximum.as_ref())?,
            legal_reference: self.legal_reference.clone(),
        })
    }
}

fn fils(money: Option<&common::Money>) -> Value {
    money.map_or(Value::Null, |money| {
        json!(format!("{} {}", money.currency, Money::fils(money.minor_units).to_json_amount()))
    })
}

/// The same shape for what is wanted and what the API says.
pub fn canonical(terms: &pb::FeeTerms) -> Value {
    let tax =
        |category: pb::TaxCategory| category.as_str_name().trim_start_matches("TAX_CATEGORY_").to_lowercase();
    let reduction = |reduction: &pb::FeeReduction| {
        let name = reduction.name.clone().unwrap_or_default();
        let takes = match &reduction.takes {
            Some(Takes::Percent(percent)) => json!({ "percent": percent }),
            Some(Takes::Amount(amount)) => json!({ "amount": fils(Some(amount)) }),
            Some(Takes::All(all)) => json!({ "all": all }),
            None => Value::Null,
        };
        json!({ "code": reduction.code, "name": { "en": name.en, "ar": name.ar }, "legalReference": reduction.legal_reference, "takes": takes })
    };
    let late = |late: &pb::LatePenalty| {
        let adds = match &late.adds {
            Some(Adds::BasisPoints(points)) => json!({ "basisPoints": points }),
            Some(Adds::Amount(amount)) => json!({ "amount": fils(Some(amount)) }),
            None => Value::Null,
        };
        json!({ "graceDays": late.grace_days, "adds": adds, "everyDays": late.every_days, "maximum": fils(late.maximum.as_ref()), "legalReference": late.legal_reference })
    };
    let service_fee = terms.service_fee.as_ref().map(|fee| {
        json!({ "amount": fils(fee.amount.as_ref()), "tax": tax(fee.tax_category()), "beneficiary": fee.beneficiary })
    });
    let splits = terms
        .splits
        .iter()
        .map(|split| json!({ "beneficiary": split.beneficiary, "basisPoints": split.basis_points }));
    json!({
        "fee": terms.fee,
        "tax": tax(terms.tax_category()),
        "minimum": fils(terms.minimum.as_ref()),
        "maximum": fils(terms.maximum.as_ref()),
        "reductions": terms.reductions.iter().map(reduction).collect::<Vec<_>>(),
        "serviceFee": service_fee,
        "splits": splits.collect::<Vec<_>>(),
        "late": terms.late.as_ref().map(late),
        "expiresAfterDays": terms.expires_after_days,
    })
}
