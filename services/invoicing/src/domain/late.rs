//! What a bill costs more when it is paid late, as the schedule of its day of issue said.

use money::{Money, rounding};
use rust_decimal::Decimal;
use time::{Date, Duration};

use super::calendar::{Calendar, Term};
use super::fee_service::{Line, LineKind, LocalText, Price, Share, TaxCategory};

/// A penalty by law.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Late {
    /// Days after the due date in which nothing happens.
    pub grace_days: u16,
    pub adds: Adds,
    /// None: once.
    pub again: Option<Again>,
    pub legal_reference: String,
    /// The same as a sentence.
    pub rule: LocalText,
}

/// What one penalty comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adds {
    /// Of the agency's fee, in ten-thousandths; half up to one fils.
    BasisPoints(i32),
    AmountFils(i64),
}

/// Penalties that go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Again {
    pub every_days: u16,
    /// All together are never more.
    pub maximum_fils: i64,
}

/// What it is today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Charged {
    penalty: Money,
    /// The day it grows; none: it never will.
    grows_on: Option<Date>,
}

/// A price with what being late adds to it by `today`, and the day that adds more; none: no day will. Whatever penalty the price had
/// is worked out anew, so that the same day always comes to the same.
///
/// # Errors
/// Impossible arithmetic.
pub fn charged(
    price: &Price,
    agency: &str,
    due: Date,
    (calendar, today): (&Calendar, Date),
) -> Result<(Price, Option<Date>), money::Error> {
    let Some(late) = &price.late else { return Ok((price.clone(), None)) };
    let without = without_penalty(price, agency)?;
    let fee = without.breakdown.lines.iter().find(|line| line.kind == LineKind::Fee);
    let fee = Money::fils(fee.map_or(without.fee_fils, |line| line.net_fils));
    let Charged { penalty, grows_on } = late.by(fee, due, (calendar, today))?;
    if penalty.is_zero() {
        return Ok((without, grows_on));
    }
    Ok((with_penalty(without, agency, penalty)?, grows_on))
}

impl Late {
    /// The first day on which a bill is late: a due date that is no working day moves on, and then comes the grace.
    fn first_day(&self, due: Date, calendar: &Calendar) -> Option<Date> {
        let due = calendar.end_of(due, Term::Days(0))?;
        due.checked_add(Duration::days(i64::from(self.grace_days) + 1))
    }

    fn by(
        &self,
        fee: Money,
        due: Date,
        (calendar, today): (&Calendar, Date),
    ) -> Result<Charged, money::Error> {
        let nothing = Money::zero(fee.currency());
        let Some(first) = self.first_day(due, calendar) else {
            return Ok(Charged { penalty: nothing, grows_on: None });
        };
        if today < first {
            return Ok(Charged { penalty: nothing, grows_on: Some(first) });
        }
        let once = match self.adds {
            Adds::BasisPoints(points) => rounding::percent_half_up(fee, Decimal::new(points.into(), 2))?,
            Adds::AmountFils(fils) => Money::fils(fils),
        };
        let Some(again) = self.again else { return Ok(Charged { penalty: once, grows_on: None }) };
        let every = i64::from(again.every_days);
        let times = (today - first).whole_days() / every + 1;
        let maximum = Money::fils(again.maximum_fils);
        // More than a fee can be is more than the maximum.
        let sum = once.checked_mul(times).unwrap_or(maximum);
        if !sum.exceeds(maximum)? && sum != maximum {
            let grows_on = first.checked_add(Duration::days(times * every));
            return Ok(Charged { penalty: sum, grows_on });
        }
        Ok(Charged { penalty: maximum, grows_on: None })
    }
}

fn without_penalty(price: &Price, agency: &str) -> Result<Price, money::Error> {
    let mut without = price.clone();
    let (penalties, lines) =
        without.breakdown.lines.into_iter().partition(|line| line.kind == LineKind::Penalty);
    without.breakdown.lines = lines;
    let penalties: Vec<Line> = penalties;
    for penalty in penalties {
        add(&mut without, agency, Money::fils(0).checked_sub(Money::fils(penalty.net_fils))?)?;
    }
    Ok(without)
}

fn with_penalty(mut price: Price, agency: &str, penalty: Money) -> Result<Price, money::Error> {
    add(&mut price, agency, penalty)?;
    price.breakdown.lines.push(Line {
        kind: LineKind::Penalty,
        net_fils: penalty.minor_units(),
        tax_category: TaxCategory::O,
        vat_percent: "0".to_owned(),
        vat_fils: 0,
    });
    Ok(price)
}

