use std::{fmt, str::FromStr};

use crate::AmountError;

/// A currency of ISO 4217 that Mizan keeps books in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Currency {
    /// Bahraini dinar: 1 dinar is 1000 fils.
    #[serde(rename = "BHD")]
    Bhd,
}

impl Currency {
    /// The three letters: `BHD`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bhd => "BHD",
        }
    }

    /// The three digits, with leading zeros: `048`.
    pub const fn numeric(self) -> &'static str {
        match self {
            Self::Bhd => "048",
        }
    }

    /// Decimals of the major unit: 3.
    pub const fn exponent(self) -> u8 {
        match self {
            Self::Bhd => 3,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Reads the three letters, in capitals only.
impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(code: &str) -> Result<Self, AmountError> {
        if code == Self::Bhd.code() { Ok(Self::Bhd) } else { Err(AmountError::Currency) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dinar_is_048_with_three_decimals() {
        let dinar: Currency = "BHD".parse().unwrap();
        assert_eq!((dinar.numeric(), dinar.exponent(), dinar.to_string().as_str()), ("048", 3, "BHD"));
        for other in ["bhd", "USD", "", "048"] {
            assert_eq!(other.parse::<Currency>(), Err(AmountError::Currency), "{other}");
        }
    }
}
