//! What a service costs for given inputs on a day, to the fils, and how that comes about.

use std::collections::HashMap;

use money::Money;
use rust_decimal::Decimal;
use time::Date;

use super::exact::Exact;
use super::fee::{Band, Fee};
use super::fee_service::Schedule;
use super::formula::{Formula, FormulaError, Worked};
use super::input::{self, AMOUNT, CATEGORY, Input, MAX_AMOUNT_FILS, Measure, NotAmount, UNITS};
use super::late::Late;
use super::similar;
use super::terms::{Reduction, Terms};

mod lines;

pub use lines::{Line, LineKind, Share};

/// A price and its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// All lines before VAT.
    pub fee: Money,
    pub vat: Money,
    pub total: Money,
    /// They sum to the above.
    pub lines: Vec<Line>,
    /// Who gets how much of the total, to which they sum; empty: all is the agency's.
    pub shares: Vec<Share>,
    pub steps: Vec<Step>,
    pub schedule_version: i32,
    /// What was taken off; none was asked for.
    pub reduced: Option<Reduced>,
    /// What it costs more when it is paid late.
    pub late: Option<Late>,
    /// A bill that nobody has paid ends so long after its due date; none: it never does.
    pub expires_after_days: Option<i32>,
}

/// What a reduction took off a fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduced {
    pub code: String,
    pub amount: Money,
}

/// One step of the explanation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Fixed { fee: Money },
    PerUnit { input: String, units: i64, rate: Money, fee: Money },
    Category { category: String, fee: Money },
    Band { units: Measure, from: Measure, to: Option<Measure>, fee: Money },
    Slice { units: Exact, from: Measure, to: Option<Measure>, rate: Money, part: Exact },
    Given { fee: Money },
    Formula { text: String },
    Input { name: String, value: Measure },
    Worked(Worked),
    Rounded { exact: Exact, fee: Money },
    Minimum { fee: Money },
    Maximum { fee: Money },
    Reduced { reduction: Reduction, amount: Money, fee: Money },
    OutsideVat,
    ServiceFee { amount: Money },
    Vat { percent: Decimal, fee: Money, vat: Money },
    Total { total: Money },
}

/// Why there is no price. Other quotes of the same call are not concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    ServiceUnknown {
        given: String,
        suggestion: Option<String>,
    },
    InputMissing {
        input: String,
    },
    InputUnknown {
        input: String,
        suggestion: Option<String>,
    },
    /// Not a whole number above 0.
    QuantityInvalid {
        input: String,
    },
    /// Not a decimal of at most 3 places, 0 or above.
    MeasureInvalid {
        input: String,
    },
    CategoryUnknown {
        given: String,
        allowed: Vec<String>,
        suggestion: Option<String>,
    },
    ReductionUnknown {
        given: String,
        suggestion: Option<String>,
    },
    AmountText,
    AmountDecimals,
    AmountNegative,
    /// Nothing to pay. `input` is empty when the price was worked out.
    AmountZero {
        input: &'static str,
    },
    /// Above [`MAX_AMOUNT_FILS`], VAT included. `input` is empty when the price was worked out.
    AmountOverLimit {
        input: &'static str,
    },
    FormulaFailed {
        error: FormulaError,
    },
    /// The formula comes to less than nothing.
    FormulaNegative {
        result: Exact,
    },
}

/// By input.
pub type Values = HashMap<String, String>;

/// What a price is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub values: Values,
    /// The code of a reduction; empty: the whole fee.
    pub reduction: String,
}

