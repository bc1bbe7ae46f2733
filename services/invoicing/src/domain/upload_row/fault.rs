//! What can be wrong with a cell.

use std::collections::BTreeMap;

/// Makes the codes, their words and the list of all from one table.
macro_rules! codes {
    ($($name:ident = $word:literal),* $(,)?) => {
        /// What is wrong with a cell. The words are public and stand in the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($name),* }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The public word.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => $word),* }
            }
        }
    };
}

codes! {
    AmountOverLimit = "amount_over_limit",
    AmountDecimals = "amount_decimals",
    AmountNegative = "amount_negative",
    AmountZero = "amount_zero",
    AmountText = "amount_text",
    ReferenceDuplicate = "reference_duplicate",
    ReferenceMissing = "reference_missing",
    ReferenceInvalid = "reference_invalid",
    CprLength = "cpr_length",
    CprMissing = "cpr_missing",
    PhoneInvalid = "phone_invalid",
    EmailInvalid = "email_invalid",
    LanguageUnknown = "language_unknown",
    ServiceUnknown = "service_unknown",
    DueDateInvalid = "due_date_invalid",
    DueDatePast = "due_date_past",
    CardNumberInText = "card_number_in_text",
    ColumnCount = "column_count",
    QuantityInvalid = "quantity_invalid",
    CategoryUnknown = "category_unknown",
    CellError = "cell_error",
    NameMissing = "name_missing",
    TextTooLong = "text_too_long",
    InputMissing = "input_missing",
    InputUnknown = "input_unknown",
    FormulaFailed = "formula_failed",
    ReductionUnknown = "reduction_unknown",
    ReductionLeavesNothing = "reduction_leaves_nothing",
    InstalmentsCount = "instalments_count",
    InstalmentsOrder = "instalments_order",
    InstalmentsSum = "instalments_sum",
    InstalmentsEnd = "instalments_end",
}

impl Code {
    /// The code of a public word.
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// Which cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Reference,
    Service,
    Name,
    Cpr,
    Phone,
    Email,
    Language,
    DueDate,
    Note,
    Reduction,
    /// What a price depends on, by its name.
    Input(String),
    /// By its place, from 1.
    Column(usize),
    /// A plan as a whole.
    Instalments,
    /// The day of an instalment, by its place from 0.
    InstalmentDate(usize),
    /// The amount of an instalment, by its place from 0.
    InstalmentDue(usize),
}

/// A cell at fault. It holds what the sentence names, never what stands in the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub field: Field,
    pub code: Code,
    pub details: BTreeMap<&'static str, String>,
}

impl Fault {
    /// `field` is at fault.
    pub fn new(field: Field, code: Code) -> Fault {
        Fault { field, code, details: BTreeMap::new() }
    }

    /// The same, with a value for its sentence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Fault {
        self.details.insert(name, value.into());
        self
    }
}
