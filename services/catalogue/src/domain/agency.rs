//! Who charges.

use ids::AgencyId;

/// A name in both languages of our pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    pub en: String,
    pub ar: String,
}

/// Who charges, and where its money goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    pub id: AgencyId,
    pub name: Name,
    pub it: It,
    pub revenue_account: String,
    pub settlement_iban: String,
}

/// How the agency works with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum It {
    /// Its own system calls the public API.
    OwnSystem,
    /// Its people work in the portal only.
    PortalOnly,
}
