//! A bill that is paid in parts, each with a day of its own.

use money::{Money, rounding};
use time::Date;

use super::upload_row::{Code, Fault, Field};

/// Parts of a plan; one part is no plan.
pub const PARTS: std::ops::RangeInclusive<usize> = 2..=60;

/// A part of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Instalment {
    pub due_date: Date,
    pub due_fils: i64,
}

/// A plan for a bill of `total`; empty when none is asked for.
///
/// # Errors
/// Which part is at fault, or that they do not sum to the total.
pub fn plan(parts: Vec<Instalment>, total: Money) -> Result<Vec<Instalment>, Fault> {
    if parts.is_empty() {
        return Ok(parts);
    }
    if !PARTS.contains(&parts.len()) {
        let (least, most) = (PARTS.start().to_string(), PARTS.end().to_string());
        let fault = Fault::new(Field::Instalments, Code::InstalmentsCount);
        return Err(fault.with("least", least).with("limit", most));
    }
    for (at, part) in parts.iter().enumerate() {
        let code = match part.due_fils {
            ..0 => Some(Code::AmountNegative),
            0 => Some(Code::AmountZero),
            1.. => None,
        };
        if let Some(code) = code {
            return Err(Fault::new(Field::InstalmentDue(at), code));
        }
    }
    let followers = parts.iter().zip(parts.iter().skip(1)).enumerate();
    for (at, (before, after)) in followers {
        if before.due_date >= after.due_date {
            let fault = Fault::new(Field::InstalmentDate(at + 1), Code::InstalmentsOrder);
            return Err(fault.with("before", before.due_date.to_string()));
        }
    }
    let sum = Money::sum(total.currency(), parts.iter().map(|part| Money::fils(part.due_fils)));
    match sum {
        Ok(sum) if sum == total => Ok(parts),
        Ok(sum) => {
            let fault = Fault::new(Field::Instalments, Code::InstalmentsSum);
            Err(fault.with("sum", sum.to_json_amount()).with("total", total.to_json_amount()))
        }
        Err(_) => {
            Err(Fault::new(Field::Instalments, Code::AmountOverLimit).with("limit", total.to_json_amount()))
        }
    }
}

/// The same days for another total: each part keeps its proportion, and they sum to it, by largest remainder.
///
/// # Errors
/// Impossible arithmetic.
pub fn in_proportion(plan: &[Instalment], total: Money) -> Result<Vec<Instalment>, money::Error> {
    if plan.is_empty() {
        return Ok(Vec::new());
    }
    let weights: Vec<u64> = plan.iter().map(|part| part.due_fils.unsigned_abs()).collect();
    let parts = rounding::split(total, &weights)?;
    let part = |(part, due): (&Instalment, Money)| Instalment { due_fils: due.minor_units(), ..*part };
    Ok(plan.iter().zip(parts).map(part).collect())
}

/// The same plan, `more` asked for with its last part: that is the one that is late.
pub fn with_more(plan: &[Instalment], more_fils: i64) -> Vec<Instalment> {
    let mut plan = plan.to_vec();
    if let Some(last) = plan.last_mut() {
        last.due_fils = last.due_fils.saturating_add(more_fils);
    }
    plan
}

/// The first part that `paid` does not cover whole, and how much of it is left.
pub fn next(plan: &[Instalment], paid: Money) -> Option<Instalment> {
    let mut end = 0_i64;
    plan.iter().find_map(|part| {
        end = end.saturating_add(part.due_fils);
        let left = end.saturating_sub(paid.minor_units());
        (left > 0).then(|| Instalment { due_fils: left.min(part.due_fils), ..*part })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn parts(amounts: &[i64]) -> Vec<Instalment> {
        let day = |at: usize| date!(2026 - 01 - 31) + time::Duration::days(30 * i64::try_from(at).unwrap());
        let part = |(at, due_fils): (usize, &i64)| Instalment { due_date: day(at), due_fils: *due_fils };
        amounts.iter().enumerate().map(part).collect()
    }

    #[test]
    fn a_plan_that_does_not_sum_says_to_what() {
        let total = Money::fils(10_000);
        let fault = |amounts: &[i64]| plan(parts(amounts), total).unwrap_err();
        assert_eq!(plan(parts(&[4_000, 6_000]), total).unwrap().len(), 2);
        assert_eq!(plan(vec![], total), Ok(vec![]));
        let short = fault(&[4_000, 5_999]);
        assert_eq!((short.field, short.code), (Field::Instalments, Code::InstalmentsSum));
        assert_eq!((short.details["sum"].as_str(), short.details["total"].as_str()), ("9.999", "10.000"));
        assert_eq!(fault(&[10_000]).code, Code::InstalmentsCount);
        assert_eq!(fault(&[1; 61]).code, Code::InstalmentsCount);
        assert_eq!(fault(&[10_001, -1]).field, Field::InstalmentDue(1));
        assert_eq!(fault(&[0, 10_000]).code, Code::AmountZero);
        let mut twice = parts(&[4_000, 6_000]);
        twice[1].due_date = twice[0].due_date;
        let fault = plan(twice, total).unwrap_err();
        assert_eq!((fault.field, fault.code), (Field::InstalmentDate(1), Code::InstalmentsOrder));
    }

    #[test]
    fn the_next_part_is_the_first_that_is_not_paid_whole() {
        let plan = parts(&[4_000, 3_000, 3_000]);
        let after = |paid| next(&plan, Money::fils(paid)).map(|part| (part.due_date, part.due_fils));
        assert_eq!(after(0), Some((plan[0].due_date, 4_000)));
        assert_eq!(after(1_000), Some((plan[0].due_date, 3_000)));
        assert_eq!(after(4_000), Some((plan[1].due_date, 3_000)));
        assert_eq!(after(9_999), Some((plan[2].due_date, 1)));
        assert_eq!(after(10_000), None);
        assert_eq!(next(&[], Money::fils(0)), None);
    }

    proptest! {
        #[test]
        fn a_plan_for_another_total_sums_to_it(amounts in proptest::collection::vec(1_i64..1_000_000, 2..60), total in 1_i64..100_000_000) {
            let changed = in_proportion(&parts(&amounts), Money::fils(total)).unwrap();
            prop_assert_eq!(changed.iter().map(|part| part.due_fils).sum::<i64>(), total);
            prop_assert_eq!(changed.len(), amounts.len());
        }
    }
}
