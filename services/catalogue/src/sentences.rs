//! Explanations and refusals, in every language of our pages.
use std::collections::HashMap;

use boot::locale::{Lang, Texts, Value};
use money::Money;
use proto::catalogue::v1::QuoteProblem;
use proto::common::v1::LocalText;
use rust_decimal::Decimal;
use time::Date;

use crate::domain::fee::{Band, Fee};
use crate::domain::fee_service::TaxCategory;
use crate::domain::input::MAX_AMOUNT_FILS;
use crate::domain::late::{Adds, Late};
use crate::domain::price::{Refusal, Step};
use crate::domain::terms::{Reduction, Takes, Terms};
use crate::domain::vat::standard_rate;

/// Says what steps and refusals mean. One for each call: bills of one upload repeat most of their steps.
pub struct Sentences<'t> {
    texts: &'t Texts,
    said: HashMap<Step, LocalText>,
}

/// A value of a sentence: money is written in its language's way.
#[derive(Clone)]
enum Part<'p> {
    Text(&'p str),
    Owned(String),
    Money(Money),
}

impl<'t> Sentences<'t> {
    pub fn new(texts: &'t Texts) -> Sentences<'t> {
        Sentences { texts, said: HashMap::new() }
    }

    pub fn step(&mut self, step: &Step) -> LocalText {
        if let Some(said) = self.said.get(step) {
            return said.clone();
        }
        let said = self.explained(step);
        self.said.insert(step.clone(), said.clone());
        said
    }

    fn explained(&self, step: &Step) -> LocalText {
        use Part::{Money as M, Owned as O, Text as T};
        match step {
            Step::Fixed { fee } => self.say("step-fixed", &[("fee", M(*fee))]),
            Step::PerUnit { input, units, rate, fee } => self.say(
                "step-per-unit",
                &[("input", T(input)), ("units", O(units.to_string())), ("rate", M(*rate)), ("fee", M(*fee))],
            ),
            Step::Category { category, fee } => {
                self.say("step-category", &[("category", T(category)), ("fee", M(*fee))])
            }
            Step::Band { units, from, to, fee } => {
                let units = ("units", O(units.to_string()));
                let (from, fee) = (("from", O(from.to_string())), ("fee", M(*fee)));
                match to {
                    Some(to) => self.say("step-band", &[units, from, ("to", O(to.to_string())), fee]),
                    None => self.say("step-band-open", &[units, from, fee]),
                }
            }
            Step::Slice { units, from, to, rate, part } => {
                let values = [
                    ("units", O(units.to_string())),
                    ("from", O(from.to_string())),
                    ("rate", M(*rate)),
                    ("part", O(part.to_string())),
                ];
                match to {
                    Some(to) => {
                        let [units, from, rate, part] = values;
                        self.say("step-slice", &[units, from, ("to", O(to.to_string())), rate, part])
                    }
                    None => self.say("step-slice-open", &values),
                }
            }
            Step::Given { fee } => self.say("step-given", &[("fee", M(*fee))]),
            Step::Formula { text } => self.say("step-formula", &[("formula", T(text))]),
            Step::Input { name, value } => {
                self.say("step-input", &[("input", T(name)), ("value", O(value.to_string()))])
            }
            Step::Worked(worked) => self.say(
                "step-worked",
                &[("operation", T(&worked.operation)), ("result", O(worked.result.to_string()))],
            ),
            Step::Rounded { exact, fee } => {
                self.say("step-rounded", &[("exact", O(exact.to_string())), ("fee", M(*fee))])
            }
            Step::Minimum { fee } => self.say("step-minimum", &[("fee", M(*fee))]),
            Step::Maximum { fee } => self.say("step-maximum", &[("fee", M(*fee))]),
            Step::Reduced { reduction, amount, fee } => {
                self.of_reduction("step-reduced", reduction, &[("amount", M(*amount)), ("fee", M(*fee))])
            }
            Step::ServiceFee { amount } => self.say("step-service-fee", &[("amount", M(*amount))]),
            Step::OutsideVat => self.say("step-outside-vat", &[]),
            Step::Vat { percent, fee, vat } => self
                .say("step-vat", &[("percent", O(percent.to_string())), ("fee", M(*fee)), ("vat", M(*vat))]),
            Step::Total { total } => self.say("step-total", &[("total", M(*total))]),
        }
    }

    /// What a schedule says, for the public: the fee, its bounds, VAT on `day`, what is charged beside it, who pays less, what being
    /// late costs.
    pub fn terms(&mut self, terms: &Terms, day: Date) -> Vec<LocalText> {
        let beyond = &terms.beyond;
        let mut lines = self.fee(&terms.fee);
        lines.extend(beyond.minimum.map(|fee| self.step(&Step::Minimum { fee })));
        lines.extend(beyond.maximum.map(|fee| self.step(&Step::Maximum { fee })));
        lines.push(self.tax(terms.tax, day));
        if let Some(fee) = &beyond.service_fee {
            lines.push(self.step(&Step::ServiceFee { amount: fee.amount }));
            lines.extend((fee.tax != terms.tax).then(|| self.tax(fee.tax, day)));
        }
        lines.extend(beyond.reductions.iter().map(|reduction| self.less(reduction)));
        lines.extend(beyond.late.as_ref().map(|late| self.late(late)));
        let ends = beyond.expires_after_days.map(|days| [("days", Part::Owned(days.to_string()))]);
        lines.extend(ends.map(|days| self.say("price-expires", &days)));
        lines
    }

    fn fee(&self, fee: &Fee) -> Vec<LocalText> {
        use Part::{Money as M, Text as T};
        match fee {
            Fee::Fixed(fee) => vec![self.say("price-fixed", &[("fee", M(*fee))])],
            Fee::PerUnit { input, rate } => {
                vec![self.say("price-per-unit", &[("input", T(input)), ("rate", M(*rate))])]
            }
            Fee::Table(rows) => {
                let row = |(category, fee): &(String, Money)| {
                    self.say("price-category", &[("category", T(category)), ("fee", M(*fee))])
                };
                rows.iter().map(row).collect()
            }
            Fee::Tiered(bands) => bands.iter().map(|band| self.band("price-band", band)).collect(),
            Fee::Sliced(bands) => bands.iter().map(|band| self.band("price-slice", band)).collect(),
            Fee::Formula(formula) => {
                vec![self.say("step-formula", &[("formula", T(&formula.text))])]
            }
            Fee::Given => vec![self.say("price-given", &[])],
        }
    }

    fn band(&self, key: &str, band: &Band) -> LocalText {
        let (from, fee) = (("from", Part::Owned(band.from.to_string())), ("fee", Part::Money(band.price)));
        match &band.to {
            Some(to) => self.say(key, &[from, ("to", Part::Owned(to.to_string())), fee]),
            None => self.say(&format!("{key}-open"), &[from, fee]),
        }
    }

    fn tax(&mut self, tax: TaxCategory, day: Date) -> LocalText {
        match tax {
            TaxCategory::Outside => self.step(&Step::OutsideVat),
            TaxCategory::Standard => {
                let percent = standard_rate(day).normalize().to_string();
                self.say("price-vat", &[("percent", Part::Owned(percent))])
            }
        }
    }

    /// Who pays less.
    fn less(&self, reduction: &Reduction) -> LocalText {
        let (key, less) = match reduction.takes {
            Takes::Percent(percent) => ("price-less-percent", Part::Owned(percent.to_string())),
            Takes::Amount(amount) => ("price-less-amount", Part::Money(amount)),
            Takes::All => ("price-less-all", Part::Text("")),
        };
        self.of_reduction(key, reduction, &[("less", less)])
    }

    /// What happens when a bill is paid late.
    pub fn late(&self, late: &Late) -> LocalText {
        let (by, more) = match late.adds {
            Adds::BasisPoints(points) => {
                ("percent", Part::Owned(Decimal::new(points.into(), 2).normalize().to_string()))
            }
            Adds::Amount(amount) => ("amount", Part::Money(amount)),
        };
        let days = ("days", Part::Owned(late.grace_days.to_string()));
        let law = ("law", Part::Text(&late.legal_reference));
        match &late.again {
            None => self.say(&format!("late-once-{by}"), &[days, (by, more), law]),
            Some(again) => {
                let every = ("every", Part::Owned(again.every_days.to_string()));
                let maximum = ("maximum", Part::Money(again.maximum));
                self.say(&format!("late-again-{by}"), &[days, (by, more), every, maximum, law])
            }
        }
    }

    /// A sentence about a reduction, whose name is of the language of its sentence.
    fn of_reduction(&self, key: &str, reduction: &Reduction, more: &[(&str, Part<'_>)]) -> LocalText {
        let said = |lang, name: &str| {
            let own = [("name", Part::Text(name)), ("law", Part::Text(&reduction.legal_reference))];
            self.say_in(lang, key, &[&own, more].concat())
        };
        LocalText { en: said(Lang::En, &reduction.name.en), ar: said(Lang::Ar, &reduction.name.ar) }
    }

    pub fn refusal(&self, refusal: &Refusal) -> QuoteProblem {
        use Part::{Money as M, Owned as O, Text as T};
        let problem = |code: &str, input: &str, message| QuoteProblem {
            code: code.to_owned(),
            input: input.to_owned(),
            message: Some(message),
        };
        match refusal {
            Refusal::ServiceUnknown { given, suggestion } => {
                let values = [("service", T(given)), meant(suggestion.as_deref())];
                let key = either(suggestion.as_deref(), "service-unknown", "service-unknown-meant");
                problem("service_unknown", "", self.say(key, &values))
            }
            Refusal::InputMissing { input } => {
                problem("input_missing", input, self.say("input-missing", &[("input", T(input))]))
            }
            Refusal::InputUnknown { input, suggestion } => {
                let values = [("input", T(input)), meant(suggestion.as_deref())];
                let key = either(suggestion.as_deref(), "input-unknown", "input-unknown-meant");
                problem("input_unknown", input, self.say(key, &values))
            }
            Refusal::ReductionUnknown { given, suggestion } => {
                let values = [("reduction", T(given)), meant(suggestion.as_deref())];
                let key = either(suggestion.as_deref(), "reduction-unknown", "reduction-unknown-meant");
                problem("reduction_unknown", "reduction", self.say(key, &values))
            }
            Refusal::QuantityInvalid { input } => {
                problem("quantity_invalid", input, self.say("quantity-invalid", &[("input", T(input))]))
            }
            Refusal::MeasureInvalid { input } => {
                problem("quantity_invalid", input, self.say("measure-invalid", &[("input", T(input))]))
            }
            Refusal::CategoryUnknown { given, allowed, suggestion } => {
                let values = [
                    ("category", T(given)),
                    ("allowed", O(allowed.join(", "))),
                    meant(suggestion.as_deref()),
                ];
                let key = either(suggestion.as_deref(), "category-unknown", "category-unknown-meant");
                problem("category_unknown", "category", self.say(key, &values))
            }
            Refusal::AmountText => problem("amount_text", "amount", self.say("amount-text", &[])),
            Refusal::AmountDecimals => problem("amount_decimals", "amount", self.say("amount-decimals", &[])),
            Refusal::AmountNegative => problem("amount_negative", "amount", self.say("amount-negative", &[])),
            Refusal::AmountZero { input } => problem("amount_zero", input, self.say("amount-zero", &[])),
            Refusal::AmountOverLimit { input } => {
                let limit = [("limit", M(Money::fils(MAX_AMOUNT_FILS)))];
                problem("amount_over_limit", input, self.say("amount-over-limit", &limit))
            }
            Refusal::FormulaFailed { error } => {
                let values = [("reason", O(error.to_string()))];
                problem("formula_failed", "", self.say("formula-failed", &values))
            }
            Refusal::FormulaNegative { result } => {
                let values = [("result", O(result.to_string()))];
                problem("formula_failed", "", self.say("formula-negative", &values))
            }
        }
    }

    fn say(&self, key: &str, parts: &[(&str, Part<'_>)]) -> LocalText {
        LocalText { en: self.say_in(Lang::En, key, parts), ar: self.say_in(Lang::Ar, key, parts) }
    }

    fn say_in(&self, lang: Lang, key: &str, parts: &[(&str, Part<'_>)]) -> String {
        let value = |part: &Part<'_>| match part {
            Part::Text(text) => Value::from((*text).to_owned()),
            Part::Owned(text) => Value::from(text.clone()),
            Part::Money(money) => Value::from(money.page(lang.into())),
        };
        let values: Vec<(&str, Value<'_>)> = parts.iter().map(|(name, part)| (*name, value(part))).collect();
        self.texts.say(lang, key, &values)
    }
}

/// One of two sentences: plain, or with "did you mean" when there is something to mean.
fn either<'k>(suggestion: Option<&str>, plain: &'k str, meant: &'k str) -> &'k str {
    if suggestion.is_some() { meant } else { plain }
}

fn meant(suggestion: Option<&str>) -> (&'static str, Part<'_>) {
    ("suggestion", Part::Text(suggestion.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        crate::texts().unwrap().same_keys().unwrap();
    }

    #[test]
    fn a_step_is_a_sentence_with_money_in_its_languages_way() {
        let texts = crate::texts().unwrap();
        let mut sentences = Sentences::new(&texts);
        let fee = Money::fils(3_000);
        let step = Step::PerUnit { input: "pages".to_owned(), units: 12, rate: Money::fils(250), fee };
        for _ in 0..2 {
            let said = sentences.step(&step);
            assert_eq!(said.en, "pages: 12 × BHD 0.250 = BHD 3.000");
            assert_eq!(said.ar, "pages: ‏12 × 0.250 د.ب. = 3.000 د.ب.".replace('\u{200F}', ""));
        }
        let problem = sentences.refusal(&Refusal::AmountOverLimit { input: "amount" });
        assert_eq!((problem.code.as_str(), problem.input.as_str()), ("amount_over_limit", "amount"));
        assert!(problem.message.unwrap().en.contains("BHD 100,000.000"));
    }
}
