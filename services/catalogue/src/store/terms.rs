//! The columns of terms, the same for schedules and their drafts.
use money::Money;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::domain::agency::Name;
use crate::domain::fee_service::TaxCategory;
use crate::domain::terms::{Reduction, Takes, Terms};

/// As stored.
pub struct Columns {
    pub fee: String,
    pub tax_category: String,
    pub minimum_fils: Option<i64>,
    pub maximum_fils: Option<i64>,
    /// JSON.
    pub reductions: String,
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
        let rows: Vec<Row> = terms.reductions.iter().map(row).collect();
        Columns {
            fee: terms.text.clone(),
            tax_category: terms.tax.code().to_owned(),
            minimum_fils: terms.minimum.map(Money::minor_units),
            maximum_fils: terms.maximum.map(Money::minor_units),
            reductions: serde_json::to_string(&rows).expect("texts and numbers are JSON"),
        }
    }
}

impl Columns {
    /// The terms, as they were checked when they were written.
    pub fn terms(self, table: &'static str) -> Result<Terms, Error> {
        let corrupt = |what: String| Error::Corrupt { table, what };
        let tax = TaxCategory::from_code(&self.tax_category);
        let tax = tax.ok_or_else(|| corrupt(self.tax_category.clone()))?;
        let rows: Vec<Row> =
            serde_json::from_str(&self.reductions).map_err(|error| corrupt(error.to_string()))?;
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
        let terms = Terms::of_fee(&self.fee, tax).map_err(|error| corrupt(error.to_string()))?;
        let (minimum, maximum) = (self.minimum_fils.map(Money::fils), self.maximum_fils.map(Money::fils));
        terms.with(minimum, maximum, reductions.collect()).map_err(|error| corrupt(error.to_string()))
    }
}
