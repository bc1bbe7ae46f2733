//! What a bill costs more when it is paid late.

use money::Money;

use super::input::MAX_AMOUNT_FILS;
use super::terms::{MAX_TEXT, TermsError, WHOLE};

/// The longest grace, and the longest time between two penalties, in days.
pub const MAX_DAYS: i32 = 365;

/// A penalty by law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// After the due date, in which nothing happens.
    pub grace_days: i32,
    pub adds: Adds,
    /// None: once.
    pub again: Option<Again>,
    /// The article it rests on.
    pub legal_reference: String,
}

/// What one penalty comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adds {
    /// Of the agency's fee, after its reduction, in ten-thousandths; half up to one fils.
    BasisPoints(i32),
    Amount(Money),
}

/// Penalties that go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    pub every_days: i32,
    /// All together are never more.
    pub maximum: Money,
}

impl Late {
    /// Whether it can be a rule.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub fn check(&self) -> Result<(), TermsError> {
        let amount = |amount: Money| (1..=MAX_AMOUNT_FILS).contains(&amount.minor_units());
        let adds = match self.adds {
            Adds::BasisPoints(points) => (1..=WHOLE).contains(&points),
            Adds::Amount(more) => amount(more),
        };
        let again = self
            .again
            .is_none_or(|again| (1..=MAX_DAYS).contains(&again.every_days) && amount(again.maximum));
        let law = self.legal_reference.trim();
        if !(0..=MAX_DAYS).contains(&self.grace_days) {
            Err(TermsError::Late("grace_days must be 0 to 365"))
        } else if !adds {
            Err(TermsError::Late(
                "write 1 to 10000 basis points, 100 of which are one percent, or an amount above zero",
            ))
        } else if !again {
            Err(TermsError::Late(
                "every_days must be 1 to 365, and the maximum above zero and at most 100000.000",
            ))
        } else if law.is_empty() || law.chars().count() > MAX_TEXT {
            Err(TermsError::Late("name the article it rests on, in at most 200 characters"))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_says_what_to_write() {
        let good = Late {
            grace_days: 30,
            adds: Adds::BasisPoints(500),
            again: Some(Again { every_days: 30, maximum: Money::fils(50_000) }),
            legal_reference: "Law 3 of 2020, article 9".to_owned(),
        };
        assert_eq!(good.check(), Ok(()));
        let again = |every_days, maximum| Some(Again { every_days, maximum: Money::fils(maximum) });
        for (wrong, said) in [
            (Late { grace_days: 366, ..good.clone() }, "grace_days"),
            (Late { adds: Adds::BasisPoints(10_001), ..good.clone() }, "basis points"),
            (Late { adds: Adds::Amount(Money::fils(0)), ..good.clone() }, "an amount above zero"),
            (Late { again: again(0, 1), ..good.clone() }, "every_days"),
            (Late { again: again(30, 0), ..good.clone() }, "maximum above zero"),
            (Late { legal_reference: " ".to_owned(), ..good.clone() }, "the article"),
        ] {
            let error = wrong.check().unwrap_err();
            assert_eq!(error.field(), "terms.late");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
