use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::domain::agency::Name;
use crate::domain::fee_service::Origin;
use crate::domain::fee_service::TaxCategory;
use crate::domain::terms::{Beyond, ServiceFee, Split, Takes};

const DAY: Date = date!(2026 - 01 - 15);

fn schedule(fee: &str, tax: TaxCategory) -> Schedule {
    let terms = Terms::of_fee(fee, tax).unwrap();
    Schedule { version: 1, valid_from: None, terms, origin: Origin::Import }
}

fn values(pairs: &[(&str, &str)]) -> Asked {
    let values = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Asked { values, reduction: String::new() }
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
    let vat = |day| price(&line, &Asked::default(), day).unwrap().vat.minor_units();
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
fn slices_are_each_priced_by_their_own_rate_and_rounded_once() {
    let fee = "sliced:0-100=0.010;100-500=0.025;500-=0.050";
    for (units, expected) in
        [("100", 1_000), ("100.1", 1_003), ("500", 11_000), ("600", 16_000), ("0.05", 1), ("0.12", 1)]
    {
        assert_eq!(fils(fee, TaxCategory::Outside, &[("units", units)]), Ok((expected, 0)), "{units}");
    }
    assert_eq!(
        fils(fee, TaxCategory::Outside, &[("units", "0")]),
        Err(Refusal::AmountZero { input: "" }),
        "no units, no bill"
    );
}

fn split(beneficiary: &str, basis_points: i32) -> Split {
    Split { beneficiary: beneficiary.to_owned(), basis_points }
}

#[test]
fn the_service_fee_is_a_line_with_its_own_vat_and_receiver() {
    let service_fee =
        ServiceFee { amount: Money::fils(205), tax: TaxCategory::Standard, beneficiary: Some("MZN".into()) };
    let beyond =
        Beyond { service_fee: Some(service_fee), splits: vec![split("FUND", 3_333)], ..Beyond::default() };
    let mut schedule = schedule("fixed:10.000", TaxCategory::Outside);
    schedule.terms = schedule.terms.with(beyond).unwrap();
    let price = price(&schedule, &Asked::default(), DAY).unwrap();
    let nets: Vec<_> =
        price.lines.iter().map(|line| (line.net.minor_units(), line.vat.minor_units())).collect();
    assert_eq!(nets, [(10_000, 0), (205, 21)]);
    let shares: Vec<_> =
        price.shares.iter().map(|share| (share.beneficiary.as_deref(), share.due.minor_units())).collect();
    assert_eq!(shares, [(None, 6_667), (Some("FUND"), 3_333), (Some("MZN"), 226)]);
    assert_eq!(price.total, Money::fils(10_226));
}

proptest! {
    #[test]
    fn lines_and_shares_sum_to_the_total(
        fils in 1_i64..50_000_000,
        parts in proptest::collection::vec(1_i32..2_400, 0..=4),
        service in proptest::option::of(1_i64..10_000),
        (fee_tax, service_tax) in (tax(), tax()),
    ) {
        let splits = parts.iter().zip(["A", "B", "C", "D"]).map(|(part, to)| split(to, *part)).collect();
        let service_fee = service.map(|amount| {
            ServiceFee { amount: Money::fils(amount), tax: service_tax, beneficiary: Some("B".to_owned()) }
        });
        let mut schedule = schedule("given", fee_tax);
        schedule.terms = schedule.terms.with(Beyond { service_fee, splits, ..Beyond::default() }).unwrap();
        let amount = Money::fils(fils).to_json_amount();
        let price = price(&schedule, &values(&[("amount", &amount)]), DAY).unwrap();
        let lines: i64 = price.lines.iter().map(|line| line.gross().unwrap().minor_units()).sum();
        prop_assert_eq!(lines, price.total.minor_units());
        let shares: i64 = price.shares.iter().map(|share| share.due.minor_units()).sum();
        prop_assert!(price.shares.is_empty() || shares == price.total.minor_units());
    }
}

fn tax() -> impl Strategy<Value = TaxCategory> {
    prop_oneof![Just(TaxCategory::Outside), Just(TaxCategory::Standard)]
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

fn reduction(code: &str, takes: Takes) -> Reduction {
    let name = Name { en: "Retired".to_owned(), ar: "متقاعد".to_owned() };
    Reduction { code: code.to_owned(), name, legal_reference: "Law 3 of 2020".to_owned(), takes }
}

/// Ten to fifty dinars, half for some, nothing for others.
fn bounded(tax: TaxCategory) -> Schedule {
    let plain = schedule("given", tax);
    let reductions = vec![
        reduction("retired", Takes::Percent(50)),
        reduction("founder", Takes::Amount(Money::fils(12_500))),
        reduction("martyr", Takes::All),
    ];
    let bounds = (Some(Money::fils(10_000)), Some(Money::fils(50_000)));
    let terms = plain
        .terms
        .clone()
        .with(Beyond { minimum: bounds.0, maximum: bounds.1, reductions, ..Beyond::default() })
        .unwrap();
    Schedule { terms, ..plain }
}

#[test]
fn bounds_hold_before_reductions_and_vat_is_on_what_is_left() {
    let schedule = bounded(TaxCategory::Standard);
    let fils = |amount: &str, code: &str| {
        let asked = Asked { reduction: code.to_owned(), ..values(&[("amount", amount)]) };
        let price = price(&schedule, &asked, DAY).unwrap();
        (price.fee.minor_units(), price.vat.minor_units(), price.total.minor_units())
    };
    assert_eq!(fils("5.000", ""), (10_000, 1_000, 11_000), "the least");
    assert_eq!(fils("60.000", ""), (50_000, 5_000, 55_000), "the most");
    assert_eq!(fils("20.001", ""), (20_001, 2_000, 22_001));
    assert_eq!(fils("5.000", "retired"), (5_000, 500, 5_500), "half of the least");
    assert_eq!(fils("5.000", "founder"), (0, 0, 0), "never below nothing");
    assert_eq!(fils("60.000", "martyr"), (0, 0, 0));
}

#[test]
fn a_reduction_is_named_with_its_law_or_refused() {
    let schedule = bounded(TaxCategory::Outside);
    let asked = |code: &str| Asked { reduction: code.to_owned(), ..values(&[("amount", "20.000")]) };
    let price = |code: &str| price(&schedule, &asked(code), DAY);
    let reduced = price("retired").unwrap();
    let amount = Money::fils(10_000);
    assert_eq!(reduced.reduced, Some(Reduced { code: "retired".to_owned(), amount }));
    let told = Step::Reduced { reduction: reduction("retired", Takes::Percent(50)), amount, fee: amount };
    assert!(reduced.steps.contains(&told));
    let suggestion = Some("retired".to_owned());
    let refused = Refusal::ReductionUnknown { given: "retird".to_owned(), suggestion };
    assert_eq!(price("retird"), Err(refused));
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
            | Step::Minimum { .. }
            | Step::Maximum { .. }
            | Step::Reduced { .. }
            | Step::Slice { .. }
            | Step::ServiceFee { .. }
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
    fn a_price_is_never_below_zero_and_what_is_taken_off_is_told(
        amount in 1_i64..100_000_000,
        code in prop::sample::select(vec!["", "retired", "founder", "martyr"]),
    ) {
        let text = format!("{}.{:03}", amount / 1_000, amount % 1_000);
        let asked = Asked { reduction: code.to_owned(), ..values(&[("amount", &text)]) };
        let price = price(&bounded(TaxCategory::Standard), &asked, DAY).unwrap();
        let taken = price.reduced.map_or(0, |reduced| reduced.amount.minor_units());
        prop_assert_eq!(price.fee.minor_units() + taken, amount.clamp(10_000, 50_000));
        prop_assert!(!price.fee.is_negative() && !price.total.is_negative());
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
