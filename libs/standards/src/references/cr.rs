use std::fmt;

use super::{Invalid, normalised};

/// The most digits of a registration, and of its branch.
const DIGITS: usize = 8;
const BRANCH_DIGITS: usize = 3;

/// A commercial registration of Bahrain with its branch: `12345-1`. It may name one person's business: `Debug` hides it.
///
/// # Source
/// Ministry of Industry and Commerce, Sijilat: digits, a hyphen, the number of the branch. There is no check digit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cr(String);

impl Cr {
    /// Reads what people type: any digits, spaces around.
    ///
    /// # Errors
    /// `Invalid` unless there are digits, a hyphen and the branch.
    pub fn read(typed: &str) -> Result<Self, Invalid> {
        let text = normalised(typed);
        let digits = |part: &str, most| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts = text.split_once('-');
        if parts.is_some_and(|(number, branch)| digits(number, DIGITS) && digits(branch, BRANCH_DIGITS)) {
            Ok(Self(text))
        } else {
            Err(Invalid { what: "CR", expected: "digits and the branch, like 12345-1" })
        }
    }

    /// `12345-1`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cr(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_has_its_branch() {
        for (typed, is) in [("12345-1", "12345-1"), (" ١٢٣٤٥-١ ", "12345-1"), ("1-12", "1-12")] {
            assert_eq!(Cr::read(typed).unwrap().as_str(), is);
        }
        for bad in ["12345", "12345-", "-1", "123456789-1", "12345-1234", "12a45-1", "12345-1-1", ""] {
            assert!(Cr::read(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", Cr::read("12345-1").unwrap()), "Cr(…)");
    }
}