/// The price under `schedule` on `date`: the fee, within its bounds, less its reduction; the service fee beside it; and VAT on
/// each. A reduction may leave nothing to pay. Pure: the same question has the same answer for ever.
///
/// # Errors
/// What is wrong with the values, by input.
pub fn price(schedule: &Schedule, asked: &Asked, date: Date) -> Result<Price, Refusal> {
    let (terms, values) = (&schedule.terms, &asked.values);
    check_names(&terms.fee.inputs(), values)?;
    let (fee, mut steps) = match &terms.fee {
        Fee::Fixed(fee) => (*fee, vec![Step::Fixed { fee: *fee }]),
        Fee::PerUnit { input, rate } => per_unit(input, *rate, values)?,
        Fee::Table(rows) => category(rows, values)?,
        Fee::Tiered(bands) => band(bands, values)?,
        Fee::Sliced(bands) => sliced(bands, values)?,
        Fee::Formula(formula) => worked_out(formula, values)?,
        Fee::Given => given(values)?,
    };
    let fee = within(terms, fee, &mut steps);
    let (fee, reduced) = reduced(terms, fee, &asked.reduction, &mut steps)?;
    let mut lines = vec![Line::of(LineKind::Fee, fee, terms.tax, date, &mut steps)?];
    if let Some(service_fee) = &terms.beyond.service_fee {
        steps.push(Step::ServiceFee { amount: service_fee.amount });
        let (amount, tax) = (service_fee.amount, service_fee.tax);
        lines.push(Line::of(LineKind::ServiceFee, amount, tax, date, &mut steps)?);
    }
    let fee = sum(lines.iter().map(|line| line.net))?;
    let vat = sum(lines.iter().map(|line| line.vat))?;
    let total = sum([fee, vat].into_iter())?;
    if total.minor_units() > MAX_AMOUNT_FILS {
        let input = if terms.fee == Fee::Given { AMOUNT } else { "" };
        return Err(Refusal::AmountOverLimit { input });
    }
    steps.push(Step::Total { total });
    let shares = lines::shares(&terms.beyond, &lines)?;
    let (late, expires_after_days) = (terms.beyond.late.clone(), terms.beyond.expires_after_days);
    let schedule_version = schedule.version;
    Ok(Price { fee, vat, total, lines, shares, steps, schedule_version, reduced, late, expires_after_days })
}

fn sum(mut amounts: impl Iterator<Item = Money>) -> Result<Money, Refusal> {
    amounts.try_fold(Money::fils(0), Money::checked_add).ok().ok_or(over_limit())
}

/// The fee within the least and the most of its schedule.
fn within(terms: &Terms, fee: Money, steps: &mut Vec<Step>) -> Money {
    let beyond = &terms.beyond;
    if let Some(minimum) = beyond.minimum.filter(|minimum| fee.minor_units() < minimum.minor_units()) {
        steps.push(Step::Minimum { fee: minimum });
        return minimum;
    }
    if let Some(maximum) = beyond.maximum.filter(|maximum| fee.minor_units() > maximum.minor_units()) {
        steps.push(Step::Maximum { fee: maximum });
        return maximum;
    }
    fee
}

fn reduced(
    terms: &Terms,
    fee: Money,
    code: &str,
    steps: &mut Vec<Step>,
) -> Result<(Money, Option<Reduced>), Refusal> {
    if code.is_empty() {
        return Ok((fee, None));
    }
    let reduction = terms.reduction(code).map_err(|suggestion| {
        let given = code.chars().take(64).collect();
        Refusal::ReductionUnknown { given, suggestion }
    })?;
    let amount = reduction.of(fee).ok().ok_or(over_limit())?;
    let fee = fee.checked_sub(amount).ok().ok_or(over_limit())?;
    steps.push(Step::Reduced { reduction: reduction.clone(), amount, fee });
    Ok((fee, Some(Reduced { code: reduction.code.clone(), amount })))
}

fn over_limit() -> Refusal {
    Refusal::AmountOverLimit { input: "" }
}

fn check_names(inputs: &[Input], values: &Values) -> Result<(), Refusal> {
    let known = || inputs.iter().map(|input| input.name.as_str());
    // The first in the alphabet, so that the answer does not depend on a map's order.
    if let Some(stranger) = values.keys().filter(|name| !known().any(|k| k == name.as_str())).min() {
        let suggestion = similar::nearest(stranger, known()).map(str::to_owned);
        return Err(Refusal::InputUnknown { input: stranger.chars().take(64).collect(), suggestion });
    }
    let missing = inputs.iter().find(|input| !values.contains_key(&input.name));
    missing.map_or(Ok(()), |input| Err(Refusal::InputMissing { input: input.name.clone() }))
}

fn value<'v>(values: &'v Values, input: &str) -> Result<&'v str, Refusal> {
    let found = values.get(input).map(|text| text.trim());
    found.ok_or_else(|| Refusal::InputMissing { input: input.to_owned() })
}

fn measure(values: &Values, input: &str) -> Result<Measure, Refusal> {
    Measure::read(value(values, input)?).ok_or_else(|| Refusal::MeasureInvalid { input: input.to_owned() })
}

