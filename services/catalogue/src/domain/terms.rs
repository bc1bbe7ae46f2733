//! What a schedule says beyond its fee: the least and the most, who pays less and by which law, what is charged beside it, who
//! receives a part of it, and whether VAT is due.

use money::{Money, rounding};
use rust_decimal::Decimal;

use super::agency::Name;
use super::fee::{Fee, FeeError};
use super::fee_service::TaxCategory;
use super::input::{MAX_AMOUNT_FILS, is_name};
use super::late::Late;
use super::similar;

/// Reductions of one schedule.
pub const MAX_REDUCTIONS: usize = 50;
/// Receivers beside the agency; with it, as many as one payment order of the treasury has lines for.
pub const MAX_SPLITS: usize = 4;
/// The longest code of a receiver, in characters.
pub const MAX_BENEFICIARY: usize = 32;
/// The whole, in basis points.
pub const WHOLE: i32 = 10_000;
/// The longest that a bill can be paid after its due date, where that ends at all, in days.
pub const MAX_EXPIRY_DAYS: i32 = 3_650;
/// The longest name or law, in characters.
pub const MAX_TEXT: usize = 200;

/// The terms of a schedule, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The fee as its author wrote it.
    pub text: String,
    pub fee: Fee,
    pub tax: TaxCategory,
    pub beyond: Beyond,
}

/// What a schedule may say beyond its fee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// The fee is never less, before any reduction.
    pub minimum: Option<Money>,
    /// The fee is never more.
    pub maximum: Option<Money>,
    pub reductions: Vec<Reduction>,
    /// What each bill costs beside the agency's fee. No reduction touches it.
    pub service_fee: Option<ServiceFee>,
    /// Who gets a part of the fee; the rest is the agency's.
    pub splits: Vec<Split>,
    /// What a bill costs more when it is paid late.
    pub late: Option<Late>,
    /// A bill that nobody has paid ends so long after its due date; none: it never does.
    pub expires_after_days: Option<i32>,
}

/// For the handling of a bill, apart from what the agency charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFee {
    pub amount: Money,
    pub tax: TaxCategory,
    /// Who gets it, its VAT included; none: the agency.
    pub beneficiary: Option<String>,
}

/// A receiver's part of the fee, after its reduction and before VAT, which the agency accounts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub beneficiary: String,
    /// Of [`WHOLE`].
    pub basis_points: i32,
}

/// Who pays less, and by which law.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// The reason code, as it stands on the invoice: `retired`.
    pub code: String,
    pub name: Name,
    /// The article it rests on.
    pub legal_reference: String,
    pub takes: Takes,
}

/// How much a reduction takes off the fee; never more than the fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Takes {
    /// Of 1 to 99 %, half up to one fils.
    Percent(i32),
    Amount(Money),
    /// The whole fee: an exemption.
    All,
}

