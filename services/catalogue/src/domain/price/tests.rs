use proptest::prelude::*;
use time::macros::date;

use super::*;

const DAY: Date = date!(2026 - 01 - 15);

fn schedule(fee: &str, tax: TaxCategory) -> Schedule {
    let parsed = Fee::parse(fee).unwrap();
    Schedule { version: 1, valid_from: None, text: fee.to_owned(), fee: parsed, tax }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Fee and VAT in fils.
fn fils(fee: &str, tax: TaxCategory, pairs: &[(&str, &str)]) -> Result<(i64, i64), Refusal> {
    let price = price(&schedule(fee, tax), &values(pairs), DAY)?;
    assert_eq!(price.total.minor_units(), price.fee.minor_units() + price.vat.minor_units());
    Ok((price.fee.minor_units(), price.vat.minor_units()))
}

#[test]
fn a_formulas_fraction_is_rounded_half_up_to_one_fils() {
    let rent = |rent| fils("formula:max(0.500, rent*0.10)", TaxCategory::Outside, &[("rent", rent)]);
    assert_eq!(rent("333.333"), Ok((33_333, 0)), "33.3333");
    assert_eq!(rent("123.455"), Ok((12_346, 0)), "12.3455 is a tie");
    assert_eq!(rent("123.454"), Ok((12_345, 0)));
    assert_eq!(rent("4.999"), Ok((500, 0)), "the least fee");
    assert_eq!(rent("0"), Ok((500, 0)));
}

#[test]
fn vat_is_half_up_on_the_line_and_follows_the_day() {
    let line = schedule("fixed:0.005", TaxCategory::Standard);
    let vat = |day| price(&line, &Values::new(), day).unwrap().vat.minor_units();
    assert_eq!((vat(DAY), vat(date!(2021 - 12 - 31)), vat(date!(2018 - 01 - 01))), (1, 0, 0));
    assert_eq!(fils("fixed:12.345", TaxCategory::Standard, &[]), Ok((12_345, 1_235)));
}

#[test]
fn a_bands_lower_bound_is_inside_it() {
    let fee = "tiered:0-100=10.000;100-500=35.000;500-=90.000";
    for (units, expected) in
        [("0", 10), ("99.999", 10), ("100", 35), ("499.999", 35), ("500", 90), ("1e9", 0)]
    {
        let priced = fils(fee, TaxCategory::Outside, &[("units", units)]).map_or(0, |(fee, _)| fee / 1_000);
        assert_eq!(priced, expected, "{units}");
    }
}

#[test]
fn each_bad_value_is_named_by_its_input() {
    let outside = |fee, pairs: &[(&str, &str)]| fils(fee, TaxCategory::Outside, pairs).unwrap_err();
    let input = "pages".to_owned();
    let pages = "per_unit:pages*0.250";
    assert_eq!(outside(pages, &[]), Refusal::InputMissing { input: input.clone() });
    for bad in ["0", "-1", "1.5", "", "x"] {
        assert_eq!(
            outside(pages, &[("pages", bad)]),
            Refusal::QuantityInvalid { input: input.clone() },
            "{bad}"
        );
    }
    let suggestion = Some(input);
    assert_eq!(
        outside(pages, &[("page", "3")]),
        Refusal::InputUnknown { input: "page".to_owned(), suggestion }
    );
    let Refusal::CategoryUnknown { given, allowed, suggestion } =
        outside("table:adult=12.000;minor=8.500", &[("category", "adlut1")])
    else {
        panic!("another refusal");
    };
    assert_eq!((given.as_str(), allowed.len(), suggestion), ("adlut1", 2, None));
    assert_eq!(outside("given", &[("amount", "abc")]), Refusal::AmountText);
    assert_eq!(outside("given", &[("amount", "1.2345")]), Refusal::AmountDecimals);
    assert_eq!(outside("given", &[("amount", "-1")]), Refusal::AmountNegative);
    assert_eq!(outside("given", &[("amount", "0.000")]), Refusal::AmountZero { input: "amount" });
    let over = Refusal::AmountOverLimit { input: "amount" };
    assert_eq!(outside("given", &[("amount", "99999999999.000")]), over);
    assert_eq!(
        fils("given", TaxCategory::Standard, &[("amount", "100000.000")]).unwrap_err(),
        over,
        "with its VAT it is above the limit"
    );
    assert_eq!(outside("per_unit:years*100.000", &[("years", "1001")]), over_limit());
    assert_eq!(outside("formula:claim*0.02", &[("claim", "0")]), Refusal::AmountZero { input: "" });
    assert!(matches!(outside("formula:1-claim", &[("claim", "2")]), Refusal::FormulaNegative { .. }));
    assert!(matches!(outside("formula:1/claim", &[("claim", "0")]), Refusal::FormulaFailed { .. }));
    assert_eq!(
        outside("formula:1+claim", &[("claim", "-2")]),
        Refusal::MeasureInvalid { input: "claim".to_owned() }
    );
}

#[test]
fn the_explanation_tells_every_step() {
    let schedule = schedule("formula:max(0.500, rent*0.10)", TaxCategory::Standard);
    let price = price(&schedule, &values(&[("rent", "123.455")]), DAY).unwrap();
    let kinds: Vec<&str> = price
        .steps
        .iter()
        .map(|step| match step {
            Step::Formula { .. } => "formula",
            Step::Input { .. } => "input",
            Step::Worked(_) => "worked",
            Step::Rounded { .. } => "rounded",
            Step::Vat { .. } => "vat",
            Step::Total { .. } => "total",
            Step::Fixed { .. }
            | Step::PerUnit { .. }
            | Step::Category { .. }
            | Step::Band { .. }
            | Step::Given { .. }
            | Step::OutsideVat => "other",
        })
        .collect();
    assert_eq!(kinds, ["formula", "input", "worked", "worked", "rounded", "vat", "total"]);
}

proptest! {
    #[test]
    fn the_same_question_has_the_same_answer(rent in 0_i64..1_000_000_000) {
        let text = format!("{}.{:03}", rent / 1_000, rent % 1_000);
        let schedule = schedule("formula:min(2000.000, 25.000+area*0.300)", TaxCategory::Standard);
        let asked = values(&[("area", &text)]);
        let first = price(&schedule, &asked, DAY).unwrap();
        prop_assert_eq!(&first, &price(&schedule, &asked, DAY).unwrap());
        prop_assert_eq!(first.total.minor_units(), first.fee.minor_units() + first.vat.minor_units());
        // By whole numbers: 25 dinars and three tenths, half up, at most 2000.
        let expected = (25_000 * 10 + rent * 3 + 5).div_euclid(10).min(2_000_000);
        prop_assert_eq!(first.fee.minor_units(), expected);
    }

    #[test]
    fn a_price_per_unit_is_linear(left in 1_i64..10_000, right in 1_i64..10_000) {
        let fee = |units: i64| {
            fils("per_unit:pages*0.250", TaxCategory::Outside, &[("pages", &units.to_string())]).unwrap().0
        };
        prop_assert_eq!(fee(left) + fee(right), fee(left + right));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[a-z0-9+*/(),. -]{0,60}") {
        if let Ok(formula) = Formula::parse(&text) {
            let known = formula.evaluate(|_| Exact::new(7, 3));
            prop_assert_eq!(known.clone(), formula.evaluate(|_| Exact::new(7, 3)));
        }
        prop_assert!(Fee::parse(&text).is_ok() || Fee::parse(&text).is_err());
    }
}