fn per_unit(input: &str, rate: Money, values: &Values) -> Result<(Money, Vec<Step>), Refusal> {
    let units = input::quantity(value(values, input)?)
        .ok_or_else(|| Refusal::QuantityInvalid { input: input.to_owned() })?;
    let fee = rate.checked_mul(units).ok().ok_or(over_limit())?;
    Ok((fee, vec![Step::PerUnit { input: input.to_owned(), units, rate, fee }]))
}

fn category(rows: &[(String, Money)], values: &Values) -> Result<(Money, Vec<Step>), Refusal> {
    let given = value(values, CATEGORY)?;
    let Some((category, fee)) = rows.iter().find(|(category, _)| category == given) else {
        let allowed: Vec<String> = rows.iter().map(|(category, _)| category.clone()).collect();
        let suggestion = similar::nearest(given, allowed.iter().map(String::as_str)).map(str::to_owned);
        let given = given.chars().take(64).collect();
        return Err(Refusal::CategoryUnknown { given, allowed, suggestion });
    };
    Ok((*fee, vec![Step::Category { category: category.clone(), fee: *fee }]))
}

fn band(bands: &[Band], values: &Values) -> Result<(Money, Vec<Step>), Refusal> {
    let units = measure(values, UNITS)?;
    // The lower bound is inside its band, and the last band has no end: the last one begun is the one.
    let band = bands.iter().rev().find(|band| band.from <= units);
    let band = band.ok_or_else(|| Refusal::MeasureInvalid { input: UNITS.to_owned() })?;
    let step = Step::Band { units, from: band.from, to: band.to, fee: band.price };
    Ok((band.price, vec![step]))
}

/// Each band's price for the units inside it; rounded once, at the end.
fn sliced(bands: &[Band], values: &Values) -> Result<(Money, Vec<Step>), Refusal> {
    let units = measure(values, UNITS)?;
    let mut steps = Vec::new();
    let mut exact = Exact::decimal(0, 0).ok_or(over_limit())?;
    for band in bands.iter().filter(|band| band.from < units) {
        let end = band.to.map_or(units, |to| to.min(units));
        let width = || end.exact()?.checked_sub(band.from.exact()?);
        let inside = width().ok_or(over_limit())?;
        let rate = Exact::decimal(band.price.minor_units().into(), 3).ok_or(over_limit())?;
        let part = inside.checked_mul(rate).ok_or(over_limit())?;
        exact = exact.checked_add(part).ok_or(over_limit())?;
        steps.push(Step::Slice { units: inside, from: band.from, to: band.to, rate: band.price, part });
    }
    let fee = rounded(exact, &mut steps)?;
    Ok((fee, steps))
}

fn rounded(exact: Exact, steps: &mut Vec<Step>) -> Result<Money, Refusal> {
    let fee = exact.fils_half_up().ok_or(over_limit())?;
    if fee.is_zero() {
        return Err(Refusal::AmountZero { input: "" });
    }
    if !exact.is_whole_fils() {
        steps.push(Step::Rounded { exact, fee });
    }
    Ok(fee)
}

fn worked_out(formula: &Formula, values: &Values) -> Result<(Money, Vec<Step>), Refusal> {
    let mut steps = vec![Step::Formula { text: formula.text.clone() }];
    let mut known: Vec<(&str, Exact)> = Vec::new();
    for name in &formula.inputs {
        let value = measure(values, name)?;
        let exact = value.exact().ok_or_else(|| Refusal::MeasureInvalid { input: name.clone() })?;
        known.push((name, exact));
        steps.push(Step::Input { name: name.clone(), value });
    }
    let value_of = |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let (exact, worked) = formula.evaluate(value_of).map_err(|error| Refusal::FormulaFailed { error })?;
    steps.extend(worked.into_iter().map(Step::Worked));
    if exact.is_negative() {
        return Err(Refusal::FormulaNegative { result: exact });
    }
    let fee = rounded(exact, &mut steps)?;
    Ok((fee, steps))
}

fn given(values: &Values) -> Result<(Money, Vec<Step>), Refusal> {
    let fee = input::amount(value(values, AMOUNT)?).map_err(|error| match error {
        NotAmount::Text => Refusal::AmountText,
        NotAmount::Decimals => Refusal::AmountDecimals,
        NotAmount::Negative => Refusal::AmountNegative,
        NotAmount::Zero => Refusal::AmountZero { input: AMOUNT },
        NotAmount::OverLimit => Refusal::AmountOverLimit { input: AMOUNT },
    })?;
    Ok((fee, vec![Step::Given { fee }]))
}

#[cfg(test)]
mod tests;
