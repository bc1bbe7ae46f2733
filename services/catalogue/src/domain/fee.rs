//! A fee as its author writes it: `fixed:5.000`, `per_unit:pages*0.250`, `table:adult=12.000;minor=8.500`,
//! `tiered:0-100=10.000;100-=35.000`, `sliced:0-100=0.010;100-=0.025`, `formula:max(0.500, rent*0.10)`, `given`.

use money::{Currency, Money};

use super::formula::{Formula, FormulaError};
use super::input::{self, AMOUNT, CATEGORY, Input, InputKind, MAX_AMOUNT_FILS, Measure, UNITS, is_name};
use super::similar;

/// The kinds, as they are written.
const KINDS: [&str; 7] = ["fixed", "per_unit", "table", "tiered", "sliced", "formula", "given"];
/// Rows of a table, bands of a tiered fee, slices of a sliced one.
const MAX_ROWS: usize = 100;
/// The longest fee, in characters.
pub const MAX_LENGTH: usize = 4_000;

/// What a service costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fee {
    Fixed(Money),
    /// `rate` for each of `input`.
    PerUnit {
        input: String,
        rate: Money,
    },
    /// A price for each category.
    Table(Vec<(String, Money)>),
    /// The whole price of the band the units fall into; without gaps, from 0 and without end.
    Tiered(Vec<Band>),
    /// In each band, its price for each unit that falls into it; without gaps, from 0 and without end.
    Sliced(Vec<Band>),
    Formula(Formula),
    /// The agency states the amount of each bill.
    Given,
}

/// From `from`, which is inside, to `to`, which is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    pub from: Measure,
    /// None: without end.
    pub to: Option<Measure>,
    pub price: Money,
}

/// Why a text is no fee, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    #[error("the fee is longer than {MAX_LENGTH} characters")]
    TooLong,
    #[error("`{kind}` is no kind of fee{}; use fixed, per_unit, table, tiered, sliced, formula or given", meant(*.suggestion))]
    Kind { kind: String, suggestion: Option<&'static str> },
    #[error("`given` takes nothing after it, and `{0}` stands there")]
    AfterGiven(String),
    #[error("`{0}` is no price; write dinars with three decimals, like 12.500")]
    Price(String),
    #[error("the price `{0}` is not above zero and at most 100000.000")]
    PriceRange(String),
    #[error("write per_unit:name*price, like per_unit:pages*0.250")]
    PerUnitForm,
    #[error("`{0}` is no name; use small letters, digits and _, a letter first")]
    Name(String),
    #[error("`{0}` is no row; write name=price and put ; between rows")]
    Row(String),
    #[error("the category `{0}` stands twice")]
    CategoryTwice(String),
    #[error("there are more than {MAX_ROWS} rows")]
    TooManyRows,
    #[error("`{0}` is no band; write from-to=price, the last one from-=price")]
    BandForm(String),
    #[error("the first band begins at {0}; let it begin at 0")]
    NotFromZero(Measure),
    #[error("the band from {from} ends at {to}; let it end above its beginning")]
    EmptyBand { from: Measure, to: Measure },
    #[error("nothing is priced from {from} to {to}; let the next band begin at {from}")]
    Gap { from: Measure, to: Measure },
    #[error("two bands price {from} to {to}; let the next band begin at {to}")]
    Overlap { from: Measure, to: Measure },
    #[error("the last band ends at {0}; leave its end open: {0}-=price after it, or nothing after its -")]
    Closed(Measure),
    #[error("the band without end is not the last one")]
    OpenInside,
    #[error("{0}")]
    Formula(#[from] FormulaError),
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |kind| format!(", did you mean {kind}"))
}

