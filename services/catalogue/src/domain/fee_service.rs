//! What an agency charges for.

use ids::{AgencyId, DraftId, ServiceCode};
use time::Date;

use super::agency::Name;
use super::terms::Terms;

/// A service with a fee. What it costs is in its [`Schedule`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeService {
    pub agency: AgencyId,
    pub code: ServiceCode,
    pub name: Name,
    /// What the programme says of it, and from which day on; none: only policies govern its channels.
    pub electronic_only: Option<(ElectronicOnly, Date)>,
}

/// What a service costs, for dates from `valid_from` until the next version's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From 1.
    pub version: i32,
    /// None: every date there is.
    pub valid_from: Option<Date>,
    pub terms: Terms,
    pub origin: Origin,
}

/// Where a schedule comes from. What two persons published is not changed by files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Import,
    Draft(DraftId),
}

impl Schedule {
    /// The one of `versions` in force on `date`: the newest that had begun.
    pub fn on(versions: &[Schedule], date: Date) -> Option<&Schedule> {
        let begun = versions.iter().filter(|schedule| schedule.valid_from.is_none_or(|from| from <= date));
        begun.max_by_key(|schedule| schedule.version)
    }
}

/// UNCL5305: whether VAT is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaxCategory {
    /// `O`: a fee of the state.
    Outside,
    /// `S`: the standard rate.
    Standard,
}

impl TaxCategory {
    pub const ALL: [TaxCategory; 2] = [TaxCategory::Outside, TaxCategory::Standard];

    pub fn code(self) -> &'static str {
        match self {
            TaxCategory::Outside => "O",
            TaxCategory::Standard => "S",
        }
    }

    pub fn from_code(code: &str) -> Option<TaxCategory> {
        TaxCategory::ALL.into_iter().find(|category| category.code() == code)
    }
}

/// How far cash is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectronicOnly {
    /// No cash at a counter at all.
    Full,
    /// Cash at a kiosk stays allowed.
    Partly,
}

impl ElectronicOnly {
    pub const ALL: [ElectronicOnly; 2] = [ElectronicOnly::Full, ElectronicOnly::Partly];

    pub fn word(self) -> &'static str {
        match self {
            ElectronicOnly::Full => "full",
            ElectronicOnly::Partly => "partly",
        }
    }

    pub fn from_word(word: &str) -> Option<ElectronicOnly> {
        ElectronicOnly::ALL.into_iter().find(|known| known.word() == word)
    }
}
