//! What an agency charges for, as far as a row of a file must know it.

use super::late::Late;

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct LocalText {
    pub en: String,
    pub ar: String,
}

/// Who charges, as its bills name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    pub name: LocalText,
    /// 15 digits; none: it is not registered for VAT.
    pub vat_account: Option<String>,
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Price {
    pub fee_fils: i64,
    pub vat_fils: i64,
    pub total_fils: i64,
    pub steps: Vec<LocalText>,
    pub schedule_version: i32,
    pub reduced: Reduced,
    pub breakdown: Breakdown,
    /// What it costs more when it is paid late.
    pub late: Option<Late>,
    /// A bill that nobody has paid ends so many days after its due date; none: it never does.
    #[serde(default)]
    pub expires_after_days: Option<u16>,
}

/// The lines of a price, and who gets how much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Breakdown {
    /// They sum to fee and VAT. Bills of earlier releases have none: they are one line.
    pub lines: Vec<Line>,
    /// They sum to the total; empty: all is the agency's.
    pub shares: Vec<Share>,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Line {
    pub kind: LineKind,
    /// After its reduction, before VAT.
    pub net_fils: i64,
    pub tax_category: TaxCategory,
    /// `10`; `0` outside VAT.
    pub vat_percent: String,
    pub vat_fils: i64,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// What the agency charges.
    Fee,
    /// The handling of the bill.
    ServiceFee,
    /// For being late, by the law of the fee.
    Penalty,
}

/// UNCL5305: whether VAT is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum TaxCategory {
    /// Outside the scope of VAT: a fee of the state.
    O,
    /// The standard rate.
    S,
}

/// A receiver's part of what is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Share {
    /// The agency's id, or another receiver's code.
    pub beneficiary: String,
    pub due_fils: i64,
}

/// What a reduction took off the fee; nothing, with an empty code, when none was claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Reduced {
    /// The reason code of the fee schedule.
    pub code: String,
    pub fils: i64,
}
