//! Open bills, put beforehand as rows: each payment pays another one.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use sqlx::Connection as _;

use crate::servers::{Stage, run};

/// Every bill, and its two beneficiaries: a payment posts one debit and two credits.
pub const DUE_FILS: i64 = 3_000;
pub const AGENCY_FILS: i64 = 2_500;
pub const FEE_FILS: i64 = DUE_FILS - AGENCY_FILS;
/// The other beneficiary.
pub const FEE_TO: &str = "EGOV";
/// Who owes us the money of all payments.
pub const PROVIDER: &str = "pos-acquirer";

/// Whose bills they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agencies {
    /// A hot account: all payments are one agency's.
    One,
    Spread,
}

/// When they are spread.
pub const AGENCIES: u64 = 200;

/// Bills that nobody has paid yet. They are paid in an order that is not the one they were put in, as payers do.
#[derive(Debug)]
pub struct Bills {
    first: u64,
    count: u64,
    taken: AtomicU64,
    pub agencies: Agencies,
}

/// A prime above every count, so that its multiples visit all of them.
const STRIDE: u64 = 1_000_000_007;

impl Bills {
    /// Puts `count` bills into a database with our tables.
    pub async fn put(stage: &Stage, database: &str, agencies: Agencies, count: u64) -> anyhow::Result<Self> {
        ensure!(count < STRIDE, "{count} bills are more than can be visited");
        let mut postgres = stage.connect(database).await?;
        let last: Option<String> =
            sqlx::query_scalar("SELECT max(bill_reference) FROM receivable").fetch_one(&mut postgres).await?;
        let first = match last {
            Some(reference) => reference.trim_start_matches(PREFIX).parse::<u64>()? + 1,
            None => 1,
        };
        let agency = agency_sql(agencies);
        let (invoice, reference, shares) = (invoice_sql(), reference_sql(), shares_sql(0));
        let bills = format!(
            "INSERT INTO receivable (invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, state,
                                     version, shares)
             SELECT {invoice}, agency, {reference}, 'FINE', {DUE_FILS}, 0, 'open', 1, {shares}
               FROM (SELECT n, {agency} AS agency FROM generate_series({first}, {last}) AS n) AS bill",
            last = first + count - 1,
        );
        run(&mut postgres, bills).await?;
        run(&mut postgres, "ANALYZE receivable".to_owned()).await?;
        postgres.close().await?;
        Ok(Self { first, count, taken: AtomicU64::new(0), agencies })
    }

    /// The next one's number.
    ///
    /// # Errors
    /// All are paid.
    pub fn take(&self) -> anyhow::Result<u64> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        ensure!(taken < self.count, "all {} bills are paid: a level is faster than expected", self.count);
        Ok(self.first + taken * STRIDE % self.count)
    }
}

const PREFIX: &str = "BENCH-";

/// What the payer types.
pub fn reference(number: u64) -> String {
    format!("{PREFIX}{number:012}")
}

/// The agency of a bill.
pub fn agency(number: u64, agencies: Agencies) -> String {
    let at = match agencies {
        Agencies::One => 0,
        Agencies::Spread => number % AGENCIES,
    };
    let letter = |at: u64| char::from(b'A' + u8::try_from(at % 26).unwrap_or_default());
    ['A', letter(at / 26), letter(at)].iter().collect()
}

/// The invoice of the bill `n`: ids grow with time, as those of version 7 do.
pub fn invoice_sql() -> &'static str {
    "('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
}

/// As [`reference`], of the column `n`.
pub fn reference_sql() -> String {
    format!("'{PREFIX}' || lpad(n::text, 12, '0')")
}

/// As [`agency`], of the column `n`.
pub fn agency_sql(agencies: Agencies) -> String {
    match agencies {
        Agencies::One => "'AAA'".to_owned(),
        Agencies::Spread => {
            format!("'A' || chr((65 + n % {AGENCIES} / 26)::int) || chr((65 + n % {AGENCIES} % 26)::int)")
        }
    }
}

/// The shares of the column `agency` and of the other beneficiary, of which `paid` in a hundred is paid.
pub fn shares_sql(paid: i64) -> String {
    let share = |to: &str, agency: bool, due: i64| {
        let paid = due * paid / 100;
        format!(
            "jsonb_build_object('to', {to}, 'agency', {agency}, 'due', {due}, 'paid', {paid}, 'returned', 0)"
        )
    };
    let (own, fee) = (share("agency", true, AGENCY_FILS), share(&format!("'{FEE_TO}'"), false, FEE_FILS));
    format!("jsonb_build_array({own}, {fee})")
}

/// Scatters numbers, each to another one: keys and references come in no order.
pub fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_bill_is_taken_once() {
        let bills = Bills { first: 11, count: 1_000, taken: AtomicU64::new(0), agencies: Agencies::Spread };
        let taken: BTreeSet<u64> = (0..1_000).map(|_| bills.take().expect("a bill is left")).collect();
        assert_eq!(taken, (11..1_011).collect());
        assert!(bills.take().is_err());
    }

    #[test]
    fn agencies_have_names_of_letters() {
        let names: BTreeSet<String> = (0..1_000).map(|number| agency(number, Agencies::Spread)).collect();
        assert_eq!(names.len(), 200);
        assert!(names.iter().all(|name| name.bytes().all(|letter| letter.is_ascii_uppercase())));
    }
}