impl Fee {
    /// Reads the short form.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Fee, FeeError> {
        let text = text.trim();
        if text.chars().count() > MAX_LENGTH {
            return Err(FeeError::TooLong);
        }
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "fixed" => Ok(Fee::Fixed(price(rest)?)),
            "per_unit" => per_unit(rest),
            "table" => table(rest),
            "tiered" => bands(rest).map(Fee::Tiered),
            "sliced" => bands(rest).map(Fee::Sliced),
            "formula" => Ok(Fee::Formula(Formula::parse(rest)?)),
            "given" if rest.is_empty() => Ok(Fee::Given),
            "given" => Err(FeeError::AfterGiven(rest.to_owned())),
            other => Err(FeeError::Kind { kind: short(other), suggestion: similar::nearest(other, KINDS) }),
        }
    }

    /// What the price depends on.
    pub fn inputs(&self) -> Vec<Input> {
        let one = |name: &str, kind| vec![Input { name: name.to_owned(), kind }];
        match self {
            Fee::Fixed(_) => Vec::new(),
            Fee::PerUnit { input, rate: _ } => one(input, InputKind::Quantity),
            Fee::Table(rows) => {
                one(CATEGORY, InputKind::Category(rows.iter().map(|(name, _)| name.clone()).collect()))
            }
            Fee::Tiered(_) | Fee::Sliced(_) => one(UNITS, InputKind::Measure),
            Fee::Formula(formula) => {
                let measure = |name: &String| Input { name: name.clone(), kind: InputKind::Measure };
                formula.inputs.iter().map(measure).collect()
            }
            Fee::Given => one(AMOUNT, InputKind::Amount),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn price(text: &str) -> Result<Money, FeeError> {
    let text = text.trim();
    let price =
        Money::from_json_amount(text, Currency::Bhd).ok().ok_or_else(|| FeeError::Price(short(text)))?;
    if (1..=MAX_AMOUNT_FILS).contains(&price.minor_units()) {
        Ok(price)
    } else {
        Err(FeeError::PriceRange(short(text)))
    }
}

fn name(text: &str) -> Result<String, FeeError> {
    let text = text.trim();
    if is_name(text) { Ok(text.to_owned()) } else { Err(FeeError::Name(short(text))) }
}

fn per_unit(text: &str) -> Result<Fee, FeeError> {
    let (input, rate) = text.split_once('*').ok_or(FeeError::PerUnitForm)?;
    Ok(Fee::PerUnit { input: name(input)?, rate: price(rate)? })
}

fn rows(text: &str) -> Result<Vec<&str>, FeeError> {
    let rows: Vec<&str> = text.split(';').collect();
    if rows.len() > MAX_ROWS { Err(FeeError::TooManyRows) } else { Ok(rows) }
}

fn table(text: &str) -> Result<Fee, FeeError> {
    let mut table: Vec<(String, Money)> = Vec::new();
    for row in rows(text)? {
        let (category, amount) = row.split_once('=').ok_or_else(|| FeeError::Row(short(row)))?;
        let category = name(category)?;
        if table.iter().any(|(known, _)| *known == category) {
            return Err(FeeError::CategoryTwice(category));
        }
        table.push((category, price(amount)?));
    }
    Ok(Fee::Table(table))
}

fn band(row: &str) -> Result<Band, FeeError> {
    let form = || FeeError::BandForm(short(row));
    let (range, amount) = row.split_once('=').ok_or_else(form)?;
    let (from, to) = range.split_once('-').ok_or_else(form)?;
    let bound = |text: &str| input::Measure::read(text.trim()).ok_or_else(form);
    let to = if to.trim().is_empty() { None } else { Some(bound(to)?) };
    Ok(Band { from: bound(from)?, to, price: price(amount)? })
}

fn bands(text: &str) -> Result<Vec<Band>, FeeError> {
    let bands: Vec<Band> = rows(text)?.into_iter().map(band).collect::<Result<_, _>>()?;
    let mut expected = Some(Measure::ZERO);
    for band in &bands {
        let begin = expected.ok_or(FeeError::OpenInside)?;
        if band.from != begin {
            return Err(misplaced(begin, band.from));
        }
        if let Some(to) = band.to.filter(|to| *to <= band.from) {
            return Err(FeeError::EmptyBand { from: band.from, to });
        }
        expected = band.to;
    }
    match expected {
        None => Ok(bands),
        Some(end) => Err(FeeError::Closed(end)),
    }
}

fn misplaced(expected: Measure, found: Measure) -> FeeError {
    if expected == Measure::ZERO {
        FeeError::NotFromZero(found)
    } else if found > expected {
        FeeError::Gap { from: expected, to: found }
    } else {
        FeeError::Overlap { from: found, to: expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_with_what_it_depends_on() {
        let inputs = |text: &str| {
            let named = Fee::parse(text).unwrap().inputs();
            named.into_iter().map(|input| (input.name, input.kind)).collect::<Vec<_>>()
        };
        assert_eq!(inputs("fixed:5.000"), []);
        assert_eq!(inputs("per_unit:pages*0.250"), [("pages".to_owned(), InputKind::Quantity)]);
        let categories = InputKind::Category(vec!["adult".to_owned(), "minor".to_owned()]);
        assert_eq!(inputs("table:adult=12.000;minor=8.500"), [("category".to_owned(), categories)]);
        assert_eq!(inputs("tiered:0-100=10.000;100-=35.000"), [("units".to_owned(), InputKind::Measure)]);
        assert_eq!(inputs("sliced:0-100=0.010;100-=0.025"), [("units".to_owned(), InputKind::Measure)]);
        assert_eq!(
            inputs("formula:a*b+a"),
            [("a".to_owned(), InputKind::Measure), ("b".to_owned(), InputKind::Measure)]
        );
        assert_eq!(inputs("given"), [("amount".to_owned(), InputKind::Amount)]);
    }

    #[test]
    fn each_mistake_says_what_to_write() {
        for (text, said) in [
            (
                "fixd:5.000",
                "`fixd` is no kind of fee, did you mean fixed; use fixed, per_unit, table, tiered, sliced, formula or given",
            ),
            ("fixed:5", "`5` is no price; write dinars with three decimals, like 12.500"),
            ("fixed:0.000", "the price `0.000` is not above zero and at most 100000.000"),
            ("fixed:-1.000", "the price `-1.000` is not above zero and at most 100000.000"),
            ("per_unit:0.250", "write per_unit:name*price, like per_unit:pages*0.250"),
            ("per_unit:Pages*0.250", "`Pages` is no name; use small letters, digits and _, a letter first"),
            ("table:adult", "`adult` is no row; write name=price and put ; between rows"),
            ("table:a=1.000;a=2.000", "the category `a` stands twice"),
            ("tiered:5-=1.000", "the first band begins at 5; let it begin at 0"),
            (
                "tiered:0-100=1.000;150-=2.000",
                "nothing is priced from 100 to 150; let the next band begin at 100",
            ),
            ("tiered:0-100=1.000;50-=2.000", "two bands price 50 to 100; let the next band begin at 100"),
            ("tiered:0-0=1.000;0-=2.000", "the band from 0 ends at 0; let it end above its beginning"),
            ("tiered:0-=1.000;100-=2.000", "the band without end is not the last one"),
            ("tiered:0=1.000", "`0=1.000` is no band; write from-to=price, the last one from-=price"),
            ("formula:max(1, x", "character 4: the parenthesis opened here is not closed; add `)`"),
            ("given:5.000", "`given` takes nothing after it, and `5.000` stands there"),
        ] {
            assert_eq!(Fee::parse(text).unwrap_err().to_string(), said, "{text}");
        }
        assert!(matches!(Fee::parse("tiered:0-100=1.000"), Err(FeeError::Closed(_))));
    }
}
