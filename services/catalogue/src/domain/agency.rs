//! Who charges.

use ids::AgencyId;

/// A name in both languages of our pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub en: String,
    pub ar: String,
}

/// The longest name, in characters.
pub const MAX_NAME: usize = 200;

impl Name {
    /// A name that people can read in both languages.
    ///
    /// # Errors
    /// The field at fault, and what to write.
    pub fn checked(en: &str, ar: &str) -> Result<Name, (&'static str, String)> {
        for (field, text) in [("name.en", en), ("name.ar", ar)] {
            if text.trim().is_empty() || text.chars().count() > MAX_NAME {
                return Err((field, format!("Write a name of at most {MAX_NAME} characters")));
            }
        }
        Ok(Name { en: en.trim().to_owned(), ar: ar.trim().to_owned() })
    }
}

/// Who charges, and where its money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub id: AgencyId,
    pub name: Name,
    pub it: It,
    pub revenue_account: String,
    pub settlement_iban: String,
    /// 15 digits; none: it is not registered for VAT.
    pub vat_account: Option<String>,
}

/// Digits of a VAT account in Bahrain.
const VAT_ACCOUNT_DIGITS: usize = 15;

/// 1 to 20 digits.
pub fn is_revenue_account(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl Agency {
    /// Whether its accounts are some: a revenue account of 1 to 20 digits, and an IBAN of Bahrain, which comes back in its one form.
    ///
    /// # Errors
    /// The field at fault, and what to write.
    pub fn checked_accounts(revenue: &str, iban: &str) -> Result<(String, String), (&'static str, String)> {
        if !is_revenue_account(revenue) {
            return Err(("revenue_account", "Write 1 to 20 digits".to_owned()));
        }
        let iban = standards::references::bahrain_iban(iban)
            .map_err(|error| ("settlement_iban", format!("{error}; copy it from the bank's letter")))?;
        Ok((revenue.to_owned(), iban))
    }

    /// Whether it is a VAT account of Bahrain; empty: there is none.
    ///
    /// # Errors
    /// The field at fault, and what to write.
    pub fn checked_vat_account(text: &str) -> Result<Option<String>, (&'static str, String)> {
        let is_account = text.len() == VAT_ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        if !text.is_empty() && !is_account {
            return Err(("vat_account", format!("write its {VAT_ACCOUNT_DIGITS} digits, or nothing")));
        }
        Ok(Some(text.to_owned()).filter(|account| !account.is_empty()))
    }
}

/// How the agency works with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum It {
    /// Its own system calls the public API.
    OwnSystem,
    /// Its people work in the portal only.
    PortalOnly,
}
