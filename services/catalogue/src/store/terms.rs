//! The columns of terms, the same for schedules and their drafts.
use money::Money;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::domain::agency::Name;
use crate::domain::fee_service::TaxCategory;
use crate::domain::late::{Adds, Again, Late};
use crate::domain::terms::{Beyond, Reduction, ServiceFee, Split, Takes, Terms};

/// As stored.
pub struct Columns {
    pub fee: String,
    pub tax_category: String,
    pub minimum_fils: Option<i64>,
    pub maximum_fils: Option<i64>,
    /// JSON.
    pub reductions: String,
    /// JSON.
    pub service_fee: Option<String>,
    /// JSON.
    pub splits: String,
    /// JSON.
    pub late: Option<String>,
    pub expires_after_days: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct ServiceFeeRow {
    fils: i64,
    tax_category: String,
    beneficiary: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct SplitRow {
    beneficiary: String,
    basis_points: i32,
}

#[derive(Serialize, Deserialize)]
struct LateRow {
    grace_days: i32,
    adds: Added,
    again: Option<AgainRow>,
    legal_reference: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Added {
    BasisPoints(i32),
    AmountFils(i64),
}

#[derive(Serialize, Deserialize)]
struct AgainRow {
    every_days: i32,
    maximum_fils: i64,
}

impl From<&Late> for LateRow {
    fn from(late: &Late) -> LateRow {
        let again = |again: Again| AgainRow {
            every_days: again.every_days,
            maximum_fils: again.maximum.minor_units(),
        };
        LateRow {
            grace_days: late.grace_days,
            adds: match late.adds {
                Adds::BasisPoints(points) => Added::BasisPoints(points),
                Adds::Amount(amount) => Added::AmountFils(amount.minor_units()),
            },
            again: late.again.map(again),
            legal_reference: late.legal_reference.clone(),
        }
    }
}

impl From<LateRow> for Late {
    fn from(row: LateRow) -> Late {
        let again = |again: AgainRow| Again {
            every_days: again.every_days,
            maximum: Money::fils(again.maximum_fils),
        };
        Late {
            grace_days: row.grace_days,
            adds: match row.adds {
                Added::BasisPoints(points) => Adds::BasisPoints(points),
                Added::AmountFils(fils) => Adds::Amount(Money::fils(fils)),
            },
            again: row.again.map(again),
            legal_reference: row.legal_reference,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    code: String,
    name_en: String,
    name_ar: String,
    legal_reference: String,
    takes: Taken,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Taken {
    Percent(i32),
    AmountFils(i64),
    All,
}

impl From<&Terms> for Columns {
    fn from(terms: &Terms) -> Columns {
        let row = |reduction: &Reduction| Row {
            code: reduction.code.clone(),
            name_en: reduction.name.en.clone(),
            name_ar: reduction.name.ar.clone(),
            legal_reference: reduction.legal_reference.clone(),
            takes: match reduction.takes {
                Takes::Percent(percent) => Taken::Percent(percent),
                Takes::Amount(amount) => Taken::AmountFils(amount.minor_units()),
                Takes::All => Taken::All,
            },
        };
        let beyond = &terms.beyond;
        let rows: Vec<Row> = beyond.reductions.iter().map(row).collect();
        let service_fee = beyond.service_fee.as_ref().map(|fee| ServiceFeeRow {
            fils: fee.amount.minor_units(),
            tax_category: fee.tax.code().to_owned(),
            beneficiary: fee.beneficiary.clone(),
        });
        let split = |split: &Split| SplitRow {
            beneficiary: split.beneficiary.clone(),
            basis_points: split.basis_points,
        };
        let splits: Vec<SplitRow> = beyond.splits.iter().map(split).collect();
        Columns {
            fee: terms.text.clone(),
            tax_category: terms.tax.code().to_owned(),
            minimum_fils: beyond.minimum.map(Money::minor_units),
            maximum_fils: beyond.maximum.map(Money::minor_units),
            reductions: json(&rows),
            service_fee: service_fee.as_ref().map(json),
            splits: json(&splits),
            late: beyond.late.as_ref().map(|late| json(&LateRow::from(late))),
            expires_after_days: beyond.expires_after_days,
        }
    }
}

fn json<T: Serialize>(rows: &T) -> String {
    serde_json::to_string(rows).expect("texts and numbers are JSON")
}

impl Columns {
    /// The terms, as they were checked when they were written.
    pub fn terms(self, table: &'static str) -> Result<Terms, Error> {
        let corrupt = |what: String| Error::Corrupt { table, what };
        let unread = |error: serde_json::Error| corrupt(error.to_string());
        let tax = |code: &str| TaxCategory::from_code(code).ok_or_else(|| corrupt(code.to_owned()));
        let rows: Vec<Row> = serde_json::from_str(&self.reductions).map_err(unread)?;
        let reductions = rows.into_iter().map(|row| Reduction {
            code: row.code,
            name: Name { en: row.name_en, ar: row.name_ar },
            legal_reference: row.legal_reference,
            takes: match row.takes {
                Taken::Percent(percent) => Takes::Percent(percent),
                Taken::AmountFils(fils) => Takes::Amount(Money::fils(fils)),
                Taken::All => Takes::All,
            },
        });
        let service_fee = match self.service_fee.as_deref() {
            Some(text) => {
                let row: ServiceFeeRow = serde_json::from_str(text).map_err(unread)?;
                let (amount, tax) = (Money::fils(row.fils), tax(&row.tax_category)?);
                Some(ServiceFee { amount, tax, beneficiary: row.beneficiary })
            }
            None => None,
        };
        let rows: Vec<SplitRow> = serde_json::from_str(&self.splits).map_err(unread)?;
        let splits = rows
            .into_iter()
            .map(|row| Split { beneficiary: row.beneficiary, basis_points: row.basis_points });
        let beyond = Beyond {
            minimum: self.minimum_fils.map(Money::fils),
            maximum: self.maximum_fils.map(Money::fils),
            reductions: reductions.collect(),
            service_fee,
            splits: splits.collect(),
            late: match self.late.as_deref() {
                Some(text) => Some(serde_json::from_str::<LateRow>(text).map_err(unread)?.into()),
                None => None,
            },
            expires_after_days: self.expires_after_days,
        };
        let terms =
            Terms::of_fee(&self.fee, tax(&self.tax_category)?).map_err(|error| corrupt(error.to_string()))?;
        terms.with(beyond).map_err(|error| corrupt(error.to_string()))
    }
}
