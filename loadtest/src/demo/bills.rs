//! Bills that were issued, to be paid one way or another.
use std::collections::BTreeMap;

use anyhow::Context as _;

/// A bill as the API lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    pub agency: String,
    pub bill_reference: String,
    pub total_fils: i64,
}

/// Issued and unpaid bills, by agency.
#[derive(Debug, Default)]
pub struct Purse(BTreeMap<String, Vec<Bill>>);

impl Purse {
    /// Keeps a bill.
    pub fn put(&mut self, bill: Bill) {
        self.0.entry(bill.agency.clone()).or_default().push(bill);
    }

    /// Takes `count` bills, the same number of each agency.
    ///
    /// # Errors
    /// An agency has too few.
    pub fn take(&mut self, count: usize) -> anyhow::Result<Vec<Bill>> {
        let each = count.checked_div(self.0.len()).context("bills were issued")?;
        let mut taken = Vec::with_capacity(count);
        for (agency, bills) in &mut self.0 {
            let rest =
                bills.len().checked_sub(each).with_context(|| format!("{agency} has {each} unpaid bills"))?;
            taken.extend(bills.split_off(rest));
        }
        Ok(taken)
    }

    /// Takes one bill of an agency.
    ///
    /// # Errors
    /// It has none.
    pub fn take_one(&mut self, agency: &str) -> anyhow::Result<Bill> {
        self.0.get_mut(agency).and_then(Vec::pop).with_context(|| format!("an unpaid bill of {agency}"))
    }
}