/// A penalty is outside VAT, and the agency's own.
fn add(price: &mut Price, agency: &str, more: Money) -> Result<(), money::Error> {
    let plus = |sum: i64| Money::fils(sum).checked_add(more).map(Money::minor_units);
    (price.fee_fils, price.total_fils) = (plus(price.fee_fils)?, plus(price.total_fils)?);
    let shares = &mut price.breakdown.shares;
    if let Some(share) = shares.iter_mut().find(|share| share.beneficiary == agency) {
        share.due_fils = plus(share.due_fils)?;
    } else if !shares.is_empty() {
        // Where nobody is named, all is the agency's.
        shares.push(Share { beneficiary: agency.to_owned(), due_fils: more.minor_units() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;
    use crate::domain::fee_service::{Breakdown, Reduced};

    const DUE: Date = date!(2026 - 01 - 15);

    fn late(adds: Adds, again: Option<(u16, i64)>) -> Late {
        let rule = LocalText { en: "late".to_owned(), ar: "متأخر".to_owned() };
        let again = again.map(|(every_days, maximum_fils)| Again { every_days, maximum_fils });
        Late { grace_days: 30, adds, again, legal_reference: "Law 3, article 9".to_owned(), rule }
    }

    /// A fee and a service fee with VAT, a part of which goes to a fund.
    fn price(late: Option<Late>) -> Price {
        let line = |kind, net_fils, tax_category, vat_percent: &str, vat_fils| Line {
            kind,
            net_fils,
            tax_category,
            vat_percent: vat_percent.to_owned(),
            vat_fils,
        };
        let share = |beneficiary: &str, due_fils| Share { beneficiary: beneficiary.to_owned(), due_fils };
        Price {
            fee_fils: 10_200,
            vat_fils: 20,
            total_fils: 10_220,
            steps: Vec::new(),
            schedule_version: 1,
            reduced: Reduced::default(),
            breakdown: Breakdown {
                lines: vec![
                    line(LineKind::Fee, 10_000, TaxCategory::O, "0", 0),
                    line(LineKind::ServiceFee, 200, TaxCategory::S, "10", 20),
                ],
                shares: vec![share("TRF", 9_220), share("FUND", 1_000)],
            },
            late,
            expires_after_days: None,
        }
    }

    fn on(price: &Price, today: Date) -> (i64, Option<Date>) {
        let (price, grows_on) = charged(price, "TRF", DUE, (&Calendar::default(), today)).unwrap();
        let shares: i64 = price.breakdown.shares.iter().map(|share| share.due_fils).sum();
        let lines: i64 = price.breakdown.lines.iter().map(|line| line.net_fils + line.vat_fils).sum();
        assert_eq!((shares, lines), (price.total_fils, price.total_fils), "parts sum to the whole");
        (price.total_fils - 10_220, grows_on)
    }

    #[test]
    fn a_penalty_comes_after_the_grace_and_as_often_as_the_rule_says() {
        let once = price(Some(late(Adds::BasisPoints(500), None)));
        let first = date!(2026 - 02 - 15);
        assert_eq!(on(&once, date!(2026 - 02 - 14)), (0, Some(first)), "the thirtieth day is grace");
        assert_eq!(on(&once, first), (500, None), "of the fee, not of the service fee");
        assert_eq!(on(&once, date!(2027 - 02 - 15)), (500, None));
        let again = price(Some(late(Adds::AmountFils(2_000), Some((30, 5_000)))));
        assert_eq!(on(&again, first), (2_000, Some(date!(2026 - 03 - 17))));
        assert_eq!(on(&again, date!(2026 - 03 - 17)), (4_000, Some(date!(2026 - 04 - 16))));
        assert_eq!(on(&again, date!(2026 - 04 - 16)), (5_000, None), "the maximum");
        assert_eq!(on(&again, Date::MAX), (5_000, None));
        assert_eq!(on(&price(None), Date::MAX), (0, None));
    }

    #[test]
    fn a_due_date_that_is_no_working_day_moves_on_before_the_grace() {
        let rule = price(Some(late(Adds::BasisPoints(500), None)));
        let friday = date!(2026 - 01 - 16);
        let (_, grows_on) = charged(&rule, "TRF", friday, (&Calendar::default(), friday)).unwrap();
        assert_eq!(grows_on, Some(date!(2026 - 02 - 18)), "thirty days after Sunday");
    }

    proptest! {
        #[test]
        fn what_is_charged_depends_on_the_day_alone(days in proptest::collection::vec(0_i64..500, 1..6), every in 1_u16..60) {
            let fresh = price(Some(late(Adds::BasisPoints(250), Some((every, 3_000)))));
            let mut grown = fresh.clone();
            for days in days {
                let today = (&Calendar::default(), DUE + Duration::days(days));
                grown = charged(&grown, "TRF", DUE, today).unwrap().0;
                prop_assert_eq!(&grown, &charged(&fresh, "TRF", DUE, today).unwrap().0);
            }
        }
    }
}
