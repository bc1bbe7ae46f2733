//! What is printed, on what.

/// A document about an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Invoice,
    /// How much, until when and how to pay.
    Notice,
    /// The same, once more.
    Reminder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    A4,
    /// 80 mm, as long as needed.
    Thermal,
}

impl Kind {
    /// Its word in a file's name and in the keys of its sentences.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Invoice => "invoice",
            Kind::Notice => "notice",
            Kind::Reminder => "reminder",
        }
    }
}