/// Why terms are refused: where, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    #[error("fee: {0}")]
    Fee(#[from] FeeError),
    #[error("{what}: write dinars above zero and at most 100000.000")]
    Bound { what: &'static str },
    #[error("minimum: it is above the maximum; exchange them, or leave one out")]
    BoundsCrossed,
    #[error("reductions: there are more than {MAX_REDUCTIONS}")]
    TooManyReductions,
    #[error("reductions: `{0}` is no code; use small letters, digits and _, a letter first")]
    Code(String),
    #[error("reductions: the code `{0}` stands twice")]
    CodeTwice(String),
    #[error("reductions: `{code}` has no {what}, or one above {MAX_TEXT} characters")]
    Text { code: String, what: &'static str },
    #[error("reductions: `{0}` must take 1 to 99 percent, an amount above zero, or all")]
    Takes(String),
    #[error(
        "{field}: `{code}` is no receiver; use 1 to {MAX_BENEFICIARY} capital letters, digits and -, a letter first"
    )]
    Beneficiary { field: &'static str, code: String },
    #[error("splits: `{0}` stands twice")]
    BeneficiaryTwice(String),
    #[error("splits: there are more than {MAX_SPLITS}")]
    TooManySplits,
    #[error("splits: `{0}` gets no part; write 1 to 9999 basis points, 100 of which are one percent")]
    SplitPart(String),
    #[error("late: {0}")]
    Late(&'static str),
    #[error("expires_after_days: write 1 to {MAX_EXPIRY_DAYS}, or leave it out")]
    Expiry,
    #[error("splits: they take {sum} of 10000 basis points; leave the agency at least one")]
    SplitSum { sum: i32 },
}

impl TermsError {
    /// The field of the message at fault.
    pub fn field(&self) -> &'static str {
        match self {
            TermsError::Fee(_) => "terms.fee",
            TermsError::Bound { what } => what,
            TermsError::BoundsCrossed => "terms.minimum",
            TermsError::TooManyReductions
            | TermsError::Code(_)
            | TermsError::CodeTwice(_)
            | TermsError::Text { .. }
            | TermsError::Takes(_) => "terms.reductions",
            TermsError::Beneficiary { field, .. } => field,
            TermsError::Late(_) => "terms.late",
            TermsError::Expiry => "terms.expires_after_days",
            TermsError::BeneficiaryTwice(_)
            | TermsError::TooManySplits
            | TermsError::SplitPart(_)
            | TermsError::SplitSum { .. } => "terms.splits",
        }
    }
}

impl Terms {
    /// A fee and nothing more.
    ///
    /// # Errors
    /// The text is no fee.
    pub fn of_fee(text: &str, tax: TaxCategory) -> Result<Terms, FeeError> {
        let text = text.trim().to_owned();
        let fee = Fee::parse(&text)?;
        Ok(Terms { text, fee, tax, beyond: Beyond::default() })
    }

    /// With what it says beyond.
    ///
    /// # Errors
    /// What is wrong, where, and what to write.
    pub fn with(self, beyond: Beyond) -> Result<Terms, TermsError> {
        beyond.check()?;
        Ok(Terms { beyond, ..self })
    }

    /// The reduction of a code; else the code that was probably meant.
    ///
    /// # Errors
    /// There is none with this code.
    pub fn reduction(&self, code: &str) -> Result<&Reduction, Option<String>> {
        let reductions = &self.beyond.reductions;
        let known = reductions.iter().find(|reduction| reduction.code == code);
        known.ok_or_else(|| {
            let codes = reductions.iter().map(|reduction| reduction.code.as_str());
            similar::nearest(code, codes).map(str::to_owned)
        })
    }
}

impl Beyond {
    fn check(&self) -> Result<(), TermsError> {
        let service_fee = self.service_fee.as_ref().map(|fee| fee.amount);
        let amounts = [
            ("terms.minimum", self.minimum),
            ("terms.maximum", self.maximum),
            ("terms.service_fee", service_fee),
        ];
        for (what, amount) in amounts {
            if amount.is_some_and(|amount| !(1..=MAX_AMOUNT_FILS).contains(&amount.minor_units())) {
                return Err(TermsError::Bound { what });
            }
        }
        if let (Some(minimum), Some(maximum)) = (self.minimum, self.maximum)
            && minimum.minor_units() > maximum.minor_units()
        {
            return Err(TermsError::BoundsCrossed);
        }
        if let Some(code) = self.service_fee.as_ref().and_then(|fee| fee.beneficiary.as_ref()) {
            check_beneficiary("terms.service_fee", code)?;
        }
        self.late.as_ref().map_or(Ok(()), Late::check)?;
        if self.expires_after_days.is_some_and(|days| !(1..=MAX_EXPIRY_DAYS).contains(&days)) {
            return Err(TermsError::Expiry);
        }
        self.check_reductions()?;
        self.check_splits()
    }

    fn check_reductions(&self) -> Result<(), TermsError> {
        if self.reductions.len() > MAX_REDUCTIONS {
            return Err(TermsError::TooManyReductions);
        }
        for (at, reduction) in self.reductions.iter().enumerate() {
            reduction.check()?;
            if self.reductions.iter().take(at).any(|known| known.code == reduction.code) {
                return Err(TermsError::CodeTwice(reduction.code.clone()));
            }
        }
        Ok(())
    }

    fn check_splits(&self) -> Result<(), TermsError> {
        if self.splits.len() > MAX_SPLITS {
            return Err(TermsError::TooManySplits);
        }
        let mut sum = 0_i32;
        for (at, split) in self.splits.iter().enumerate() {
            check_beneficiary("terms.splits", &split.beneficiary)?;
            if self.splits.iter().take(at).any(|known| known.beneficiary == split.beneficiary) {
                return Err(TermsError::BeneficiaryTwice(split.beneficiary.clone()));
            }
            if !(1..WHOLE).contains(&split.basis_points) {
                return Err(TermsError::SplitPart(split.beneficiary.clone()));
            }
            sum = sum.saturating_add(split.basis_points);
        }
        if sum < WHOLE { Ok(()) } else { Err(TermsError::SplitSum { sum }) }
    }
}

fn check_beneficiary(field: &'static str, code: &str) -> Result<(), TermsError> {
    let fits = |(at, letter): (usize, char)| {
        letter.is_ascii_uppercase() || (at > 0 && (letter.is_ascii_digit() || letter == '-'))
    };
    if (1..=MAX_BENEFICIARY).contains(&code.len()) && code.chars().enumerate().all(fits) {
        return Ok(());
    }
    Err(TermsError::Beneficiary { field, code: code.chars().take(40).collect() })
}

impl Reduction {
    fn check(&self) -> Result<(), TermsError> {
        let code = &self.code;
        if !is_name(code) {
            return Err(TermsError::Code(code.chars().take(40).collect()));
        }
        let texts = [
            ("name.en", &self.name.en),
            ("name.ar", &self.name.ar),
            ("legal_reference", &self.legal_reference),
        ];
        for (what, text) in texts {
            if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
                return Err(TermsError::Text { code: code.clone(), what });
            }
        }
        let fits = match self.takes {
            Takes::Percent(percent) => (1..=99).contains(&percent),
            Takes::Amount(amount) => (1..=MAX_AMOUNT_FILS).contains(&amount.minor_units()),
            Takes::All => true,
        };
        if fits { Ok(()) } else { Err(TermsError::Takes(code.clone())) }
    }

    /// What it takes off `fee`.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn of(&self, fee: Money) -> Result<Money, money::Error> {
        let taken = match self.takes {
            Takes::Percent(percent) => rounding::percent_half_up(fee, Decimal::from(percent))?,
            Takes::Amount(amount) => amount,
            Takes::All => fee,
        };
        Ok(if taken.exceeds(fee)? { fee } else { taken })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduction(code: &str, takes: Takes) -> Reduction {
        let name = Name { en: "Retired".to_owned(), ar: "متقاعد".to_owned() };
        Reduction {
            code: code.to_owned(),
            name,
            legal_reference: "Law 3 of 2020, article 5".to_owned(),
            takes,
        }
    }

    fn terms(fee: &str) -> Terms {
        Terms::of_fee(fee, TaxCategory::Outside).unwrap()
    }

    #[test]
    fn each_mistake_says_where_it_is_and_what_to_write() {
        let fils = |fils| Some(Money::fils(fils));
        let with = |minimum, maximum, reductions| {
            let beyond = Beyond { minimum, maximum, reductions, ..Beyond::default() };
            terms("given").with(beyond).unwrap_err()
        };
        let nameless = Reduction { legal_reference: " ".to_owned(), ..reduction("retired", Takes::All) };
        for (error, field, said) in [
            (with(fils(0), None, vec![]), "terms.minimum", "write dinars above zero"),
            (with(None, fils(100_000_001), vec![]), "terms.maximum", "at most 100000.000"),
            (with(fils(2), fils(1), vec![]), "terms.minimum", "exchange them"),
            (with(None, None, vec![reduction("Retired", Takes::All)]), "terms.reductions", "small letters"),
            (
                with(None, None, vec![reduction("a", Takes::All), reduction("a", Takes::All)]),
                "terms.reductions",
                "twice",
            ),
            (with(None, None, vec![nameless]), "terms.reductions", "no legal_reference"),
            (
                with(None, None, vec![reduction("a", Takes::Percent(100))]),
                "terms.reductions",
                "1 to 99 percent",
            ),
            (
                with(None, None, vec![reduction("a", Takes::Amount(Money::fils(0)))]),
                "terms.reductions",
                "above zero",
            ),
        ] {
            assert_eq!(error.field(), field, "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn bills_end_after_some_days_or_never() {
        let with =
            |expires_after_days| terms("given").with(Beyond { expires_after_days, ..Beyond::default() });
        assert!(with(Some(1)).is_ok() && with(Some(MAX_EXPIRY_DAYS)).is_ok());
        for days in [-1, 0, MAX_EXPIRY_DAYS + 1] {
            assert_eq!(with(Some(days)).unwrap_err().field(), "terms.expires_after_days");
        }
    }

    #[test]
    fn a_reduction_never_takes_more_than_the_fee() {
        let of = |takes, fee| reduction("a", takes).of(Money::fils(fee)).unwrap().minor_units();
        assert_eq!(of(Takes::Percent(50), 5), 3, "half up");
        assert_eq!(of(Takes::Percent(99), 10_000), 9_900);
        assert_eq!(of(Takes::Amount(Money::fils(7)), 5), 5);
        assert_eq!(of(Takes::All, 10_000), 10_000);
    }

    #[test]
    fn a_code_that_is_not_there_is_answered_with_the_one_that_was_meant() {
        let reductions = vec![reduction("retired", Takes::All)];
        let terms = terms("given").with(Beyond { reductions, ..Beyond::default() }).unwrap();
        assert_eq!(terms.reduction("retird"), Err(Some("retired".to_owned())));
        assert!(terms.reduction("retired").is_ok());
    }

    #[test]
    fn receivers_are_named_once_and_leave_the_agency_a_part() {
        let split = |beneficiary: &str, basis_points| Split { beneficiary: beneficiary.into(), basis_points };
        let with = |splits| terms("given").with(Beyond { splits, ..Beyond::default() });
        for (splits, said) in [
            (vec![split("fund", 100)], "capital letters"),
            (vec![split("FUND", 100), split("FUND", 100)], "twice"),
            (vec![split("FUND", 0)], "basis points"),
            (vec![split("FUND", 9_000), split("NGO", 1_000)], "leave the agency"),
            (vec![split("A", 1), split("B", 1), split("C", 1), split("D", 1), split("E", 1)], "more than 4"),
        ] {
            let error = with(splits).unwrap_err();
            assert_eq!(error.field(), "terms.splits", "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(with(vec![split("FUND", 9_000), split("NGO-2", 999)]).is_ok());
        let service_fee = ServiceFee {
            amount: Money::fils(200),
            tax: TaxCategory::Standard,
            beneficiary: Some("?".to_owned()),
        };
        let error = terms("given").with(Beyond { service_fee: Some(service_fee), ..Beyond::default() });
        assert_eq!(error.unwrap_err().field(), "terms.service_fee");
    }
}
