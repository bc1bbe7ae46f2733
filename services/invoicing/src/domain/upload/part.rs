//! Rows of a file that are judged, kept and issued together.

use time::Date;

use super::{Cell, Row};
use crate::domain::calendar::Due;
use crate::domain::fee_service::{LocalText, Price};
use crate::domain::payer::{PayerFacts, PayerNumber};

/// Rows of a part. Large enough that a part's round trips are few a row, small enough that several parts are at work in some
/// megabytes and that nobody else of the agency waits long for a number.
pub const ROWS: usize = 3_000;

/// Some rows in the order of the file, as they are sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    pub rows: Vec<PartRow>,
    /// What `PartRow::bill` counts into: thousands of rows often have one price.
    pub prices: Vec<Price>,
}

/// A row after it was judged.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PartRow {
    /// Without card numbers.
    pub row: Row,
    /// There if and only if the row is valid and not yet issued.
    pub bill: Option<BillToBe>,
}

/// What a valid row asks for.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BillToBe {
    pub reference: String,
    pub service_code: String,
    pub service_name: LocalText,
    // As files of an earlier release name it.
    #[serde(rename = "cpr", with = "number")]
    pub number: PayerNumber,
    pub facts: PayerFacts,
    pub due: Due,
    /// Its place among the part's prices.
    pub price: usize,
}

impl Part {
    /// References of the valid rows.
    pub fn references(&self) -> Vec<String> {
        self.rows.iter().filter_map(|row| row.bill.as_ref()).map(|bill| bill.reference.clone()).collect()
    }

    /// The day the first of the valid rows is due.
    pub fn earliest_due(&self) -> Option<Date> {
        self.rows.iter().filter_map(|row| row.bill.as_ref()).map(|bill| bill.due.date).min()
    }

    /// Whom the valid rows are for, in their order.
    pub fn numbers(&self) -> Vec<&PayerNumber> {
        self.rows.iter().filter_map(|row| row.bill.as_ref()).map(|bill| &bill.number).collect()
    }

    /// After its valid rows became invoices: only what its clerk may still correct.
    #[must_use]
    pub fn without_bills(self) -> Part {
        let at_fault = self.rows.into_iter().filter(|row| row.bill.is_none());
        Part { rows: at_fault.collect(), prices: Vec::new() }
    }
}

impl Row {
    /// Card numbers are not kept, not even sealed.
    pub fn hide_card_numbers(&mut self) {
        for cell in self.cells.iter_mut().filter(|cell| cell.has_card_number()) {
            *cell = Cell::without_digits(cell);
        }
    }
}

impl std::fmt::Debug for BillToBe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BillToBe(…)")
    }
}

/// As its text: only sealed parts hold it, so the type itself has no such form.
mod number {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::domain::payer::PayerNumber;

    pub fn serialize<S: Serializer>(number: &PayerNumber, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(number.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PayerNumber, D::Error> {
        PayerNumber::read(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
