//! What an agency charges for, as far as a row of a file must know it.

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LocalText {
    pub en: String,
    pub ar: String,
}

/// A fee service of the agency.
#[derive(Clone, Debug)]
pub struct FeeService {
    pub code: String,
    pub name: LocalText,
    pub inputs: Vec<Input>,
}

/// One thing its price depends on.
#[derive(Clone, Debug)]
pub struct Input {
    /// The column of an upload, such as `pages`.
    pub name: String,
    pub kind: InputKind,
}

/// What may stand in an input's cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A whole number above 0.
    Quantity,
    /// A decimal of at most three places.
    Measure,
    /// One of these.
    Category(Vec<String>),
    /// Money stated by the agency.
    Amount,
}

/// A price as the catalogue gave it, in fils of BHD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub fee_fils: i64,
    pub vat_fils: i64,
    pub total_fils: i64,
    pub steps: Vec<LocalText>,
    pub schedule_version: i32,
    pub reduced: Reduced,
}

/// What a reduction took off the fee; nothing, with an empty code, when none was claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reduced {
    /// The reason code of the fee schedule.
    pub code: String,
    pub fils: i64,
}
